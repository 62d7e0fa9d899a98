/** The examples of XEP-0084: User Avatar. */
import caps from '../../modules/caps/index.ts'
import disco from '../../modules/disco.ts'
import messages from '../../modules/messages.ts'
import presence from '../../modules/presence/index.ts'
import pubsub from '../../modules/pubsub/index.ts'
import roster from '../../modules/roster/index.ts'
import { befriended } from './befriended.fixture.ts'
import type { Specification } from './play.fixture.ts'

const cast = { juliet: 'juliet@capulet.lit/chamber', romeo: 'romeo@montague.lit/home' }
const ID = '111f4b3c50d7b0df729d299bc6f8e9ef9066971f'

const DATA = `<item id='${ID}'><data xmlns='urn:xmpp:avatar:data'>qANQR1DBwU4DX7jmYZnncm...</data></item>`
const METADATA = `<item id='${ID}'>
  <metadata xmlns='urn:xmpp:avatar:metadata'>
    <info bytes='12345' id='${ID}' height='64' type='image/png' width='64'/>
  </metadata>
</item>`
const POINTER = METADATA.replace(
  '</metadata>',
  "<pointer><x xmlns='http://example.com/virtualworlds'><game>Ancapistan</game><character>Kropotkin</character></x></pointer></metadata>",
)
const EMPTY = (id: string): string => `<item${id}><metadata xmlns='urn:xmpp:avatar:metadata'/></item>`

const publish = (
  id: string,
  node: string,
  item: string,
): string => `<iq type='set' from='juliet@capulet.lit/chamber' id='${id}'>
  <pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:xmpp:avatar:${node}'>${item}</publish></pubsub>
</iq>`

/** XEP-0060 §7.1.2: the server says the id of the item, which the examples leave out. */
const published = (
  id: string,
  node: string,
  item: string,
): string => `<iq type='result' to='juliet@capulet.lit/chamber' id='${id}'>
  <pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:xmpp:avatar:${node}'><item id='${item}'/></publish></pubsub>
</iq>`

/** XEP-0163 §4.3: notifications are headlines with an id; the publishing resource is not told. */
const event = (
  id: string,
  item: string,
): string => `<message to='romeo@montague.lit/home' from='juliet@capulet.lit' type='headline' id='${id}'>
  <event xmlns='http://jabber.org/protocol/pubsub#event'><items node='urn:xmpp:avatar:metadata'>${item}</items></event>
</message>`

const interested = `${befriended(['juliet', 'juliet@capulet.lit'], ['romeo', 'romeo@montague.lit'])}
  romeo: <presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='http://client.example' ver='unknown'/></presence>
  > romeo: <presence from='romeo@montague.lit/home'>...</presence>
  > romeo: <presence from='juliet@capulet.lit/chamber'/>
  > romeo: <iq from='capulet.lit' type='get' id='disco1'>
    <query xmlns='http://jabber.org/protocol/disco#info' node='http://client.example#unknown'/>
  </iq>
  romeo: <iq to='capulet.lit' type='result' id='disco1'>
    <query xmlns='http://jabber.org/protocol/disco#info'>
      <identity category='client' type='pc'/>
      <feature var='urn:xmpp:avatar:metadata+notify'/>
    </query>
  </iq>
  ! forget juliet`

export const xep0084: Specification = {
  name: 'XEP-0084',
  version: '1.1.4',
  count: 13,
  modules: [[messages], [presence], [roster], [disco], [caps], [pubsub]],
  domains: ['capulet.lit', 'montague.lit'],
  plays: [
    {
      examples: [1, 2, 3, 5, 6, 7],
      title: 'an avatar is published, told of and retrieved',
      cast,
      unknown: ['disco1', 'message1'],
      script: `${interested}
        juliet: ${publish('publish1', 'data', DATA)}
        > juliet: ${published('publish1', 'data', ID)}
        juliet: ${publish('publish2', 'metadata', METADATA)}
        > juliet: ${published('publish2', 'metadata', ID)}
        > romeo: ${event('message1', METADATA)}
        romeo: <iq type='get' from='romeo@montague.lit/home' to='juliet@capulet.lit' id='retrieve1'>
          <pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:avatar:data'><item id='${ID}'/></items></pubsub>
        </iq>
        > romeo: <iq type='result' from='juliet@capulet.lit' to='romeo@montague.lit/home' id='retrieve1'>
          <pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:avatar:data'>${DATA}</items></pubsub>
        </iq>`,
    },
    {
      examples: [8, 9, 11],
      title: 'an avatar with a pointer, and none any more',
      cast,
      unknown: ['disco1', 'message1', 'message2', 'itemid'],
      script: `${interested}
        juliet: ${publish('publish4', 'metadata', POINTER)}
        > juliet: ${published('publish4', 'metadata', ID)}
        > romeo: ${event('message1', POINTER)}
        juliet: ${publish('publish3', 'metadata', EMPTY(''))}
        > juliet: ${published('publish3', 'metadata', 'itemid')}
        > romeo: ${event('message2', EMPTY(" id='itemid'"))}`,
    },
    {
      examples: [12, 13],
      title: 'the nodes of an account',
      cast,
      unknown: ['disco1'],
      script: `${befriended(['juliet', 'juliet@capulet.lit'], ['romeo', 'romeo@montague.lit'])}
        juliet: ${publish('a', 'data', DATA)}
        juliet: ${publish('b', 'metadata', METADATA)}
        ! forget juliet
        romeo: <iq type='get' from='romeo@montague.lit/home' to='juliet@capulet.lit' id='items1'>
          <query xmlns='http://jabber.org/protocol/disco#items'/>
        </iq>
        # The resources of the account are items, too.
        > romeo: <iq type='result' from='juliet@capulet.lit' to='romeo@montague.lit/home' id='items1'>
          <query xmlns='http://jabber.org/protocol/disco#items'>
            <item jid='juliet@capulet.lit' node='urn:xmpp:avatar:data'/>
            <item jid='juliet@capulet.lit' node='urn:xmpp:avatar:metadata'/>
            ...
          </query>
        </iq>`,
    },
  ],
  others: { 'the same with other formats': [4, 10] },
}
