/** S67: one profile for addresses, whichever way they come in: stream, login, stanza, API and what is stored. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect } from '@meerkat/client'
import { Body, Message, tryJid } from '@meerkat/protocol'
import { expect, message, optionsFor, story } from '@meerkat/client/testing'
import { startServer } from './harness.ts'

const server = await startServer({
  modules: '[modules.mod_presence]\n[modules.mod_roster]\n[modules.mod_offline]\n[modules.mod_ping]',
})

/** Ways to write the name of one account, each of which must be the same one; the first is the prepared one. */
const same: Readonly<Record<string, readonly string[]>> = {
  'case and width': ['juliet', 'JULIET', 'Juliet', 'ｊｕｌｉｅｔ', 'ＪＵＬＩＥＴ'],
  'composed and decomposed letters': ['zoë', 'ZOË', 'zoe\u0308', 'ZOE\u0308'],
  'folding to several letters': ['strasse', 'straße', 'STRASSE'],
  'characters that are mapped to nothing': ['romeo', 'ro\u00admeo', 'ro\u200dmeo', 'ro\u200bmeo', '\ufeffromeo'],
  'letters that are compatible': ['i', 'ⅰ', 'ⓘ', 'I'],
}

/** Names that no account can have. */
const impossible: Readonly<Record<string, string>> = {
  'a space': 'ju liet',
  'a no-break space': 'ju\u00a0liet',
  'an at sign': 'ju@liet',
  'an at sign of full width': 'ju＠liet',
  'a quote': "ju'liet",
  'a character of control': 'ju\u0085liet',
  'a change of direction': 'juliet\u202e',
  'both directions': 'ju\u05d0iet',
  'right to left that ends with a digit of the other': 'a\u05d01',
  'private use': 'ju\ue000liet',
  'more than 1023 bytes': 'x'.repeat(1024),
  'more than 1023 bytes once it is UTF-8': 'é'.repeat(512),
  nothing: '',
}

/** Whether the API finds an account of this name. */
async function exists(username: string): Promise<boolean> {
  const { account } = (await server.graphql('query ($user: JID!) { account { checkUser(user: $user) { exist } } }', {
    user: `${username}@localhost`,
  })) as { account: { checkUser: { exist: boolean } } }
  return account.checkUser.exist
}

function login(username: string) {
  return connect(optionsFor(server, undefined, { username, password: 'secret' }))
}

for (const [what, names] of Object.entries(same)) {
  const [prepared, ...others] = names
  test(`S67: ${what}: one account for the API, logins, stanzas and the store`, async (t) => {
    await server.createUser(others.at(-1)!, 'secret')
    for (const name of names) {
      await assert.rejects(server.createUser(name, 'other'), /already registered/, name)
      assert.ok(await exists(name), name)
    }
    await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
      // First into the store of messages for absent users, then to the one session.
      for (const name of names) alice.send(Message({ to: `${name}@LocalHost`, type: 'chat' }, Body({}, name)))
      await alice.barrier()
      for (const name of names) {
        const client = await login(name)
        assert.equal(client.jid.local, prepared)
        await client.close()
      }
      const owner = await login(prepared!)
      owner.sendRaw('<presence/>')
      for (const name of names) await owner.receive(message({ from: alice, body: name }).matches)
      for (const name of names) {
        alice.send(Message({ to: `${name}@localhost`, type: 'chat' }, Body({}, `now ${name}`)))
        await owner.receive(message({ from: alice, body: `now ${name}` }).matches)
      }
      await owner.close()
    })
    await server.deleteUser(names[1]!)
    for (const name of names) assert.ok(!(await exists(name)), name)
  })
}

test('S67: the letters that Turkish writes otherwise are what the profile says, not what a locale says', async () => {
  await server.createUser('IPEK', 'secret')
  assert.ok(await exists('ipek'))
  // U+0130 is i with a dot above, U+0131 is a letter of its own: neither is i.
  for (const name of ['\u0130pek', '\u0131pek', '\u0131PEK']) assert.ok(!(await exists(name)), name)
  await server.deleteUser('ipek')
})

test('S67: what later versions of Unicode have added is kept as it is, whatever the runtime knows of it', async () => {
  // U+1E9E is a capital sharp s since Unicode 5.1, U+A64B a letter that U+A64A has as its capital.
  const names = ['stra\u1e9ee', '\ua64a', '\ua64b', '\u{1f600}']
  for (const name of names) await server.createUser(name, 'secret')
  for (const name of names) {
    const client = await login(name)
    assert.equal(client.jid.local, name)
    await client.close()
    await server.deleteUser(name)
  }
})

test('S67: what cannot be a name is refused everywhere', async (t) => {
  await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
    for (const [what, name] of Object.entries(impossible)) {
      const address = `${name}@localhost`
      assert.equal(tryJid(address), undefined, what)
      await assert.rejects(server.createUser(name, 'secret'), what)
      await assert.rejects(login(name), what)
      alice.send(Message({ to: address, id: 'm', type: 'chat' }, Body({}, what)))
      await expect(alice).error('jid-malformed', { kind: 'message', id: 'm' })
    }
  })
})

test('S67: parts of 1023 bytes pass, and come back as they are', async (t) => {
  const username = 'x'.repeat(1023)
  await server.createUser(username, 'secret')
  const resource = 'é'.repeat(511)
  const client = await connect(optionsFor(server, undefined, { username, password: 'secret', resource }))
  assert.equal(client.jid.resource, resource)
  await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
    alice.send(Message({ to: client.jid, type: 'chat' }, Body({}, 'hi')))
    await expect(client).message({ from: alice, body: 'hi' })
  })
  await client.close()
  await server.deleteUser(username)
})
