/** The examples of XEP-0280: Message Carbons. */
import carbons from '../../modules/carboncopy.ts'
import disco from '../../modules/disco.ts'
import messages from '../../modules/messages.ts'
import type { Specification } from './play.fixture.ts'

const ENABLE = `<iq xmlns='jabber:client' id='enable1' type='set'>
          <enable xmlns='urn:xmpp:carbons:2'/>
        </iq>`
const DONE = `<iq xmlns='jabber:client' id='enable1' type='result'/>`

const cast = {
  garden: 'romeo@montague.example/garden',
  home: 'romeo@montague.example/home',
  juliet: 'juliet@capulet.example/balcony',
}

export const xep0280: Specification = {
  name: 'XEP-0280',
  version: '1.0.1',
  count: 15,
  modules: [[carbons], [messages], [disco]],
  domains: ['montague.example', 'capulet.example'],
  plays: [
    {
      examples: [1, 2],
      title: 'the server says that it copies',
      cast,
      script: `
        garden: <iq xmlns='jabber:client' from='romeo@montague.example/garden' id='info1' to='montague.example' type='get'>
          <query xmlns='http://jabber.org/protocol/disco#info'/>
        </iq>
        # Without urn:xmpp:carbons:rules:0, which is a choice (§6.1).
        > garden: <iq xmlns='jabber:client' from='montague.example' id='info1' to='romeo@montague.example/garden' type='result'>
          <query xmlns='http://jabber.org/protocol/disco#info'>
            ...
            <feature var='urn:xmpp:carbons:2'/>
            ...
          </query>
        </iq>`,
    },
    {
      examples: [3, 4, 6, 7],
      title: 'a client enables carbons, and disables them',
      cast,
      script: `
        # Examples 3 and 4
        garden: <iq xmlns='jabber:client' from='romeo@montague.example/garden' id='enable1' type='set'>
          <enable xmlns='urn:xmpp:carbons:2'/>
        </iq>
        > garden: <iq xmlns='jabber:client' from='romeo@montague.example' id='enable1' to='romeo@montague.example/garden' type='result'/>
        # Examples 6 and 7
        garden: <iq xmlns='jabber:client' from='romeo@montague.example/garden' id='disable1' type='set'>
          <disable xmlns='urn:xmpp:carbons:2'/>
        </iq>
        > garden: <iq xmlns='jabber:client' from='romeo@montague.example' id='disable1' to='romeo@montague.example/garden' type='result'/>`,
    },
    {
      examples: [9, 10],
      title: 'what one device receives',
      cast,
      script: `
        home: ${ENABLE}
        > home: ${DONE}
        # Example 9
        juliet: <message xmlns='jabber:client' from='juliet@capulet.example/balcony' to='romeo@montague.example/garden' type='chat'>
          <body>What man art thou that, thus bescreen'd in night, so stumblest on my counsel?</body>
          <thread>0e3141cd80894871a68e6fe6b1ec56fa</thread>
        </message>
        > garden: <message xmlns='jabber:client' from='juliet@capulet.example/balcony' to='romeo@montague.example/garden' type='chat'>
          <body>What man art thou that, thus bescreen'd in night, so stumblest on my counsel?</body>
          <thread>0e3141cd80894871a68e6fe6b1ec56fa</thread>
        </message>
        # Example 10
        > home: <message xmlns='jabber:client' from='romeo@montague.example' to='romeo@montague.example/home' type='chat'>
          <received xmlns='urn:xmpp:carbons:2'>
            <forwarded xmlns='urn:xmpp:forward:0'>
              <message xmlns='jabber:client' from='juliet@capulet.example/balcony' to='romeo@montague.example/garden' type='chat'>
                <body>What man art thou that, thus bescreen'd in night, so stumblest on my counsel?</body>
                <thread>0e3141cd80894871a68e6fe6b1ec56fa</thread>
              </message>
            </forwarded>
          </received>
        </message>`,
    },
    {
      examples: [12, 13],
      title: 'what one device sends',
      cast,
      script: `
        garden: ${ENABLE}
        > garden: ${DONE}
        # Example 12
        home: <message xmlns='jabber:client' from='romeo@montague.example/home' to='juliet@capulet.example/balcony' type='chat'>
          <body>Neither, fair saint, if either thee dislike.</body>
          <thread>0e3141cd80894871a68e6fe6b1ec56fa</thread>
        </message>
        # Example 13
        > garden: <message xmlns='jabber:client' from='romeo@montague.example' to='romeo@montague.example/garden' type='chat'>
          <sent xmlns='urn:xmpp:carbons:2'>
            <forwarded xmlns='urn:xmpp:forward:0'>
              <message xmlns='jabber:client' to='juliet@capulet.example/balcony' from='romeo@montague.example/home' type='chat'>
                <body>Neither, fair saint, if either thee dislike.</body>
                <thread>0e3141cd80894871a68e6fe6b1ec56fa</thread>
              </message>
            </forwarded>
          </sent>
        </message>
        ! forget juliet`,
    },
    {
      examples: [14, 15],
      title: 'what is sent without copies',
      cast: { ...cast, juliet: 'juliet@capulet.example/home' },
      script: `
        garden: ${ENABLE}
        > garden: ${DONE}
        # Example 14
        home: <message xmlns='jabber:client' from='romeo@montague.example/home' to='juliet@capulet.example/home' type='chat'>
          <body>Neither, fair saint, if either thee dislike.</body>
          <thread>0e3141cd80894871a68e6fe6b1ec56fa</thread>
          <private xmlns='urn:xmpp:carbons:2'/>
          <no-copy xmlns='urn:xmpp:hints'/>
        </message>
        # Example 15 is what the sender's server says to the recipient's. The recipient here has the same server, and that keeps private to itself.
        > juliet: <message xmlns='jabber:client' from='romeo@montague.example/home' to='juliet@capulet.example/home' type='chat'>
          <body>Neither, fair saint, if either thee dislike.</body>
          <thread>0e3141cd80894871a68e6fe6b1ec56fa</thread>
          <no-copy xmlns='urn:xmpp:hints'/>
        </message>
        > garden: nothing`,
    },
  ],
  others: { 'refusals that this server does not know': [5, 8], 'what clients have to see through': [11] },
}
