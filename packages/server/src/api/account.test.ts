import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { parseJid } from '@meerkat/protocol'
import { accountRegistered, accountRemoved } from '../core/accounts.ts'
import { type ApiStory, apiStory, codeOf } from './api-story.fixture.ts'
import type { ApiAnswer } from './execute.ts'
import { csvRecords } from './account-import.ts'

type Plain = { readonly [key: string]: Plain } & { readonly message: string }

/** The answer's `account` as plain objects. */
const account = (answer: ApiAnswer): Plain => {
  assert.equal(answer.body.errors, undefined, JSON.stringify(answer.body.errors))
  return (JSON.parse(JSON.stringify(answer.body.data)) as { account: Plain }).account
}

const register = (username: string, password = 'secret', domain = 'example.com') =>
  `mutation { account { registerUser(domain: "${domain}", username: "${username}", password: "${password}") { jid message } } }`

const onUser = (kind: string, field: string, rest = '', fields = 'jid message') =>
  `${kind} { account { ${field}(user: "alice@example.com"${rest}) { ${fields} } } }`

describe('registerUser', () => {
  it('makes an account, tells the hook, and words it as MongooseIM does', async (t) => {
    const { story, ask } = await apiStory(t)
    const told: string[] = []
    story.host.hooks.add(
      'test',
      accountRegistered.on((user) => void told.push(user.toString())),
    )
    assert.deepEqual(account(await ask(register('Alice')))['registerUser'], {
      jid: 'alice@example.com',
      message: 'User alice@example.com successfully registered',
    })
    assert.equal(await story.host.accounts.checkPassword(parseJid('alice@example.com'), 'secret'), true)
    assert.deepEqual(told, ['alice@example.com'])
  })

  it('makes up a name when there is none', async (t) => {
    const { story, ask } = await apiStory(t)
    const answer = await ask('mutation { account { registerUser(domain: "example.com", password: "x") { jid } } }')
    const { jid } = account(answer)['registerUser'] as unknown as { jid: string }
    assert.equal(await story.host.accounts.exists(parseJid(jid)), true)
  })

  it('refuses a name that is taken, an empty password and an unknown domain', async (t) => {
    const { story, ask } = await apiStory(t, { absent: ['alice'] })
    const taken = await ask(register('alice'))
    assert.deepEqual(taken.body.errors?.[0], {
      message: `User alice@example.com already registered at node ${story.kernel.node}`,
      path: ['account', 'registerUser'],
      extensions: { jid: 'alice@example.com', code: 'exists' },
    })
    assert.equal(codeOf(await ask(register('bob', ''))), 'cannot_register')
    assert.equal(codeOf(await ask(register('bob', 'x', 'elsewhere.example'))), 'cannot_register')
    assert.equal(await story.host.accounts.exists(parseJid('bob@example.com')), false)
  })
})

describe('removeUser', () => {
  const remove = onUser('mutation', 'removeUser')

  it('removes the account with what listeners add, in one unit, and ends its sessions', async (t) => {
    const { story, ask } = await apiStory(t, { users: ['alice'] })
    const store = story.kernel.stores.keyValue('test')
    await story.kernel.storage.commit([store.put('alice@example.com', 'kept')])
    story.host.hooks.add(
      'test',
      accountRemoved.on((writes, user) => [...writes, store.remove(user.toString())]),
    )
    assert.equal(account(await ask(remove))['removeUser']!.message, 'User alice@example.com successfully unregistered')
    assert.equal(await story.host.accounts.exists(parseJid('alice@example.com')), false)
    assert.equal(await store.get('alice@example.com'), undefined)
    assert.equal(story.device('alice').closedWith?.condition, 'conflict')
  })

  it('says when there is no such user', async (t) => {
    const { ask } = await apiStory(t)
    assert.equal(codeOf(await ask(remove)), 'not_allowed')
  })
})

describe('passwords', () => {
  it('checkPassword and changeUserPassword', async (t) => {
    const { ask } = await apiStory(t, { absent: ['alice'] })
    const check = (password: string) =>
      ask(onUser('query', 'checkPassword', `, password: "${password}"`, 'correct message'))
    assert.deepEqual(account(await check('secret'))['checkPassword'], {
      correct: true,
      message: "Password 'secret' for user alice@example.com is correct",
    })
    const change = (password: string) => ask(onUser('mutation', 'changeUserPassword', `, newPassword: "${password}"`))
    assert.equal(account(await change('other'))['changeUserPassword']!.message, 'Password changed')
    assert.equal(account(await check('secret'))['checkPassword']!['correct'], false)
    assert.equal(codeOf(await change('')), 'empty_password')
  })

  it('checkPassword of an unknown user is an error', async (t) => {
    const { ask } = await apiStory(t)
    assert.equal(
      codeOf(await ask(onUser('query', 'checkPassword', ', password: "x"', 'correct'))),
      'user_does_not_exist',
    )
  })

  it('checkPasswordHash needs a method that keeps passwords as they are', async (t) => {
    const { story, ask } = await apiStory(t, { absent: ['alice'] })
    const check = (hash: string, method: string) =>
      ask(onUser('query', 'checkPasswordHash', `, passwordHash: "${hash}", hashMethod: "${method}"`, 'correct message'))
    assert.equal(codeOf(await check('x', 'md5')), 'wrong_user')
    Object.assign(story.host.accounts.methods[0]!, { plainPassword: async () => 'secret' })
    const md5 = createHash('md5').update('secret').digest()
    assert.deepEqual(account(await check(md5.toString('hex'), 'md5'))['checkPasswordHash'], {
      correct: true,
      message: 'Password hash is correct',
    })
    // As MongooseIM prints it: capitals, no leading zeros.
    const short = Array.from(md5, (byte) => byte.toString(16).toUpperCase()).join('')
    assert.equal(account(await check(short, 'md5'))['checkPasswordHash']!['correct'], true)
    assert.equal(account(await check(short, 'sha'))['checkPasswordHash']!['correct'], false)
    assert.equal(codeOf(await check(short, 'crc')), 'wrong_method')
  })

  it('banUser ends sessions and leaves no password that anybody knows', async (t) => {
    const { story, ask } = await apiStory(t, { users: ['alice'] })
    const answer = await ask(onUser('mutation', 'banUser', ', reason: "spam"'))
    assert.equal(account(answer)['banUser']!.message, 'User alice@example.com successfully banned with reason: spam')
    assert.equal(story.device('alice').closedWith?.text, 'spam')
    assert.equal(await story.host.accounts.checkPassword(parseJid('alice@example.com'), 'secret'), false)
  })
})

describe('listing users', () => {
  it('pages through the users in order', async (t) => {
    const { ask } = await apiStory(t, { absent: ['carol', 'alice', 'bob'] })
    const list = async (page: string) =>
      account(await ask(`{ account { listUsers(domain: "example.com"${page}) } }`))['listUsers'] as unknown
    assert.deepEqual(await list(''), ['alice@example.com', 'bob@example.com', 'carol@example.com'])
    assert.deepEqual(await list(', limit: 1, index: 1'), ['bob@example.com'])
    assert.deepEqual(await list(', index: 2'), ['carol@example.com'])
  })

  it('countUsers, checkUser, and unknown domains', async (t) => {
    const { ask } = await apiStory(t, { absent: ['alice'] })
    const count = await ask('{ account { countUsers(domain: "example.com") } }')
    assert.equal(account(count)['countUsers'], 1)
    assert.deepEqual(account(await ask(onUser('query', 'checkUser', '', 'exist message')))['checkUser'], {
      exist: true,
      message: 'User alice@example.com exists',
    })
    const unknown = await ask('{ account { countUsers(domain: "elsewhere.example") } }')
    assert.deepEqual(unknown.body.errors?.[0]?.extensions, { domain: 'elsewhere.example', code: 'domain_not_found' })
  })
})

describe('importUsers', () => {
  const request =
    'mutation { account { importUsers(filename: "users.csv") ' +
    '{ status created existing notAllowed invalidJID emptyPassword invalidRecord } } }'

  const filled = async (api: ApiStory) => {
    api.node.files.set(
      'users.csv',
      'alice,example.com,x\r\n"bo""b",example.com,x\ncarol,example.com,"a,b"\n' +
        'dave,elsewhere.example,x\nerin,example.com,\nonly,two\n,example.com,x\n\n',
    )
    return api
  }

  it('tells what became of each record', async (t) => {
    const { story, ask } = await filled(await apiStory(t, { absent: ['alice'] }))
    assert.deepEqual(account(await ask(request))['importUsers'], {
      status: 'Completed',
      created: ['carol@example.com'],
      existing: ['alice@example.com'],
      notAllowed: ['dave@elsewhere.example'],
      invalidJID: ['bo"b,example.com,x', ',example.com,x'],
      emptyPassword: ['erin@example.com'],
      invalidRecord: ['only,two'],
    })
    assert.equal(await story.host.accounts.checkPassword(parseJid('carol@example.com'), 'a,b'), true)
  })

  it('goes on after the answer over HTTP', async (t) => {
    const { ask } = await filled(await apiStory(t))
    const answer = await ask(request, { method: 'http' })
    assert.equal(account(answer)['importUsers']!['status'], 'ImportUsers scheduled')
  })

  it('says when there is no such file', async (t) => {
    const { ask } = await apiStory(t)
    const answer = await ask(request)
    assert.deepEqual(answer.body.errors?.[0]?.extensions, { filename: 'users.csv', code: 'file_not_found' })
  })

  it('RFC 4180: quoted fields hold commas, quotes and line ends', () => {
    assert.deepEqual(
      [...csvRecords('"a,b","c""d","e\r\nf"\r\ng,,\n\nh')],
      [['a,b', 'c"d', 'e\r\nf'], ['g', '', ''], ['h']],
    )
  })
})
