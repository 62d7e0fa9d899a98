import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, Message } from '@meerkat/protocol'
import { Element } from '@meerkat/xml'
import messages from '../modules/messages.ts'
import offline from '../modules/offline/index.ts'
import presence from '../modules/presence/index.ts'
import { apiStory, codeOf, dataOf } from './api-story.fixture.ts'

const DAY = 86_400

describe('the category offline', () => {
  it('MongooseIM: removes what has expired, or is old, of a domain', async (t) => {
    const modules = [[messages], [presence], [offline]] as const
    const { ask, story } = await apiStory(t, { modules, users: ['bob'], absent: ['alice', 'carol'] })
    const send = (to: string, ...more: Element[]) =>
      story.device('bob').send(Message({ to: `${to}@example.com`, type: 'chat' }, Body({}, 'hi'), ...more))
    const clean = (field: string) => ask(`mutation { offline { ${field} } }`)
    const box = story.kernel.stores.log('offline')

    await send('alice', new Element('x', 'jabber:x:expire', ['seconds', '60'], []))
    await send('alice')
    await send('carol')
    assert.deepEqual(dataOf(await clean('deleteExpiredMessages(domain: "example.com")')), {
      offline: { deleteExpiredMessages: 'Removed 0 messages' },
    })
    await story.wait(61)
    assert.deepEqual(dataOf(await clean('deleteExpiredMessages(domain: "example.com")')), {
      offline: { deleteExpiredMessages: 'Removed 1 messages' },
    })
    assert.equal(await box.count('alice@example.com'), 1)

    story.clock.advance(2 * DAY)
    await send('alice')
    assert.deepEqual(dataOf(await clean('deleteOldMessages(domain: "example.com", days: 3)')), {
      offline: { deleteOldMessages: 'Removed 0 messages' },
    })
    assert.deepEqual(dataOf(await clean('deleteOldMessages(domain: "example.com", days: 2)')), {
      offline: { deleteOldMessages: 'Removed 2 messages' },
    })
    assert.deepEqual([await box.count('alice@example.com'), await box.count('carol@example.com')], [1, 0])
  })

  it('leaves the mailboxes of other domains alone', async (t) => {
    const { ask, story } = await apiStory(t, { modules: [[messages], [presence], [offline]] })
    story.kernel.hosts.addDomain('other.example', story.host)
    const box = story.kernel.stores.log('offline')
    await story.kernel.storage.commit([
      box.append('alice@other.example', '<message/>', { at: 1 }),
      box.append('alice@example.com', '<message/>', { at: 1 }),
    ])
    dataOf(await ask('mutation { offline { deleteOldMessages(domain: "example.com", days: 1) } }'))
    assert.deepEqual([await box.count('alice@other.example'), await box.count('alice@example.com')], [1, 0])
    assert.equal(
      codeOf(await ask('mutation { offline { deleteOldMessages(domain: "x.example", days: 1) } }')),
      'domain_not_found',
    )
  })
})
