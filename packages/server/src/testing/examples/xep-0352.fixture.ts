/** The examples of XEP-0352: Client State Indication. */
import csi from '../../modules/csi.ts'
import messages from '../../modules/messages.ts'
import ping from '../../modules/ping.ts'
import type { Specification } from './play.fixture.ts'

export const xep0352: Specification = {
  name: 'XEP-0352',
  version: '1.0.0',
  count: 4,
  modules: [[csi], [messages], [ping]],
  domains: ['capulet.lit', 'montague.lit'],
  plays: [
    {
      examples: [2, 3, 4],
      title: 'an inactive client, and what it is sent when it is active again',
      cast: { juliet: 'juliet@capulet.lit/balcony', romeo: 'romeo@montague.lit/orchard' },
      script: `
        # Example 2
        juliet: <inactive xmlns='urn:xmpp:csi:0'/>
        romeo: <message to='juliet@capulet.lit/balcony' type='chat'><body>Are you there?</body></message>
        > juliet: nothing
        # Examples 3 and 4, where the server's name is misspelt
        juliet: <active xmlns='urn:xmpp:csi:0'/>
        juliet: <iq to='capulet.lit' from='juliet@capulet.lit/balcony' id='ping1' type='get'>
          <ping xmlns='urn:xmpp:ping'/>
        </iq>
        > juliet: <message from='romeo@montague.lit/orchard' to='juliet@capulet.lit/balcony' type='chat'>
          <body>Are you there?</body>
        </message>
        > juliet: <iq to='juliet@capulet.lit/balcony' from='capulet.lit' id='ping1' type='result'/>`,
    },
  ],
  others: { 'stream features: modules/csi.test.ts': [1] },
}
