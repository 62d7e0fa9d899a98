/** The examples of XEP-0237: Roster Versioning. */
import roster from '../../modules/roster/index.ts'
import type { Specification } from './play.fixture.ts'

export const xep0237: Specification = {
  name: 'XEP-0237',
  version: '1.3',
  count: 5,
  modules: [[roster, { versioning: true }]],
  domains: ['montague.lit', 'shakespeare.lit'],
  plays: [
    {
      examples: [2, 3, 4],
      title: 'a roster that has not changed since, and one that has',
      cast: { romeo: 'romeo@montague.lit/home' },
      unknown: ['ver14', 'ver34', 'ah382g67'],
      script: `
        # A client without a copy asks with an empty version (§2.2).
        romeo: <iq from='romeo@montague.lit/home' id='r0' to='romeo@montague.lit' type='get'>
          <query xmlns='jabber:iq:roster' ver=''/>
        </iq>
        > romeo: <iq from='romeo@montague.lit' id='r0' to='romeo@montague.lit/home' type='result'>
          <query xmlns='jabber:iq:roster' ver='ver14'/>
        </iq>
        # Example 2
        romeo: <iq from='romeo@montague.lit/home' id='r1h3vzp7' to='romeo@montague.lit' type='get'>
          <query xmlns='jabber:iq:roster' ver='ver14'/>
        </iq>
        # Example 3
        > romeo: <iq from='romeo@montague.lit' id='r1h3vzp7' to='romeo@montague.lit/home' type='result'/>
        # Example 4: the third of its pushes
        romeo: <iq id='add' type='set'>
          <query xmlns='jabber:iq:roster'>
            <item jid='nurse@shakespeare.lit' name='Nurse'><group>Servants</group></item>
          </query>
        </iq>
        > romeo: <iq from='romeo@montague.lit' id='ah382g67' to='romeo@montague.lit/home' type='set'>
          <query xmlns='jabber:iq:roster' ver='ver34'>
            <item jid='nurse@shakespeare.lit' name='Nurse' subscription='none'>
              <group>Servants</group>
            </item>
          </query>
        </iq>
        > romeo: <iq id='add' type='result'/>`,
    },
  ],
  others: {
    'stream features: modules/roster/index.test.ts': [1],
    'a roster that has changed comes as a whole, not as pushes, which is the choice of a server (§2.3)': [5],
  },
}
