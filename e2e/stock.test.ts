/**
 * Servers with the configuration that MongooseIM starts with, in the names of 6.5 and of 6.8, unchanged but for ports and
 * certificates: every listener answers, every module works, and what has another name now or no effect is told once.
 */
import assert from 'node:assert/strict'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { freshUser, openRaw, removeUser, type TestServer } from '@meerkat/client/testing'
import { serialize } from '@meerkat/xml'
import { type Server, startServer } from './harness.ts'
import { Bosh } from './bosh-client.ts'
import { commands, missingCategories, runs } from './stock/commands.ts'
import { stockConfig, versions } from './stock/config.ts'
import { exercises } from './stock/exercises.ts'
import { newerNotices, olderNotices, sharedNotices } from './stock/notices.ts'
import { Frames, openFrame, upgradeRequest } from './web-socket.ts'

/** Where a listener is, by what the server calls it; several have one name. */
const addresses = (server: Server, name: string): string[] =>
  [...server.stdout.matchAll(new RegExp(`^ +${name} +(\\S+)`, 'gm'))].map(([, address]) => address!)
const portOf = (address: string): number => Number(/:(\d+)/.exec(address)![1])

/** The server as clients see it: accounts come into being in-band. */
const inBand = ({ host, port, domain, ca }: Server): TestServer => ({ host, port, domain, ca })

interface Answer {
  readonly status: number
  readonly body: string
}

/** A request over TLS, to a listener whose certificate is the server's. */
async function secured(server: Server, url: string, method = 'GET'): Promise<Answer> {
  const asked = Promise.withResolvers<Answer>()
  const sent = request(url, { method, ca: server.ca, agent: false }, (response) => {
    text(response).then((body) => asked.resolve({ status: response.statusCode!, body }), asked.reject)
  })
  sent.on('error', asked.reject)
  sent.end()
  return asked.promise
}

/** Asks a GraphQL API. */
async function graphql(address: string, query: string, credentials?: string): Promise<Answer> {
  const authorization = credentials && { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
  const response = await fetch(address.replace('0.0.0.0', '127.0.0.1').replace('127.0.0.1', 'localhost'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...authorization },
    body: JSON.stringify({ query }),
  })
  return { status: response.status, body: await response.text() }
}

async function graphqlOk(server: Server, query: string): Promise<void> {
  const { status, body } = await graphql(addresses(server, 'GraphQL API')[0]!, query, 'admin:secret')
  assert.equal(status, 200, body)
}

/** The notices in the log, without the file and the line. */
const noticesOf = (server: Server): string[] =>
  server
    .log()
    .filter(({ what }) => what === 'config_notice')
    .map(({ notice }) => String(notice).replace(/^.*?\.toml:\d+: /, ''))

/** The greeting of a stream. */
async function greeted(port: number, namespace: string, until: string): Promise<string> {
  const raw = await openRaw({ host: '127.0.0.1', port })
  raw.sendRaw(
    `<stream:stream xmlns='${namespace}' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>`,
  )
  const answer = (await raw.readUntil(until)).toString()
  raw.destroy()
  await raw.closed
  return answer
}

const HOST_TYPES = '{ server { hostTypes { name modules { name } authMethods } } }'

for (const version of versions)
  describe(`the configuration of MongooseIM ${version}`, async () => {
    const server = await startServer({ config: stockConfig(version) })
    const clients = inBand(server)

    test('what has another name now, or no effect, is told once', () => {
      const expected = [...sharedNotices, ...(version === '6.5' ? olderNotices : newerNotices)]
      assert.deepEqual(noticesOf(server).toSorted(), expected.toSorted())
    })

    test('clients: STARTTLS, BOSH and WebSocket, with TLS and without', async () => {
      assert.match(await greeted(server.port, 'jabber:client', '</stream:features>'), /xmpp-tls/)
      const [bosh, secureBosh] = addresses(server, 'BOSH')
      const [socket, secureSocket] = addresses(server, 'WebSocket')
      assert.match(serialize(await new Bosh(bosh!).begin()), /SCRAM-SHA-256/)
      assert.equal((await secured(server, secureBosh!)).status, 200)
      const frames = await Frames.connect(socket!.replace('http', 'ws'))
      frames.send(openFrame('localhost'))
      assert.match((await frames.next()) + (await frames.next()), /SCRAM-SHA-256/)
      frames.close()
      const raw = await openRaw({ host: '127.0.0.1', port: portOf(secureSocket!), tls: { ca: server.ca } })
      raw.sendRaw(upgradeRequest('localhost', '/ws-xmpp'))
      assert.match((await raw.readUntil('\r\n\r\n')).toString(), /^HTTP\/1\.1 101 /)
      raw.destroy()
      await raw.closed
    })

    test('other servers and components', async () => {
      const [peers, components] = [addresses(server, 'Other servers'), addresses(server, 'Components')]
      assert.match(await greeted(portOf(peers[0]!), 'jabber:server', '</stream:features>'), /starttls/)
      assert.match(await greeted(portOf(components[0]!), 'jabber:component:accept', '>'), / id=/)
    })

    test('the API of the administrator: the password of the file, every module, and commands', async () => {
      const [admin] = addresses(server, 'GraphQL API')
      assert.equal((await graphql(admin!, HOST_TYPES, 'admin:wrong')).status, 401)
      const { status, body } = await graphql(admin!, HOST_TYPES, 'admin:secret')
      assert.equal(status, 200)
      const [type, ...more] = JSON.parse(body).data.server.hostTypes as HostType[]
      assert.deepEqual([type!.name, type!.authMethods, more], ['localhost', ['internal'], []])
      // Two nodes have a module that tests wait with.
      const modules = type!.modules.map(({ name }) => name).filter((name) => name !== 'mod_barrier')
      assert.deepEqual(modules.toSorted(), Object.keys(exercises).toSorted())
      const counted = await server.cli('account', 'countUsers', '--domain', 'localhost')
      assert.equal(counted.code, 0, counted.stderr)
      assert.match(counted.stdout, /"countUsers": \d/)
    })

    test('every command of MongooseIM whose module is there', async () => {
      const fields = '{ fields { name type { fields { name } ofType { fields { name } } } } }'
      const asked = `{ schema: __schema { queryType ${fields} mutationType ${fields} subscriptionType ${fields} } }`
      const { body } = await graphql(addresses(server, 'GraphQL API')[0]!, asked, 'admin:secret')
      const there = new Map<string, string[]>()
      for (const { fields: categories } of Object.values(JSON.parse(body).data.schema as Record<string, Root>))
        for (const { name, type } of categories)
          there.set(name, [
            ...(there.get(name) ?? []),
            ...(type.fields ?? type.ofType?.fields ?? []).map((one) => one.name),
          ])
      for (const [category, names] of Object.entries(commands))
        assert.deepEqual(
          names.filter((name) => there.get(category)?.includes(name) !== true),
          [],
          category,
        )
      assert.deepEqual(
        missingCategories.filter((name) => there.has(name)),
        [],
      )

      await graphqlOk(
        server,
        'mutation { account { registerUser(domain: "localhost", username: "alice", password: "pw") { jid } } }',
      )
      for (const run of runs) {
        const { code, stdout, stderr } = await server.cli(...run)
        assert.equal(code, 0, `${run.join(' ')}: ${stdout}${stderr}`)
      }
      await graphqlOk(server, 'mutation { account { removeUser(user: "alice@localhost") { jid } } }')
    })

    test('the APIs of domain admins and of users', async () => {
      const [, domainAdmin, user] = addresses(server, 'GraphQL API')
      const set = await server.cli('domain', 'setDomainPassword', '--domain', 'localhost', '--password', 'pw')
      assert.equal(set.code, 0, set.stdout)
      const count = '{ account { countUsers(domain: "localhost") } }'
      assert.equal((await graphql(domainAdmin!, count, 'admin@localhost:pw')).status, 200)
      assert.equal((await graphql(domainAdmin!, count, 'admin@localhost:no')).status, 401)
      const alice = await freshUser(clients, 'alice')
      const known = await graphql(user!, '{ checkAuth { authStatus username } }', `${alice.jid}:${alice.password}`)
      assert.match(known.body, /"AUTHORIZED"/)
      await removeUser(clients, alice)
    })

    test('figures for Prometheus', async () => {
      const [metrics] = addresses(server, 'Metrics')
      assert.match(await (await fetch(metrics!)).text(), /^# TYPE c2s_|^# TYPE /m)
    })

    const goneApis = async () => {
      const [admin] = addresses(server, 'mongoose_admin_api')
      const gone = await fetch(`${admin!.replace('127.0.0.1', 'localhost')}/users/localhost`)
      assert.equal(gone.status, 410)
      assert.match(await gone.text(), /listUsers/)
      const [client] = addresses(server, 'mongoose_client_api')
      const { status, body } = await secured(server, `${client}/messages`)
      assert.deepEqual([status, /getLastMessages/.test(body)], [410, true])
    }
    if (version === '6.5') test('the removed REST APIs, where they were, name the operation to use', goneApis)

    for (const [module, exercise] of Object.entries(exercises)) test(module, (t) => exercise(t, clients))
  })

interface Fields {
  readonly fields?: readonly { readonly name: string }[] | null
}

/** A root of the schema: its fields are the categories. */
interface Root {
  readonly fields: readonly { readonly name: string; readonly type: Fields & { readonly ofType?: Fields | null } }[]
}

interface HostType {
  readonly name: string
  readonly authMethods: readonly string[]
  readonly modules: readonly { readonly name: string }[]
}
