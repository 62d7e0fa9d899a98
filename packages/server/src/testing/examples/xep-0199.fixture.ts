/** The examples of XEP-0199: XMPP Ping. */
import disco from '../../modules/disco.ts'
import messages from '../../modules/messages.ts'
import ping from '../../modules/ping.ts'
import type { Specification } from './play.fixture.ts'

export const xep0199: Specification = {
  name: 'XEP-0199',
  version: '2.0.1',
  count: 17,
  modules: [
    [messages],
    [disco],
    [ping, { send_pings: true, ping_interval: 60, ping_req_timeout: 30, timeout_action: 'kill' }],
  ],
  domains: ['capulet.lit', 'montague.lit'],
  plays: [
    {
      examples: [1, 2, 3],
      title: 'the server pings a client, which has to answer, whatever it answers',
      cast: { juliet: 'juliet@capulet.lit/balcony' },
      unknown: ['s2c1', 's2c2'],
      script: `
        ! wait 60
        # Example 1
        > juliet: <iq from='capulet.lit' to='juliet@capulet.lit/balcony' id='s2c1' type='get'>
          <ping xmlns='urn:xmpp:ping'/>
        </iq>
        # Example 2
        juliet: <iq from='juliet@capulet.lit/balcony' to='capulet.lit' id='s2c1' type='result'/>
        ! wait 60
        > juliet: <iq from='capulet.lit' to='juliet@capulet.lit/balcony' id='s2c2' type='get'>
          <ping xmlns='urn:xmpp:ping'/>
        </iq>
        # Example 3
        juliet: <iq from='juliet@capulet.lit/balcony' to='capulet.lit' id='s2c2' type='error'>
          <ping xmlns='urn:xmpp:ping'/>
          <error type='cancel'>
            <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
          </error>
        </iq>
        ! wait 31
        > juliet: nothing`,
    },
    {
      examples: [4, 5, 16, 17],
      title: 'a client pings the server, which says that it answers',
      cast: { juliet: 'juliet@capulet.lit/balcony' },
      script: `
        # Examples 4 and 5
        juliet: <iq from='juliet@capulet.lit/balcony' to='capulet.lit' id='c2s1' type='get'>
          <ping xmlns='urn:xmpp:ping'/>
        </iq>
        > juliet: <iq from='capulet.lit' to='juliet@capulet.lit/balcony' id='c2s1' type='result'/>
        # Examples 16 and 17
        juliet: <iq type='get' from='juliet@capulet.lit/balcony' to='capulet.lit' id='disco1'>
          <query xmlns='http://jabber.org/protocol/disco#info'/>
        </iq>
        > juliet: <iq type='result' from='capulet.lit' to='juliet@capulet.lit/balcony' id='disco1'>
          <query xmlns='http://jabber.org/protocol/disco#info'>
            ...
            <feature var='urn:xmpp:ping'/>
            ...
          </query>
        </iq>`,
    },
    {
      examples: [10, 11, 12],
      title: 'clients ping each other',
      cast: { romeo: 'romeo@montague.lit/home', juliet: 'juliet@capulet.lit/chamber' },
      script: `
        # Examples 10 and 11
        romeo: <iq from='romeo@montague.lit/home' to='juliet@capulet.lit/chamber' type='get' id='e2e1'>
          <ping xmlns='urn:xmpp:ping'/>
        </iq>
        > juliet: <iq from='romeo@montague.lit/home' to='juliet@capulet.lit/chamber' type='get' id='e2e1'>
          <ping xmlns='urn:xmpp:ping'/>
        </iq>
        juliet: <iq from='juliet@capulet.lit/chamber' to='romeo@montague.lit/home' id='e2e1' type='result'/>
        > romeo: <iq from='juliet@capulet.lit/chamber' to='romeo@montague.lit/home' id='e2e1' type='result'/>
        # Example 12
        juliet: <iq from='juliet@capulet.lit/chamber' to='romeo@montague.lit/home' id='e2e1' type='error'>
          <ping xmlns='urn:xmpp:ping'/>
          <error type='cancel'>
            <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
          </error>
        </iq>
        > romeo: <iq from='juliet@capulet.lit/chamber' to='romeo@montague.lit/home' id='e2e1' type='error'>
          <error type='cancel'>
            <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
          </error>
        </iq>`,
    },
  ],
  others: {
    'a server without this extension': [6],
    'between servers': [7, 8, 9],
    'a component pings a client': [13, 14, 15],
  },
}
