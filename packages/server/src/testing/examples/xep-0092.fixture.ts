/** The examples of XEP-0092: Software Version. Here a server answers; in the specification, a client does. */
import disco from '../../modules/disco.ts'
import version from '../../modules/version.ts'
import type { Specification } from './play.fixture.ts'

export const xep0092: Specification = {
  name: 'XEP-0092',
  version: '1.1',
  count: 4,
  modules: [[disco], [version, { os_info: true }]],
  domains: ['montague.net', 'capulet.com', 'conference.jabber.org', 'jabber.org'],
  plays: [
    {
      examples: [1, 2],
      title: 'the version of a server',
      cast: { romeo: 'romeo@montague.net/orchard' },
      unknown: ['Exodus', '0.7.0.4', 'Windows-XP 5.01.2600'],
      script: `
        romeo: <iq type='get' from='romeo@montague.net/orchard' to='capulet.com' id='version_1'>
          <query xmlns='jabber:iq:version'/>
        </iq>
        > romeo: <iq type='result' to='romeo@montague.net/orchard' from='capulet.com' id='version_1'>
          <query xmlns='jabber:iq:version'>
            <name>Exodus</name>
            <version>0.7.0.4</version>
            <os>Windows-XP 5.01.2600</os>
          </query>
        </iq>`,
    },
    {
      examples: [3, 4],
      title: 'a server says that it tells',
      cast: { stpeter: 'stpeter@jabber.org/roundabout' },
      script: `
        # The example leaves out the type.
        stpeter: <iq type='get' from='stpeter@jabber.org/roundabout' to='conference.jabber.org' id='disco1'>
          <query xmlns='http://jabber.org/protocol/disco#info'/>
        </iq>
        > stpeter: <iq type='result' from='conference.jabber.org' to='stpeter@jabber.org/roundabout' id='disco1'>
          <query xmlns='http://jabber.org/protocol/disco#info'>
            ...
            <feature var='jabber:iq:version'/>
            ...
          </query>
        </iq>`,
    },
  ],
  others: {},
}
