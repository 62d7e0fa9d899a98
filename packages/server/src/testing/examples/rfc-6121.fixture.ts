/** Examples of RFC 6121: rosters, subscriptions, presence. The RFC does not number them; here the sections are named. */
import messages from '../../modules/messages.ts'
import presence from '../../modules/presence/index.ts'
import roster from '../../modules/roster/index.ts'
import type { Specification } from './play.fixture.ts'

const NURSE = `<iq from='juliet@example.com/balcony' id='ph1xaz53' type='set'>
          <query xmlns='jabber:iq:roster'>
            <item jid='nurse@example.com' name='Nurse'>
              <group>Servants</group>
            </item>
          </query>
        </iq>`

const get = (id: string): string => `<iq id='${id}' type='get'><query xmlns='jabber:iq:roster'/></iq>`
const EMPTY = `<query xmlns='jabber:iq:roster'/>`

export const rfc6121: Specification = {
  name: 'RFC 6121',
  version: '',
  count: 5,
  modules: [[roster], [presence], [messages]],
  domains: ['example.net'],
  plays: [
    {
      examples: [1],
      title: '§2.3: adding a roster item',
      cast: { balcony: 'juliet@example.com/balcony', chamber: 'juliet@example.com/chamber' },
      unknown: ['a78b4q6ha463', 'x81g3bdy4n19'],
      script: `
        balcony: ${get('bv1bs71f')}
        > balcony: <iq id='bv1bs71f' type='result'>${EMPTY}</iq>
        chamber: ${get('bv1bs72g')}
        > chamber: <iq id='bv1bs72g' type='result'>${EMPTY}</iq>
        # §2.3.1
        balcony: ${NURSE}
        # §2.3.2
        > balcony: <iq id='a78b4q6ha463' to='juliet@example.com/balcony' type='set'>
          <query xmlns='jabber:iq:roster'>
            <item jid='nurse@example.com' name='Nurse' subscription='none'>
              <group>Servants</group>
            </item>
          </query>
        </iq>
        > balcony: <iq id='ph1xaz53' to='juliet@example.com/balcony' type='result'/>
        > chamber: <iq id='x81g3bdy4n19' to='juliet@example.com/chamber' type='set'>
          <query xmlns='jabber:iq:roster'>
            <item jid='nurse@example.com' name='Nurse' subscription='none'>
              <group>Servants</group>
            </item>
          </query>
        </iq>`,
    },
    {
      examples: [2],
      title: '§2.5: deleting a roster item',
      cast: { balcony: 'juliet@example.com/balcony' },
      unknown: ['a78b4q6ha463'],
      script: `
        balcony: ${NURSE}
        ! forget balcony
        balcony: ${get('bv1bs71f')}
        ! forget balcony
        # §2.5.1
        balcony: <iq from='juliet@example.com/balcony' id='hm4hs97y' type='set'>
          <query xmlns='jabber:iq:roster'>
            <item jid='nurse@example.com' subscription='remove'/>
          </query>
        </iq>
        # §2.5.2
        > balcony: <iq id='a78b4q6ha463' to='juliet@example.com/balcony' type='set'>
          <query xmlns='jabber:iq:roster'>
            <item jid='nurse@example.com' subscription='remove'/>
          </query>
        </iq>
        > balcony: <iq id='hm4hs97y' to='juliet@example.com/balcony' type='result'/>`,
    },
    {
      examples: [3],
      title: '§2.5.3: an item that is not there',
      cast: { balcony: 'juliet@example.com/balcony' },
      script: `
        balcony: <iq from='juliet@example.com/balcony' id='uj4b1ca8' type='set'>
          <query xmlns='jabber:iq:roster'>
            <item jid='nurse@example.com' subscription='remove'/>
          </query>
        </iq>
        > balcony: <iq id='uj4b1ca8' to='juliet@example.com/balcony' type='error'>
          <error type='modify'>
            <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
          </error>
        </iq>`,
    },
    {
      examples: [4],
      title: '§3.1: a subscription is requested and approved',
      cast: { romeo: 'romeo@example.net/orchard', juliet: 'juliet@example.com/balcony' },
      unknown: ['b89c5r7ib574', 'a78b4q6ha463', 'b89c5r7ib576'],
      script: `
        romeo: ${get('r1')}
        juliet: ${get('j1')}
        romeo: <presence/>
        juliet: <presence/>
        ! forget romeo
        ! forget juliet
        # §3.1.1 and §3.1.2
        romeo: <presence id='xk3h1v69' to='juliet@example.com' type='subscribe'/>
        > romeo: <iq id='b89c5r7ib574' to='romeo@example.net/orchard' type='set'>
          <query xmlns='jabber:iq:roster'>
            <item ask='subscribe' jid='juliet@example.com' subscription='none'/>
          </query>
        </iq>
        # §3.1.3
        > juliet: <presence from='romeo@example.net' id='xk3h1v69' to='juliet@example.com' type='subscribe'/>
        # §3.1.4 and §3.1.5
        juliet: <presence id='h4v1c4kj' to='romeo@example.net' type='subscribed'/>
        > juliet: <iq id='a78b4q6ha463' to='juliet@example.com/balcony' type='set'>
          <query xmlns='jabber:iq:roster'>
            <item jid='romeo@example.net' subscription='from'/>
          </query>
        </iq>
        # §3.1.6
        > romeo: <presence from='juliet@example.com' id='h4v1c4kj' to='romeo@example.net' type='subscribed'/>
        > romeo: <iq id='b89c5r7ib576' to='romeo@example.net/orchard' type='set'>
          <query xmlns='jabber:iq:roster'>
            <item jid='juliet@example.com' subscription='to'/>
          </query>
        </iq>
        > romeo: <presence from='juliet@example.com/balcony' to='romeo@example.net'/>`,
    },
    {
      examples: [5],
      title: '§5.2 and §8.5.3: messages between resources',
      cast: { romeo: 'romeo@example.net/orchard', juliet: 'juliet@example.com/balcony' },
      script: `
        juliet: <message from='juliet@example.com/balcony' id='ktx72v49' to='romeo@example.net/orchard' type='chat' xml:lang='en'>
          <body>Art thou not Romeo, and a Montague?</body>
        </message>
        > romeo: <message from='juliet@example.com/balcony' id='ktx72v49' to='romeo@example.net/orchard' type='chat' xml:lang='en'>
          <body>Art thou not Romeo, and a Montague?</body>
        </message>
        romeo: <message from='romeo@example.net/orchard' id='sl3nx51f' to='juliet@example.com/balcony' type='chat' xml:lang='en'>
          <body>Neither, fair saint, if either thee dislike.</body>
        </message>
        > juliet: <message from='romeo@example.net/orchard' id='sl3nx51f' to='juliet@example.com/balcony' type='chat' xml:lang='en'>
          <body>Neither, fair saint, if either thee dislike.</body>
        </message>`,
    },
  ],
  others: {},
}
