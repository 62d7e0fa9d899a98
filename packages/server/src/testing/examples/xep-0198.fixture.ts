/** The examples of XEP-0198: Stream Management. */
import messages from '../../modules/messages.ts'
import offline from '../../modules/offline/index.ts'
import presence from '../../modules/presence/index.ts'
import roster from '../../modules/roster/index.ts'
import streamManagement from '../../modules/stream-management/index.ts'
import type { Specification } from './play.fixture.ts'

export const xep0198: Specification = {
  name: 'XEP-0198',
  version: '1.6.3',
  count: 31,
  modules: [
    [streamManagement, { ack: false, resume_timeout: 60, stale_h: { enabled: true } }],
    [messages],
    [presence],
    [roster],
    [offline],
  ],
  domains: ['example.net', 'montague.lit', 'capulet.lit'],
  plays: [
    {
      examples: [2, 3, 18, 19],
      title: 'a client enables stream management',
      cast: { client: 'laurence@example.net/churchyard' },
      script: `
        client: <enable xmlns='urn:xmpp:sm:3'/>
        > client: <enabled xmlns='urn:xmpp:sm:3'/>`,
    },
    {
      examples: [5, 16],
      title: 'not before a resource is bound',
      cast: { client: 'laurence@example.net/churchyard' },
      script: `
        ! newcomer other laurence
        other: <enable xmlns='urn:xmpp:sm:3'/>
        > other: <failed xmlns='urn:xmpp:sm:3'>
          <unexpected-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
        </failed>`,
    },
    {
      examples: [6],
      title: 'not more than once',
      cast: { client: 'laurence@example.net/churchyard' },
      script: `
        client: <enable xmlns='urn:xmpp:sm:3'/>
        > client: <enabled xmlns='urn:xmpp:sm:3'/>
        client: <enable xmlns='urn:xmpp:sm:3'/>
        > client: <failed xmlns='urn:xmpp:sm:3'>
          <unexpected-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
        </failed>`,
    },
    {
      examples: [7],
      title: 'simple stanza acking',
      cast: { client: 'laurence@example.net/churchyard' },
      absent: ['juliet@example.com'],
      script: `
        client: <enable xmlns='urn:xmpp:sm:3'/>
        client: <message from='laurence@example.net/churchyard' to='juliet@example.com' xml:lang='en'>
          <body>
            I'll send a friar with speed, to Mantua,
            with my letters to thy lord.
          </body>
        </message>
        > client: <enabled xmlns='urn:xmpp:sm:3'/>
        client: <r xmlns='urn:xmpp:sm:3'/>
        > client: <a xmlns='urn:xmpp:sm:3' h='1'/>`,
    },
    {
      examples: [4, 8, 9, 12, 13],
      title: 'a stream is resumed',
      cast: { client: 'laurence@example.net/churchyard' },
      unknown: ['some-long-sm-id', 'another-sequence-number'],
      script: `
        # Examples 8 and 9
        client: <enable xmlns='urn:xmpp:sm:3' resume='true'/>
        > client: <enabled xmlns='urn:xmpp:sm:3' id='some-long-sm-id' resume='true'/>
        ! lose client
        ! newcomer again laurence
        # Examples 12 and 13; the client has been sent nothing yet.
        again: <resume xmlns='urn:xmpp:sm:3' h='0' previd='some-long-sm-id'/>
        > again: <resumed xmlns='urn:xmpp:sm:3' h='another-sequence-number' previd='some-long-sm-id'/>`,
    },
    {
      examples: [14],
      title: 'a stream that timed out',
      cast: { client: 'laurence@example.net/churchyard' },
      unknown: ['some-long-sm-id', 'another-sequence-number'],
      script: `
        client: <enable xmlns='urn:xmpp:sm:3' resume='true'/>
        > client: <enabled xmlns='urn:xmpp:sm:3' id='some-long-sm-id' resume='true'/>
        ! lose client
        ! wait 61
        ! newcomer again laurence
        again: <resume xmlns='urn:xmpp:sm:3' h='0' previd='some-long-sm-id'/>
        > again: <failed xmlns='urn:xmpp:sm:3' h='another-sequence-number'>
          <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
        </failed>`,
    },
    {
      examples: [20, 21, 22, 23, 24, 25],
      title: 'both sides acknowledge',
      cast: { romeo: 'romeo@montague.lit/orchard' },
      absent: ['juliet@capulet.lit'],
      script: `
        romeo: <enable xmlns='urn:xmpp:sm:3'/>
        > romeo: <enabled xmlns='urn:xmpp:sm:3'/>
        # Example 20
        romeo: <iq id='ls72g593' type='get'>
          <query xmlns='jabber:iq:roster'/>
        </iq>
        romeo: <r xmlns='urn:xmpp:sm:3'/>
        # Example 21, without Romeo's contacts
        > romeo: <iq id='ls72g593' type='result'>
          <query xmlns='jabber:iq:roster'/>
        </iq>
        > romeo: <a xmlns='urn:xmpp:sm:3' h='1'/>
        # Example 22
        romeo: <a xmlns='urn:xmpp:sm:3' h='1'/>
        romeo: <presence/>
        romeo: <r xmlns='urn:xmpp:sm:3'/>
        # Example 23, in the other order; presence is addressed to the account (RFC 6121 §4.2.2).
        > romeo: <presence from='romeo@montague.lit/orchard' to='romeo@montague.lit'/>
        > romeo: <a xmlns='urn:xmpp:sm:3' h='2'/>
        # Example 24
        romeo: <a xmlns='urn:xmpp:sm:3' h='2'/>
        romeo: <message to='juliet@capulet.lit'>
          <body>ciao!</body>
        </message>
        romeo: <r xmlns='urn:xmpp:sm:3'/>
        # Example 25
        > romeo: <a xmlns='urn:xmpp:sm:3' h='3'/>`,
    },
    {
      examples: [26],
      title: 'an efficient session',
      cast: { romeo: 'romeo@montague.lit/orchard', juliet: 'juliet@capulet.lit/balcony' },
      script: `
        romeo: <enable xmlns='urn:xmpp:sm:3'/>
        > romeo: <enabled xmlns='urn:xmpp:sm:3'/>
        ${"romeo: <message to='juliet@capulet.lit/balcony'/>\n".repeat(5)}
        romeo: <r xmlns='urn:xmpp:sm:3'/>
        > romeo: <a xmlns='urn:xmpp:sm:3' h='5'/>
        ${"romeo: <message to='juliet@capulet.lit/balcony'/>\n".repeat(5)}
        romeo: <r xmlns='urn:xmpp:sm:3'/>
        > romeo: <a xmlns='urn:xmpp:sm:3' h='10'/>
        ! forget juliet`,
    },
  ],
  others: {
    'features and errors of streams: e2e/stream-management.test.ts': [1, 15, 17],
    'choices that this server never takes': [10, 11],
    'SASL 2 (XEP-0388)': [27, 28, 29, 30, 31],
  },
}
