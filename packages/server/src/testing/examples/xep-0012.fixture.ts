/** The examples of XEP-0012: Last Activity. */
import disco from '../../modules/disco.ts'
import last from '../../modules/last/index.ts'
import presence from '../../modules/presence/index.ts'
import roster from '../../modules/roster/index.ts'
import { befriended } from './befriended.fixture.ts'
import type { Specification } from './play.fixture.ts'

const cast = { romeo: 'romeo@montague.net/orchard', juliet: 'juliet@capulet.com/balcony' }
const friends = befriended(['romeo', 'romeo@montague.net'], ['juliet', 'juliet@capulet.com'])

export const xep0012: Specification = {
  name: 'XEP-0012',
  version: '2.0',
  count: 13,
  modules: [[roster], [presence], [disco], [last]],
  domains: ['montague.net', 'capulet.com', 'jabber.org'],
  plays: [
    {
      examples: [1, 2],
      title: 'when a contact was here',
      cast,
      script: `${friends}
        juliet: <presence/>
        juliet: <presence type='unavailable'/>
        ! lose juliet
        ! forget romeo
        ! forget juliet
        ! wait 903
        # Example 1
        romeo: <iq from='romeo@montague.net/orchard' id='last1' to='juliet@capulet.com' type='get'>
          <query xmlns='jabber:iq:last'/>
        </iq>
        # Example 2
        > romeo: <iq from='juliet@capulet.com' id='last1' to='romeo@montague.net/orchard' type='result'>
          <query xmlns='jabber:iq:last' seconds='903'/>
        </iq>`,
    },
    {
      examples: [3, 4],
      title: 'nobody else learns that',
      cast,
      script: `
        # Example 3
        romeo: <iq from='romeo@montague.net/orchard' id='last1' to='juliet@capulet.com' type='get'>
          <query xmlns='jabber:iq:last'/>
        </iq>
        # Example 4
        > romeo: <iq from='juliet@capulet.com' id='last1' to='romeo@montague.net/orchard' type='error'>
          <error type='auth'>
            <forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
          </error>
        </iq>`,
    },
    {
      examples: [5],
      title: 'and with which words the contact left',
      cast,
      script: `${friends}
        juliet: <presence/>
        juliet: <presence type='unavailable'><status>Heading Home</status></presence>
        ! lose juliet
        ! forget romeo
        ! forget juliet
        ! wait 903
        romeo: <iq from='romeo@montague.net/orchard' id='last1' to='juliet@capulet.com' type='get'>
          <query xmlns='jabber:iq:last'/>
        </iq>
        # Example 5
        > romeo: <iq from='juliet@capulet.com' id='last1' to='romeo@montague.net/orchard' type='result'>
          <query xmlns='jabber:iq:last' seconds='903'>Heading Home</query>
        </iq>`,
    },
    {
      examples: [6, 8],
      title: 'a client tells since when nobody has used it',
      cast,
      script: `${friends}
        juliet: <presence/>
        ! forget romeo
        ! forget juliet
        # Example 6
        romeo: <iq from='romeo@montague.net/orchard' id='last2' to='juliet@capulet.com/balcony' type='get'>
          <query xmlns='jabber:iq:last'/>
        </iq>
        > juliet: <iq from='romeo@montague.net/orchard' id='last2' to='juliet@capulet.com/balcony' type='get'>
          <query xmlns='jabber:iq:last'/>
        </iq>
        # Example 8
        juliet: <iq from='juliet@capulet.com/balcony' id='last2' to='romeo@montague.net/orchard' type='result'>
          <query xmlns='jabber:iq:last' seconds='123'/>
        </iq>
        > romeo: <iq from='juliet@capulet.com/balcony' id='last2' to='romeo@montague.net/orchard' type='result'>
          <query xmlns='jabber:iq:last' seconds='123'/>
        </iq>`,
    },
    {
      examples: [9],
      title: 'a client that does not tell',
      cast,
      script: `${friends}
        juliet: <presence/>
        ! forget romeo
        ! forget juliet
        romeo: <iq from='romeo@montague.net/orchard' id='last2' to='juliet@capulet.com/balcony' type='get'>
          <query xmlns='jabber:iq:last'/>
        </iq>
        > juliet: <iq from='romeo@montague.net/orchard' id='last2' to='juliet@capulet.com/balcony' type='get'>
          <query xmlns='jabber:iq:last'/>
        </iq>
        # Example 9
        juliet: <iq from='juliet@capulet.com/balcony' id='last2' to='romeo@montague.net/orchard' type='error'>
          <error type='cancel'>
            <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
          </error>
        </iq>
        > romeo: <iq from='juliet@capulet.com/balcony' id='last2' to='romeo@montague.net/orchard' type='error'>
          <error type='cancel'>
            <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
          </error>
        </iq>`,
    },
    {
      examples: [10, 11],
      title: 'since when the server runs',
      cast,
      unknown: ['123456'],
      script: `
        # Example 10
        romeo: <iq from='romeo@montague.net/orchard' id='last3' to='capulet.com' type='get'>
          <query xmlns='jabber:iq:last'/>
        </iq>
        # Example 11
        > romeo: <iq from='capulet.com' id='last3' to='romeo@montague.net/orchard' type='result'>
          <query xmlns='jabber:iq:last' seconds='123456'/>
        </iq>`,
    },
    {
      examples: [12, 13],
      title: 'the server says that it does',
      cast: { stpeter: 'stpeter@jabber.org/roundabout' },
      script: `
        # Example 12
        stpeter: <iq from='stpeter@jabber.org/roundabout' id='disco1' to='jabber.org' type='get'>
          <query xmlns='http://jabber.org/protocol/disco#info'/>
        </iq>
        # Example 13, which shows one of the features
        > stpeter: <iq from='jabber.org' id='disco1' to='stpeter@jabber.org/roundabout' type='result'>
          <query xmlns='http://jabber.org/protocol/disco#info'>
            <feature var='jabber:iq:last'/>
            ...
          </query>
        </iq>`,
    },
  ],
  others: {
    'a client keeps strangers out, as its server leaves that to it (§4)': [7],
  },
}
