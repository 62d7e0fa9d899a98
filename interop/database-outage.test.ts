/** A server whose main store is PostgreSQL, while the way there is cut, slow, and open again. */
import { deepEqual, equal } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { setTimeout as passed } from 'node:timers/promises'
import { expect, story } from '@meerkat/client/testing'
import { Body, type Jid, Message, Presence } from '@meerkat/protocol'
import { type Element } from '@meerkat/xml'
import { type Server, startServer } from '../e2e/harness.ts'
import { DelayingProxy } from './services/delaying-proxy.fixture.ts'

const { PGHOST = '127.0.0.1', PGPORT = '5432', PGUSER = 'postgres', PGPASSWORD = '' } = process.env

/** Runs a statement in the database of the server itself. */
function sql(statement: string): string {
  const args = ['--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--command', statement, 'postgres']
  const env = { ...process.env, PGHOST, PGPORT, PGUSER, PGPASSWORD, PGCONNECT_TIMEOUT: '5' }
  return execFileSync('psql', args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
}

function absent(): string | false {
  try {
    sql('SELECT 1')
    return false
  } catch (error) {
    return `no PostgreSQL at ${PGHOST}:${PGPORT}, or no psql: ${error instanceof Error ? error.message : String(error)}`
  }
}

const configFor = (port: number, database: string): string => `
[outgoing_pools.rdbms.default.connection]
driver = "pgsql"
host = "127.0.0.1"
port = ${port}
database = "${database}"
username = "${PGUSER}"
password = "${PGPASSWORD}"
query_timeout = 3000
max_start_interval = 1
[[listen.http]]
port = 0
ip_address = "127.0.0.1"
[[listen.http.handlers.meerkat_ready_handler]]
host = "_"
path = "/ready"`

const skip = absent()

/** A server whose way to a database of its own leads over a proxy. */
async function started(): Promise<{ server: Server; proxy: DelayingProxy }> {
  const database = `meerkat_outage_${randomUUID().replaceAll('-', '')}`
  sql(`CREATE DATABASE ${database}`)
  after(() => sql(`DROP DATABASE ${database} WITH (FORCE)`))
  const proxy = await DelayingProxy.open(PGHOST, Number(PGPORT))
  after(() => proxy.close())
  const server = await startServer({
    mayLogErrors: true,
    modules: `[modules.mod_presence]
[modules.mod_ping]
[modules.mod_offline]
[modules.mod_mam.pm]`,
    extra: configFor(proxy.port, database),
  })
  return { server, proxy }
}

const readiness = async (server: Server): Promise<number> => (await fetch(server.urls('Ready?')[0]!)).status

const chat = (to: Jid, body: string): Element => Message({ to, type: 'chat' }, Body({}, body))

/** The texts in a user's archive. */
async function archived(server: Server, user: Jid): Promise<string[]> {
  const answer = await server.graphql(
    'query ($caller: JID!) { stanza { getLastMessages(caller: $caller, limit: 50) { stanzas { stanza } } } }',
    { caller: user.bare.toString() },
  )
  const { stanzas } = (answer as { stanza: { getLastMessages: { stanzas: { stanza: string }[] } } }).stanza
    .getLastMessages
  return stanzas.map(({ stanza }) => /<body>(.*)<\/body>/.exec(stanza)![1]!)
}

test(
  'R5: while PostgreSQL is away messages are refused, presence and requests go on; it heals by itself',
  { skip },
  async (t) => {
    const { server, proxy } = await started()
    await story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
      alice.send(chat(bob.jid, 'before'))
      await expect(bob).message({ from: alice, body: 'before' })

      proxy.refuse()
      alice.send(chat(bob.jid, 'meanwhile'))
      await expect(alice).error('internal-server-error', { kind: 'message' })
      alice.send(Presence({ to: bob.jid }))
      await expect(bob).presence({ from: alice })
      await alice.barrier()
      equal(await readiness(server), 503)

      await proxy.listen()
      while ((await readiness(server)) !== 200) await passed(50)
      alice.send(chat(bob.jid, 'after'))
      await expect(bob).message({ from: alice, body: 'after' })
      deepEqual(await archived(server, alice.jid), ['before', 'after'])
    })
  },
)

test('R6: while PostgreSQL is slow messages come late, in order, and presence does not wait', { skip }, async (t) => {
  const { server, proxy } = await started()
  await story(t, { server, users: { alice: 1, bob: 1, carol: 1 } }, async ({ alice, bob, carol }) => {
    proxy.delayMs = 1000
    const bodies = Array.from({ length: 100 }, (_, n) => `${n}`)
    for (const body of bodies) alice.send(chat(bob.jid, body))
    carol.send(Presence({ to: bob.jid }))
    equal((await bob.receive()).name, 'presence')
    for (const body of bodies) await expect(bob).message({ from: alice, body })
    proxy.delayMs = 0
    deepEqual((await archived(server, bob.jid)).length, 50)
  })
})
