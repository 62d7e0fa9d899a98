/** What a session costs in memory while nothing happens, and whether the server really does nothing. The server must have been started for this. */
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { memory, socketMemory } from '../../meters/processes.ts'
import { round } from '../../meters/round.ts'
import { openWindow } from '../../meters/window.ts'
import type { Client } from '../client.ts'
import { login } from '../login.ts'
import type { Test } from '../test.ts'

const mib = (bytes: number) => round(bytes / 1_048_576)

/** What the two sides agreed upon, which decides how much memory TLS needs. */
function agreement(client: Client | undefined): Record<string, unknown> {
  if (client?.options.tls !== true) return {}
  const socket = client.socket as TLSSocket
  const { name } = socket.getEphemeralKeyInfo() as { name?: string }
  // OpenSSL knows no name for a hybrid with ML-KEM here: it then tells nothing.
  return {
    tls_version: socket.getProtocol(),
    tls_cipher: socket.getCipher().name,
    tls_group: name ?? 'not a plain curve',
  }
}

/** Reads the server's memory with so many sessions after each other. */
export async function idle(test: Test): Promise<void> {
  const { subjects, steps, number } = test.options
  // Its code must be loaded before the baseline.
  await test.close(await test.connect(1, 50))
  await sleep(3000)
  const before = { memory: memory(subjects.server), sockets: socketMemory() }
  const clients: Client[] = []
  const start = performance.now()
  for (const sessions of steps) {
    const more = await test.connect(clients.length + 1, sessions, undefined, async (client) => {
      await login(client)
      client.idle()
    })
    clients.push(...more)
    const connected = (performance.now() - start) / 1000
    await sleep(number('settle') * 1000)
    const close = openWindow(subjects)
    await sleep(number('silence') * 1000)
    const spent = close()
    const now = memory(subjects.server)
    const alive = clients.filter(({ closed }) => !closed).length
    const each = (bytes: number) => round(bytes / sessions / 1024, 2)
    test.emit({
      conns: sessions,
      alive,
      all_alive: alive === sessions,
      rss_kb_per_conn: each(now.rss - before.memory.rss),
      anon_kb_per_conn: each(now.anonymous - before.memory.anonymous),
      baseline_rss_mb: mib(before.memory.rss),
      rss_mb: mib(now.rss),
      peak_mb: mib(now.peak),
      kernel_tcp_kb: round((socketMemory() - before.sockets) / 1024, 0),
      ...agreement(clients[0]),
      connect_s: round(connected),
      idle_server_cpu_pct: spent.shares.server_cpu_pct,
      other_cpu_pct: spent.shares.other_cpu_pct,
    })
  }
  await test.close(clients)
}
