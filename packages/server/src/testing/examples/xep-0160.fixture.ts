/** The examples of XEP-0160: Best Practices for Handling Offline Messages. */
import disco from '../../modules/disco.ts'
import messages from '../../modules/messages.ts'
import offline from '../../modules/offline/index.ts'
import presence from '../../modules/presence/index.ts'
import type { Specification } from './play.fixture.ts'

export const xep0160: Specification = {
  name: 'XEP-0160',
  version: '1.0.1',
  count: 5,
  modules: [[offline], [messages], [presence], [disco]],
  domains: ['montague.net', 'capulet.com'],
  plays: [
    {
      examples: [1, 2, 3],
      title: 'a message waits for its recipient',
      cast: { romeo: 'romeo@montague.net/orchard', juliet: 'juliet@capulet.com/balcony' },
      unknown: ['2002-09-10T23:08:25Z'],
      script: `
        # Example 1
        romeo: <message from='romeo@montague.net/orchard' to='juliet@capulet.com'>
          <body>
            O blessed, blessed night! I am afeard.
            Being in night, all this is but a dream,
            Too flattering-sweet to be substantial.
          </body>
        </message>
        > romeo: nothing
        > juliet: nothing
        # Example 2
        juliet: <presence from='juliet@capulet.com/balcony'>
          <priority>1</priority>
        </presence>
        > juliet: <presence from='juliet@capulet.com/balcony'>
          <priority>1</priority>
        </presence>
        # Example 3, where the delay has a text, too, which is optional (XEP-0203 §2)
        > juliet: <message from='romeo@montague.net/orchard' to='juliet@capulet.com'>
          <body>
            O blessed, blessed night! I am afeard.
            Being in night, all this is but a dream,
            Too flattering-sweet to be substantial.
          </body>
          <delay xmlns='urn:xmpp:delay' from='capulet.com' stamp='2002-09-10T23:08:25Z'/>
        </message>`,
    },
    {
      examples: [4, 5],
      title: 'the server says that messages wait',
      cast: { juliet: 'juliet@capulet.com/chamber' },
      script: `
        # The examples leave out id and types.
        juliet: <iq from='juliet@capulet.com/chamber' to='capulet.com' id='disco1' type='get'>
          <query xmlns='http://jabber.org/protocol/disco#info'/>
        </iq>
        > juliet: <iq from='capulet.com' to='juliet@capulet.com/chamber' id='disco1' type='result'>
          <query xmlns='http://jabber.org/protocol/disco#info'>
            ...
            <feature var='msgoffline'/>
            ...
          </query>
        </iq>`,
    },
  ],
  others: {},
}
