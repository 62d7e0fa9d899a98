/** Registration, and what a login costs: stream, SASL, stream, bind, session if it is offered, initial presence and its echo. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Latencies } from '../../meters/latency.ts'
import { settled } from '../../meters/processes.ts'
import { round } from '../../meters/round.ts'
import { openWindow } from '../../meters/window.ts'
import { login, register as registerOne } from '../login.ts'
import { bothRounds } from '../rounds.ts'
import { type Test, each, microseconds } from '../test.ts'

/** Registers accounts 1 to `--users`. */
export async function register(test: Test): Promise<void> {
  let made = 0
  await each(1, test.options.number('users'), test.options.number('concurrency'), async (index) => {
    if (await registerOne(test.client(index))) made++
  })
  test.emit({ made, users: test.options.number('users') })
}

/** One round: `--users` accounts log in, 50 at a time, and stay until all are there; then they log out together. */
async function comeAndGo(test: Test): Promise<Readonly<Record<string, unknown>>> {
  const { number, subjects } = test.options
  const count = number('users')
  const latencies = new Latencies()
  const close = openWindow(subjects)
  const clients = await test.connect(1, count, undefined, async (client) => {
    const start = microseconds()
    await login(client)
    client.idle()
    latencies.add(microseconds() - start)
  })
  const spent = close()
  await sleep(1000)
  const closeLogout = openWindow(subjects)
  await test.close(clients)
  await sleep(1000)
  await settled(subjects.server, 10)
  const logout = closeLogout()
  const each = (time: number) => round(time / count / 1000, 3)
  return {
    logins_per_s: round(count / spent.seconds),
    cpu_ms_per_login: each(spent.server.total),
    user_ms: each(spent.server.user),
    sys_ms: each(spent.server.system),
    cpu_ms_per_logout: each(logout.server.total),
    ...latencies.quantiles(),
    ...spent.shares,
    scram_iterations: clients[0]?.iterations,
  }
}

/**
 * What a login costs a server that has just started, and one that has served as many before: a server lives for weeks, and this test for seconds. Twenty
 * logins that are not counted come first, so that the generator is ready.
 */
export async function logins(test: Test): Promise<void> {
  const { number, mechanism } = test.options
  const count = number('users')
  await test.close(await test.connect(1, Math.min(count, 20)))
  await sleep(500)
  const first = await comeAndGo(test)
  const warm = await comeAndGo(test)
  test.emit({ mech: mechanism, count, concurrency: number('concurrency'), ...bothRounds(first, warm) })
}
