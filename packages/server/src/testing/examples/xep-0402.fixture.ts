/** The examples of XEP-0402: PEP Native Bookmarks. */
import caps from '../../modules/caps/index.ts'
import messages from '../../modules/messages.ts'
import presence from '../../modules/presence/index.ts'
import pubsub from '../../modules/pubsub/index.ts'
import type { Specification } from './play.fixture.ts'

const OPTIONS = `<publish-options>
  <x xmlns='jabber:x:data' type='submit'>
    <field var='FORM_TYPE' type='hidden'><value>http://jabber.org/protocol/pubsub#publish-options</value></field>
    <field var='pubsub#persist_items'><value>true</value></field>
    <field var='pubsub#max_items'><value>max</value></field>
    <field var='pubsub#send_last_published_item'><value>never</value></field>
    <field var='pubsub#access_model'><value>whitelist</value></field>
  </x>
</publish-options>`

const PLAY = `<item id='theplay@conference.shakespeare.lit'>
  <conference xmlns='urn:xmpp:bookmarks:1' name='The Play&apos;s the Thing' autojoin='true'><nick>JC</nick></conference>
</item>`

const orchard = (name: string): string => `<item id='orchard@conference.shakespeare.lit'>
  <conference xmlns='urn:xmpp:bookmarks:1' name='${name}' autojoin='1'>
    <nick>JC</nick>
    <extensions><state xmlns='http://myclient.example/bookmark/state' minimized='true'/></extensions>
  </conference>
</item>`

const publish = (id: string, item: string): string => `<iq from='juliet@capulet.lit/balcony' type='set' id='${id}'>
  <pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:xmpp:bookmarks:1'>${item}</publish>${OPTIONS}</pubsub>
</iq>`

/** XEP-0060 §7.1.2: the server repeats the id, which the examples leave out. */
const published = (id: string, item: string): string => `<iq to='juliet@capulet.lit/balcony' type='result' id='${id}'>
  <pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:xmpp:bookmarks:1'><item id='${item}'/></publish></pubsub>
</iq>`

const event = (
  id: string,
  words: string,
): string => `<message from='juliet@capulet.lit' to='juliet@capulet.lit/balcony' type='headline' id='${id}'>
  <event xmlns='http://jabber.org/protocol/pubsub#event'><items node='urn:xmpp:bookmarks:1'>${words}</items></event>
</message>`

const CLIENT = `<presence>
  <c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://poez.io' ver='unknown'/>
</presence>`

const INFO = `<iq from='juliet@capulet.lit/balcony' to='capulet.lit' type='result' id='disco1'>
  <query xmlns='http://jabber.org/protocol/disco#info'>
    <identity category='client' type='pc' name='poezio'/>
    <feature var='http://jabber.org/protocol/disco#info'/>
    <feature var='urn:xmpp:bookmarks:1+notify'/>
  </query>
</iq>`

const cast = { juliet: 'juliet@capulet.lit/balcony' }

export const xep0402: Specification = {
  name: 'XEP-0402',
  version: '1.2.0',
  count: 14,
  modules: [[messages], [presence], [caps], [pubsub]],
  domains: ['capulet.lit'],
  plays: [
    {
      examples: [3, 6, 7, 10, 11, 12, 14],
      title: 'a bookmark comes and goes, and the client learns of it',
      cast,
      unknown: ['disco1', 'new-room1', 'removed-room1'],
      script: `
        juliet: ${CLIENT}
        > juliet: ${CLIENT.replace('<presence>', "<presence from='juliet@capulet.lit/balcony'>")}
        > juliet: <iq from='capulet.lit' type='get' id='disco1'>
          <query xmlns='http://jabber.org/protocol/disco#info' node='https://poez.io#unknown'/>
        </iq>
        juliet: ${INFO}
        juliet: ${publish('pip1', PLAY)}
        > juliet: ${published('pip1', 'theplay@conference.shakespeare.lit')}
        > juliet: ${event('new-room1', PLAY)}
        juliet: <iq from='juliet@capulet.lit/balcony' type='set' id='remove-bookmark1'>
          <pubsub xmlns='http://jabber.org/protocol/pubsub'>
            <retract node='urn:xmpp:bookmarks:1' notify='true'><item id='theplay@conference.shakespeare.lit'/></retract>
          </pubsub>
        </iq>
        > juliet: <iq to='juliet@capulet.lit/balcony' type='result' id='remove-bookmark1'/>
        > juliet: ${event('removed-room1', "<retract id='theplay@conference.shakespeare.lit'/>")}`,
    },
    {
      examples: [4, 5, 8, 9],
      title: 'a client reads all bookmarks and corrects one',
      cast,
      script: `
        juliet: ${publish('a', PLAY)}
        juliet: ${publish('b', orchard('The Orcard'))}
        ! forget juliet
        juliet: <iq from='juliet@capulet.lit/balcony' type='get' id='retrieve1'>
          <pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:bookmarks:1'/></pubsub>
        </iq>
        > juliet: <iq type='result' to='juliet@capulet.lit/balcony' id='retrieve1'>
          <pubsub xmlns='http://jabber.org/protocol/pubsub'>
            <items node='urn:xmpp:bookmarks:1'>${PLAY}${orchard('The Orcard')}</items>
          </pubsub>
        </iq>
        juliet: ${publish('pip2', orchard('The Orchard'))}
        > juliet: ${published('pip2', 'orchard@conference.shakespeare.lit')}`,
    },
  ],
  others: { 'elements by themselves': [1, 2], 'the same with another bookmark': [13] },
}
