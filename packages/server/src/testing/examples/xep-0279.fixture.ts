/** The examples of XEP-0279: Server IP Check. */
import disco from '../../modules/disco.ts'
import sic from '../../modules/sic.ts'
import type { Specification } from './play.fixture.ts'

export const xep0279: Specification = {
  name: 'XEP-0279',
  version: '0.2',
  count: 5,
  modules: [[disco], [sic]],
  domains: ['montague.lit'],
  plays: [
    {
      examples: [1, 2],
      title: 'a client asks where it connects from',
      cast: { romeo: 'romeo@montague.lit/orchard' },
      unknown: ['192.168.4.1', '12345'],
      script: `
        # Example 1
        romeo: <iq from='romeo@montague.lit/orchard' id='ik2s7159' type='get'>
          <address xmlns='urn:xmpp:sic:1'/>
        </iq>
        # Example 2, whose address is not closed
        > romeo: <iq id='ik2s7159' to='romeo@montague.lit/orchard' type='result'>
          <address xmlns='urn:xmpp:sic:1'>
            <ip>192.168.4.1</ip>
            <port>12345</port>
          </address>
        </iq>`,
    },
    {
      examples: [4, 5],
      title: 'the server says that it does',
      cast: { romeo: 'romeo@montague.lit/orchard' },
      script: `
        # Example 4
        romeo: <iq from='romeo@montague.lit/orchard' id='ux71f395' to='montague.lit' type='get'>
          <query xmlns='http://jabber.org/protocol/disco#info'/>
        </iq>
        # Example 5, which shows one of the features
        > romeo: <iq from='montague.lit' id='ux71f395' to='romeo@montague.lit/orchard' type='result'>
          <query xmlns='http://jabber.org/protocol/disco#info'>
            <feature var='urn:xmpp:sic:1'/>
            ...
          </query>
        </iq>`,
    },
  ],
  others: { 'the devices of the plays have an IPv4 address': [3] },
}
