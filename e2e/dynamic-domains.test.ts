/** Domains that come and go while the server runs, as an operator with MongooseIM's `service_domain_db` has them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Body, Iq, Message, SearchQuery } from '@meerkat/protocol'
import { type TestServer, connectDevice, expect, freshUser } from '@meerkat/client/testing'
import { startServer } from './harness.ts'

const NEW = 'montague.example'

const server = await startServer({
  general: 'host_types = ["tenant"]',
  modules: '[modules.mod_presence]\n[modules.mod_private]\n[modules.mod_roster]\n[modules.mod_vcard]',
  extra: '[services.service_domain_db]',
})

/** The server as clients of the new domain see it; the certificate does not name that domain. */
const tenant = (): TestServer => ({
  ...server.at('open'),
  domain: NEW,
  createUser: (username, password) => server.createUser(username, password, NEW),
  deleteUser: (username) => server.deleteUser(username, NEW),
})

async function domainCommand(name: string, ...args: readonly string[]): Promise<unknown> {
  const { stdout } = await server.cli('domain', name, '--domain', NEW, ...args)
  const { data, errors } = JSON.parse(stdout) as {
    data: { domain: Record<string, { status: string } | null> }
    errors?: { extensions: { code: string } }[]
  }
  return errors?.[0]?.extensions.code ?? data.domain[name]?.status
}

const OF_TENANT = ['--hostType', 'tenant']

test('MongooseIM: a domain comes with its services, survives a restart, is switched off, and goes', async () => {
  assert.equal(await domainCommand('addDomain', ...OF_TENANT), 'ENABLED')
  const users = [await freshUser(tenant(), 'romeo'), await freshUser(tenant(), 'benvolio')] as const
  const [romeo, benvolio] = [await connectDevice(tenant(), users[0]), await connectDevice(tenant(), users[1])]
  romeo.send(Message({ to: benvolio.jid, type: 'chat' }, Body({}, 'Good morrow')))
  await expect(benvolio).message({ body: 'Good morrow' })
  romeo.send(Iq({ type: 'get', id: 'v', to: `vjud.${NEW}` }, SearchQuery()))
  await expect(romeo).iq({ id: 'v', type: 'result' })

  assert.equal(await domainCommand('disableDomain'), 'DISABLED')
  await assert.rejects(connectDevice(tenant(), users[0]), /host-unknown/)
  assert.equal(await domainCommand('enableDomain'), 'ENABLED')
  await server.restart()
  assert.equal(await domainCommand('domainDetails'), 'ENABLED')
  const again = await connectDevice(tenant(), users[0])
  assert.equal(await domainCommand('removeDomain', ...OF_TENANT), 'DELETED')
  assert.equal(await domainCommand('domainDetails'), 'not_found')
  assert.equal(await domainCommand('addDomain', ...OF_TENANT), 'ENABLED')
  await again.closed
  await assert.rejects(connectDevice(tenant(), users[0]), /not-authorized/)
})
