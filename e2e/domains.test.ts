/** What is kept of a domain that the configuration names no more: it stays until an operator removes it, and then nothing of it is left. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Iq, SearchQuery } from '@meerkat/protocol'
import { connectDevice, expect, freshUser } from '@meerkat/client/testing'
import { startServer } from './harness.ts'

const GONE = 'capulet.localhost'
const modules = '[modules.mod_presence]\n[modules.mod_private]\n[modules.mod_roster]\n[modules.mod_vcard]'

const server = await startServer({ domains: ['localhost', GONE], modules })
const WITH = readFileSync(server.config, 'utf8')
const WITHOUT = WITH.replace(`hosts = ["localhost","${GONE}"]`, 'hosts = ["localhost"]')

/** Answers of a command: data, or the codes of its errors. */
async function domainCommand(...args: readonly string[]): Promise<unknown> {
  const { stdout } = await server.cli('domain', ...args)
  const { data, errors } = JSON.parse(stdout) as { data: { domain: unknown }; errors?: { extensions: unknown }[] }
  return errors?.map(({ extensions }) => (extensions as { code: string }).code) ?? data.domain
}

const note = (user: string, words: string): string =>
  `setPrivate(user: "${user}", elementString: "<note xmlns='urn:test'>${words}</note>")`
const noteOf = (user: string): Promise<Record<string, unknown>> =>
  server.graphql(`{ private { getPrivate(user: "${user}", element: "note", nameSpace: "urn:test") } }`)

async function leaveTraces(): Promise<void> {
  for (const domain of ['localhost', GONE]) {
    await server.createUser('juliet', 'secret-0', domain)
    await server.graphql(`mutation { private { ${note(`juliet@${domain}`, `of ${domain}`)} } }`)
  }
}

const remove = (name: string): Promise<unknown> => domainCommand(name, '--domain', GONE, '--hostType', GONE)
const removed = (name: string, status: string) => ({ [name]: { domain: GONE, hostType: GONE, status } })

/** The server once more, with the domain or without it. */
async function restartWith(config: string): Promise<void> {
  await server.stop()
  server.write({ 'meerkat.toml': config })
  await server.restart()
}

test('S42: a domain goes with all that is kept of it, and comes back empty', async () => {
  assert.notEqual(WITH, WITHOUT)
  await leaveTraces()
  assert.deepEqual(await remove('removeDomain'), ['static'])
  await restartWith(WITHOUT)
  assert.deepEqual(await remove('removeDomain'), removed('removeDomain', 'DELETED'))
  assert.deepEqual(await remove('removeDomain'), ['not_found'])

  await restartWith(WITH)
  await server.createUser('juliet', 'secret-1', GONE)
  assert.match(JSON.stringify(await noteOf('juliet@localhost')), /of localhost/)
  assert.doesNotMatch(JSON.stringify(await noteOf(`juliet@${GONE}`)), /of capulet/)
  await server.deleteUser('juliet', GONE)
  await server.deleteUser('juliet')
})

test('MongooseIM: services beside each domain are there for one that comes with a reload', async () => {
  await restartWith(WITHOUT)
  server.write({ 'meerkat.toml': WITH })
  const { code, stdout } = await server.cli('reload')
  assert.equal(code, 0, stdout)
  const device = await connectDevice(server, await freshUser(server, 'romeo'))
  for (const domain of ['localhost', GONE]) {
    const to = `vjud.${domain}`
    device.send(Iq({ type: 'get', id: to, to }, SearchQuery()))
    await expect(device).iq({ id: to, type: 'result' })
  }
})

test('S42: a server that is killed goes on with it, also when it serves the domain again', async () => {
  await leaveTraces()
  await restartWith(WITHOUT)
  assert.deepEqual(await remove('requestRemoveDomain'), removed('requestRemoveDomain', 'DELETING'))
  await server.kill('SIGKILL')
  server.write({ 'meerkat.toml': WITH })
  await server.restart()
  const { domain } = await server.graphql(`{ domain { domainDetails(domain: "${GONE}") { status type } } }`)
  assert.deepEqual(domain, { domainDetails: { status: 'ENABLED', type: 'STATIC' } })
  const { account } = await server.graphql(`{ account { countUsers(domain: "${GONE}") } }`)
  assert.deepEqual(account, { countUsers: 0 })
  await server.createUser('juliet', 'secret-1', GONE)
  assert.doesNotMatch(JSON.stringify(await noteOf(`juliet@${GONE}`)), /of capulet/)
})
