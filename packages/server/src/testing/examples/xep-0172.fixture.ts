/** The examples of XEP-0172: User Nickname. */
import messages from '../../modules/messages.ts'
import presence from '../../modules/presence/index.ts'
import pubsub from '../../modules/pubsub/index.ts'
import caps from '../../modules/caps/index.ts'
import roster from '../../modules/roster/index.ts'
import type { Specification } from './play.fixture.ts'

const cast = { narrator: 'narrator@moby-dick.lit/pda', starbuck: 'starbuck@moby-dick.lit/deck' }

export const xep0172: Specification = {
  name: 'XEP-0172',
  version: '1.1',
  count: 9,
  modules: [[messages], [roster], [presence], [caps], [pubsub]],
  domains: ['moby-dick.lit'],
  plays: [
    {
      examples: [1, 3],
      title: 'a request for a subscription says the nickname',
      cast,
      script: `
        starbuck: <presence/>
        ! forget starbuck
        # Example 3
        narrator: <presence to='starbuck@moby-dick.lit' type='subscribe'>
          <nick xmlns='http://jabber.org/protocol/nick'>Ishmael</nick>
        </presence>
        > starbuck: <presence from='narrator@moby-dick.lit' to='starbuck@moby-dick.lit' type='subscribe'>
          <nick xmlns='http://jabber.org/protocol/nick'>Ishmael</nick>
        </presence>`,
    },
    {
      examples: [2],
      title: 'a request without it',
      cast,
      script: `
        starbuck: <presence/>
        ! forget starbuck
        # Example 2
        narrator: <presence to='starbuck@moby-dick.lit' type='subscribe'/>
        > starbuck: <presence from='narrator@moby-dick.lit' to='starbuck@moby-dick.lit' type='subscribe'/>`,
    },
    {
      examples: [4, 9],
      title: 'messages say it',
      cast,
      script: `
        starbuck: <presence/>
        ! forget starbuck
        # Example 4
        narrator: <message from='narrator@moby-dick.lit/pda' to='starbuck@moby-dick.lit' type='chat'>
          <body>Call me Ishmael</body>
          <nick xmlns='http://jabber.org/protocol/nick'>Ishmael</nick>
        </message>
        > starbuck: <message from='narrator@moby-dick.lit/pda' to='starbuck@moby-dick.lit' type='chat'>
          <body>Call me Ishmael</body>
          <nick xmlns='http://jabber.org/protocol/nick'>Ishmael</nick>
        </message>
        # Example 9
        narrator: <message from='narrator@moby-dick.lit/pda' to='starbuck@moby-dick.lit'>
          <nick xmlns='http://jabber.org/protocol/nick'>CallMeIshmael</nick>
        </message>
        > starbuck: <message from='narrator@moby-dick.lit/pda' to='starbuck@moby-dick.lit'>
          <nick xmlns='http://jabber.org/protocol/nick'>CallMeIshmael</nick>
        </message>`,
    },
    {
      examples: [5],
      title: 'a node has it',
      cast,
      unknown: ['itemid'],
      script: `
        # Example 5
        narrator: <iq from='narrator@moby-dick.lit/pda' type='set' id='pub1'>
          <pubsub xmlns='http://jabber.org/protocol/pubsub'>
            <publish node='http://jabber.org/protocol/nick'>
              <item>
                <nick xmlns='http://jabber.org/protocol/nick'>CallMeIshmael</nick>
              </item>
            </publish>
          </pubsub>
        </iq>
        > narrator: <iq type='result' id='pub1'>
          <pubsub xmlns='http://jabber.org/protocol/pubsub'>
            <publish node='http://jabber.org/protocol/nick'><item id='itemid'/></publish>
          </pubsub>
        </iq>`,
    },
  ],
  others: {
    'notifications are those of XEP-0163': [6],
    'a node of a service, as in XEP-0060': [7, 8],
  },
}
