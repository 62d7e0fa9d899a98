/** The examples of XEP-0115: Entity Capabilities. */
import caps from '../../modules/caps/index.ts'
import disco from '../../modules/disco.ts'
import presence from '../../modules/presence/index.ts'
import type { Specification } from './play.fixture.ts'

const cast = { romeo: 'romeo@montague.lit/orchard' }

const presenceWith = (ver: string, from = ''): string => `<presence${from}>
  <c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='http://code.google.com/p/exodus' ver='${ver}'/>
</presence>`

const question = (
  id: string,
  ver: string,
): string => `<iq from='capulet.lit' to='romeo@montague.lit/orchard' id='${id}' type='get'>
  <query xmlns='http://jabber.org/protocol/disco#info' node='http://code.google.com/p/exodus#${ver}'/>
</iq>`

const VERS = ['QgayPKawpkPSDYmwT/WM94uAlu0=', '66/0NaeaBKkwk85efJTGmU47vXI='] as const
const own = " from='romeo@montague.lit/orchard'"

export const xep0115: Specification = {
  name: 'XEP-0115',
  version: '1.6.0',
  count: 9,
  modules: [[presence], [disco], [caps]],
  domains: ['capulet.lit', 'montague.lit'],
  plays: [
    {
      examples: [1, 2, 3, 4],
      title: 'the server asks for what a presence tells of, and again when that changes',
      cast,
      unknown: ['disco1', 'disco2'],
      script: `
        # Example 1
        romeo: ${presenceWith(VERS[0])}
        > romeo: ${presenceWith(VERS[0], own)}
        # Example 3, asked by the server
        > romeo: ${question('disco1', VERS[0])}
        # Example 4
        romeo: <iq from='romeo@montague.lit/orchard' id='disco1' to='capulet.lit' type='result'>
          <query xmlns='http://jabber.org/protocol/disco#info' node='http://code.google.com/p/exodus#${VERS[0]}'>
            <identity category='client' type='pc'/>
            <feature var='http://jabber.org/protocol/disco#info'/>
            <feature var='http://jabber.org/protocol/disco#items'/>
            <feature var='http://jabber.org/protocol/muc'/>
          </query>
        </iq>
        # Example 2
        romeo: ${presenceWith(VERS[1])}
        > romeo: ${presenceWith(VERS[1], own)}
        > romeo: ${question('disco2', VERS[1])}`,
    },
    {
      examples: [6, 7],
      title: 'who supports it says so',
      cast,
      script: `
        romeo: <iq from='romeo@montague.lit/orchard' id='disco2' to='capulet.lit' type='get'>
          <query xmlns='http://jabber.org/protocol/disco#info'/>
        </iq>
        > romeo: <iq from='capulet.lit' id='disco2' to='romeo@montague.lit/orchard' type='result'>
          <query xmlns='http://jabber.org/protocol/disco#info'>
            <feature var='http://jabber.org/protocol/caps'/>
            ...
          </query>
        </iq>`,
    },
  ],
  others: {
    'stream features, which the tests of the module look at': [5],
    'an optimization that is not there': [8, 9],
  },
}
