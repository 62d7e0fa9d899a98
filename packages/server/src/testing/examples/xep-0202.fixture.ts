/** The examples of XEP-0202: Entity Time. Here a server answers; in the specification, a client does. */
import disco from '../../modules/disco.ts'
import time from '../../modules/time.ts'
import type { Specification } from './play.fixture.ts'

export const xep0202: Specification = {
  name: 'XEP-0202',
  version: '2.0',
  count: 4,
  modules: [[disco], [time]],
  domains: ['montague.net', 'capulet.com'],
  plays: [
    {
      examples: [1, 2, 3, 4],
      title: 'the time of a server',
      cast: { romeo: 'romeo@montague.net/orchard' },
      unknown: ['-06:00', '2006-12-19T17:58:35Z'],
      script: `
        # Examples 1 and 2
        romeo: <iq type='get' from='romeo@montague.net/orchard' to='capulet.com' id='time_1'>
          <time xmlns='urn:xmpp:time'/>
        </iq>
        > romeo: <iq type='result' from='capulet.com' to='romeo@montague.net/orchard' id='time_1'>
          <time xmlns='urn:xmpp:time'>
            <tzo>-06:00</tzo>
            <utc>2006-12-19T17:58:35Z</utc>
          </time>
        </iq>
        # Examples 3 and 4
        romeo: <iq type='get' from='romeo@montague.net/orchard' to='capulet.com' id='disco1'>
          <query xmlns='http://jabber.org/protocol/disco#info'/>
        </iq>
        > romeo: <iq type='result' from='capulet.com' to='romeo@montague.net/orchard' id='disco1'>
          <query xmlns='http://jabber.org/protocol/disco#info'>
            ...
            <feature var='urn:xmpp:time'/>
            ...
          </query>
        </iq>`,
    },
  ],
  others: {},
}
