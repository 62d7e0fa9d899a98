/** The examples of XEP-0023: Message Expiration. */
import messages from '../../modules/messages.ts'
import offline from '../../modules/offline/index.ts'
import presence from '../../modules/presence/index.ts'
import type { Specification } from './play.fixture.ts'

const CAKES = `<message to='sabine@gnu.mine.nu' id='msg811'>
          <subject>Eccles cakes!</subject>
          <body>
            I've got some freshly made Eccles cakes here, come
            round for one before they all disappear!
          </body>
          <x xmlns='jabber:x:expire' seconds='1800'/>
        </message>`

export const xep0023: Specification = {
  name: 'XEP-0023',
  version: '1.3',
  count: 2,
  modules: [[presence], [messages], [offline]],
  domains: ['gnu.mine.nu'],
  plays: [
    {
      examples: [1],
      title: 'a message that was good for half an hour',
      cast: { sender: 'piers@gnu.mine.nu/desk', sabine: 'sabine@gnu.mine.nu/home' },
      script: `
        # Example 1
        sender: ${CAKES}
        ! wait 1801
        sabine: <presence/>
        > sabine: <presence from='sabine@gnu.mine.nu/home'/>`,
    },
  ],
  others: { 'the server knows by itself when it has stored a message': [2] },
}
