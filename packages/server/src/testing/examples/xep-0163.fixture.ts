/** The examples of XEP-0163: Personal Eventing Protocol. */
import caps from '../../modules/caps/index.ts'
import disco from '../../modules/disco.ts'
import messages from '../../modules/messages.ts'
import presence from '../../modules/presence/index.ts'
import pubsub from '../../modules/pubsub/index.ts'
import roster from '../../modules/roster/index.ts'
import { befriended } from './befriended.fixture.ts'
import type { Specification } from './play.fixture.ts'

const cast = { juliet: 'juliet@capulet.lit/balcony', romeo: 'romeo@montague.lit/orchard' }

const TUNE = `
  <tune xmlns='http://jabber.org/protocol/tune'>
    <artist>Gerald Finzi</artist>
    <length>255</length>
    <source>Music for "Love's Labors Lost" (Suite for small orchestra)</source>
    <title>Introduction (Allegro vigoroso)</title>
    <track>1</track>
  </tune>`

const PUBLISH = `<iq from='juliet@capulet.lit/balcony' type='set' id='pub1'>
  <pubsub xmlns='http://jabber.org/protocol/pubsub'>
    <publish node='http://jabber.org/protocol/tune'>
      <item>${TUNE}</item>
    </publish>
  </pubsub>
</iq>`

/** The server gives the item an id, and says it. */
const PUBLISHED = `<iq type='result' id='pub1'>
  <pubsub xmlns='http://jabber.org/protocol/pubsub'>
    <publish node='http://jabber.org/protocol/tune'><item id='itemid'/></publish>
  </pubsub>
</iq>`

const event = (
  to: string,
  id: string,
  more = '',
): string => `<message from='juliet@capulet.lit' to='${to}' type='headline' id='${id}'>
  <event xmlns='http://jabber.org/protocol/pubsub#event'>
    <items node='http://jabber.org/protocol/tune'>
      <item id='itemid'>${TUNE}</item>
    </items>
  </event>${more}
</message>`

const PRESENCE = `<presence from='romeo@montague.lit/orchard'>
  <c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='http://www.chatopus.com' ver='zHyEOgxTrkpSdGcQKH8EFPLsriY='/>
</presence>`

const asked = (name: string, id: string): string => `
  > ${name}: <iq type='get' from='example.com' to='${name}@example.com/${name === 'romeo' ? 'orchard' : 'balcony'}' id='${id}'>
    <query xmlns='http://jabber.org/protocol/disco#info' node='http://www.chatopus.com#zHyEOgxTrkpSdGcQKH8EFPLsriY='/>
  </iq>`

const INFO = `
  <query xmlns='http://jabber.org/protocol/disco#info'>
    <identity category='client' name='Exodus 0.9.1' type='pc'/>
    <feature var='http://jabber.org/protocol/disco#info'/>
    <feature var='http://jabber.org/protocol/disco#items'/>
    <feature var='http://jabber.org/protocol/geoloc'/>
    <feature var='http://jabber.org/protocol/geoloc+notify'/>
    <feature var='http://jabber.org/protocol/tune'/>
    <feature var='http://jabber.org/protocol/tune+notify'/>
  </query>`

const friends = befriended(['juliet', 'juliet@capulet.lit'], ['romeo', 'romeo@montague.lit'])

export const xep0163: Specification = {
  name: 'XEP-0163',
  version: '1.2.2',
  count: 11,
  modules: [[messages], [presence], [roster], [disco], [caps], [pubsub]],
  domains: ['capulet.lit', 'montague.lit'],
  plays: [
    {
      examples: [1, 2, 3, 4, 5],
      title: 'those who are interested learn of an event',
      cast,
      unknown: ['tunefoo1', 'tunefoo3', 'disco123', 'disco124', 'itemid'],
      // The examples leave out the ids of items, which the server gives them.
      script: `${friends}
        # Example 4; the server asks, whoever the user is
        romeo: ${PRESENCE}
        > romeo: ${PRESENCE.replace('<presence ', "<presence to='romeo@montague.lit' ")}
        > romeo: <presence from='juliet@capulet.lit/balcony' to='romeo@montague.lit/orchard'/>
        ${asked('romeo', 'disco123')}
        ! forget juliet
        # Example 5
        romeo: <iq from='romeo@montague.lit/orchard' to='juliet@capulet.lit' type='result' id='disco123'>${INFO}</iq>
        juliet: ${PRESENCE.replace('romeo@montague.lit/orchard', 'juliet@capulet.lit/balcony')}
        ! forget romeo
        > juliet: ${PRESENCE.replaceAll('romeo@montague.lit/orchard', 'juliet@capulet.lit/balcony').replace('<presence ', "<presence to='juliet@capulet.lit' ")}
        # The hash of the example is not that of its features, so that every client is asked.
        ${asked('juliet', 'disco124')}
        juliet: <iq from='juliet@capulet.lit/balcony' to='capulet.lit' type='result' id='disco124'>${INFO}</iq>
        # Example 1
        juliet: ${PUBLISH}
        # Example 3
        > juliet: ${PUBLISHED}
        > juliet: ${event('juliet@capulet.lit/balcony', 'tunefoo3')}
        # Example 2
        > romeo: ${event('romeo@montague.lit/orchard', 'tunefoo1')}`,
    },
    {
      examples: [6, 7, 9],
      title: 'who comes later learns of the last event',
      cast,
      unknown: ['foo', 'disco123', 'itemid', '2003-12-13T23:58:37Z'],
      script: `${friends}
        # Example 6
        juliet: ${PUBLISH}
        > juliet: ${PUBLISHED}
        # Example 7
        romeo: ${PRESENCE}
        ! forget juliet
        > romeo: ${PRESENCE.replace('<presence ', "<presence to='romeo@montague.lit' ")}
        > romeo: <presence from='juliet@capulet.lit/balcony' to='romeo@montague.lit/orchard'/>
        ${asked('romeo', 'disco123')}
        romeo: <iq from='romeo@montague.lit/orchard' to='capulet.lit' type='result' id='disco123'>${INFO}</iq>
        # Example 9
        > romeo: ${event(
          'romeo@montague.lit/orchard',
          'foo',
          "<delay xmlns='urn:xmpp:delay' stamp='2003-12-13T23:58:37Z' from='juliet@capulet.lit'/>",
        )}`,
    },
    {
      examples: [10, 11],
      title: 'the server says on behalf of the account that it does',
      cast,
      script: `
        juliet: <iq from='juliet@capulet.lit/balcony' to='juliet@capulet.lit' id='disco1' type='get'>
          <query xmlns='http://jabber.org/protocol/disco#info'/>
        </iq>
        > juliet: <iq from='juliet@capulet.lit' to='juliet@capulet.lit/balcony' id='disco1' type='result'>
          <query xmlns='http://jabber.org/protocol/disco#info'>
            <identity category='account' type='registered'/>
            <identity category='pubsub' type='pep'/>
            <feature var='http://jabber.org/protocol/pubsub#access-presence'/>
            <feature var='http://jabber.org/protocol/pubsub#auto-create'/>
            <feature var='http://jabber.org/protocol/pubsub#auto-subscribe'/>
            <feature var='http://jabber.org/protocol/pubsub#config-node'/>
            <feature var='http://jabber.org/protocol/pubsub#create-and-configure'/>
            <feature var='http://jabber.org/protocol/pubsub#create-nodes'/>
            <feature var='http://jabber.org/protocol/pubsub#filtered-notifications'/>
            <feature var='http://jabber.org/protocol/pubsub#persistent-items'/>
            <feature var='http://jabber.org/protocol/pubsub#publish'/>
            <feature var='http://jabber.org/protocol/pubsub#retrieve-items'/>
            <feature var='http://jabber.org/protocol/pubsub#subscribe'/>
            ...
          </query>
        </iq>`,
    },
  ],
  others: { 'what one server says to another': [8] },
}
