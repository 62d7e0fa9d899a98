/** Faults of the machine under a running server: no descriptors, a process that stands still, long load, silent devices. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { Body, Message, Presence } from '@meerkat/protocol'
import {
  connectDevice,
  expect,
  freshUser,
  message,
  openRaw,
  type RawConnection,
  story,
  streamHeader,
} from '@meerkat/client/testing'
import { startServer } from './harness.ts'
import { NODES } from './process.ts'

const MIB = 1024 * 1024

const server = await startServer({
  listeners: {
    main: { tls: 'starttls' },
    open: { tls: 'none', settings: 'pre_auth.max_unauthenticated_per_ip = "infinity"' },
  },
  modules: `[modules.mod_presence]
[modules.mod_roster]
[modules.mod_offline]
[modules.mod_ping]`,
  mayLogErrors: true,
})

const pinging = await startServer({
  modules: `[modules.mod_presence]
[modules.mod_offline]
[modules.mod_ping]
send_pings = true
ping_interval = 2
ping_req_timeout = 1
timeout_action = "kill"`,
})

/** Sets how many files the server may have open; false where the operating system has no such command. */
function limitFiles(limit: number): boolean {
  return spawnSync('prlimit', ['--pid', `${server.pid}`, `--nofile=${limit}:`]).status === 0
}

async function opened(): Promise<RawConnection> {
  const { host, port } = server.at('open')
  const raw = await openRaw({ host, port, timeoutMs: 5_000 })
  raw.sendRaw(streamHeader(server))
  return raw
}

test('R23: without file descriptors, sessions go on, and connections are accepted again when there are some', async (t) => {
  const spare = 12
  const before = readdirSync(`/proc/${server.pid}/fd`).length
  const usual = spawnSync('prlimit', ['--pid', `${server.pid}`, '--nofile', '--output=SOFT', '--noheadings'])
  if (usual.status !== 0) return t.skip('there is no prlimit')
  await story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
    assert.ok(limitFiles(before + 2 + spare))
    const { host, port } = server.at('open')
    const many = await Promise.all(
      Array.from({ length: 4 * spare }, () => openRaw({ host, port }).catch(() => undefined)),
    )
    for (const raw of many) raw?.sendRaw(streamHeader(server))
    for (let i = 0; i < 20; i++) {
      alice.send(Message({ to: bob.jid, type: 'chat' }, Body({}, `${i}`)))
      await bob.receive(message({ from: alice, body: `${i}` }).matches)
    }
    const answered = many.filter((raw) => raw?.received.includes('</stream:features>'))
    assert.ok(answered.length <= spare, `${answered.length} connections with ${spare} descriptors`)
    await eventually(async () => assert.ok(server.log().some(({ what }) => what === 'no_file_descriptors')))
    for (const raw of many) {
      raw?.destroy()
      await raw?.closed
    }
    await eventually(async () => {
      const raw = await opened()
      await raw.readUntil('</stream:features>')
      raw.destroy()
    })
  })
  limitFiles(Number(usual.stdout.toString()))
  assert.ok(server.running)
  // It is told once, by each node, and nothing but accepting fails for want of a descriptor.
  const errors = server.log().filter(({ level, what }) => Number(level) >= 50 && what !== 'listener_failed')
  const told = errors.map(({ what }) => what)
  assert.deepEqual([...new Set(told)], ['no_file_descriptors'])
  assert.ok(told.length <= NODES, `told ${told.length} times`)
})

test('R21: after the process stood still, sessions are there and everything that was sent meanwhile is handled in order', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
    server.signal('SIGSTOP')
    for (let i = 0; i < 50; i++) alice.send(Message({ to: bob.jid, type: 'chat' }, Body({}, `${i}`)))
    await alice.flushed()
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    server.signal('SIGCONT')
    for (let i = 0; i < 50; i++) await bob.receive(message({ from: alice, body: `${i}` }).matches)
    await alice.barrier()
    await bob.barrier()
    assert.equal(alice.ended ?? bob.ended, undefined)
  })
})

/** One round of a day in small: users come, talk, are away, come back and go. */
async function day(t: Parameters<typeof story>[0]): Promise<void> {
  for (let hour = 0; hour < 4; hour++)
    await story(t, { server, users: { alice: 2, bob: 2, carol: 1 } }, async ({ alice, bob, bob2, carol }) => {
      for (let i = 0; i < 500; i++) {
        alice.send(Message({ to: bob.jid, type: 'chat' }, Body({}, `${i} ${'x'.repeat(2_000)}`)))
        carol.send(Message({ to: bob2.jid, type: 'chat' }, Body({}, `${i}`)))
        // Another node has to hear of each before the next.
        if (NODES === 1 || i % 10 === 0) alice.send(Presence())
      }
      for (const device of [alice, carol, bob, bob2, alice]) {
        await device.barrier()
        device.drop()
      }
      await bob2.close()
      alice.send(Message({ to: 'nobody@localhost', type: 'chat' }, Body({}, 'lost')))
      await alice.barrier()
    })
}

test('R22: three rounds of the same load leave the memory on one level', async (t) => {
  await day(t)
  const levels: number[] = []
  for (let round = 0; round < 3; round++) {
    await day(t)
    levels.push(server.residentBytes())
  }
  // A message has 2 KB and a round sends 2,000 of each kind: what were kept of them would show.
  const grown = levels[2]! - levels[0]!
  assert.ok(grown < 48 * MIB, `levels of ${levels.map((bytes) => Math.round(bytes / MIB)).join(', ')} MiB`)
})

test('R25: a device that has gone without a word is found out, and what is sent from then on is kept for it', async (t) => {
  const bob = await freshUser(pinging, 'bob')
  const device = await connectDevice(pinging, bob, { resource: 'phone' })
  device.send(Presence())
  await device.barrier()
  device.pause()
  await eventually(async () => {
    const closed = pinging.log().find(({ what, jid }) => what === 'session_closed' && jid === device.jid.toString())
    assert.match(String(closed?.['reason']), /connection-timeout/)
  })
  await story(t, { server: pinging, users: { alice: 1 } }, async ({ alice }) => {
    // Also to the full address, which has gone.
    for (const to of [device.jid, bob.jid]) {
      alice.send(Message({ to, type: 'chat' }, Body({}, `kept for ${to}`)))
      await expect(alice).nothing()
    }
    const later = await connectDevice(pinging, bob, { resource: 'phone' })
    later.send(Presence())
    for (const to of [device.jid, bob.jid])
      await later.receive(message({ from: alice, body: `kept for ${to}` }).matches)
    await later.close()
  })
  device.destroy()
})

/** Tries again, a tenth of a second apart, when something takes its time. */
async function eventually(attempt: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      if (tries >= 100) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}
