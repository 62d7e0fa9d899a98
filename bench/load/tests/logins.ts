/** Registration, and what a login costs: stream, SASL, stream, bind, session if it is offered, initial presence and its echo. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Latencies } from '../../meters/latency.ts'
import { round } from '../../meters/round.ts'
import { openWindow } from '../../meters/window.ts'
import { login, register as registerOne } from '../login.ts'
import { type Test, each, microseconds } from '../test.ts'

/** Registers accounts 1 to `--users`. */
export async function register(test: Test): Promise<void> {
  let made = 0
  await each(1, test.options.number('users'), test.options.number('concurrency'), async (index) => {
    if (await registerOne(test.client(index))) made++
  })
  test.emit({ made, users: test.options.number('users') })
}

/** Logs in `--users` accounts, 50 at a time, which stay until the end; then they log out together. */
export async function logins(test: Test): Promise<void> {
  const { number, subjects, mechanism } = test.options
  const count = number('users')
  await test.close(await test.connect(1, Math.min(count, 20)))
  await sleep(500)
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
  await sleep(2000)
  const logout = closeLogout()
  const each = (time: number) => round(time / count / 1000, 3)
  test.emit({
    mech: mechanism,
    count,
    concurrency: number('concurrency'),
    logins_per_s: round(count / spent.seconds),
    cpu_ms_per_login: each(spent.server.total),
    user_ms: each(spent.server.user),
    sys_ms: each(spent.server.system),
    cpu_ms_per_logout: each(logout.server.total),
    ...latencies.quantiles(),
    ...spent.shares,
    scram_iterations: clients[0]?.iterations,
  })
}
