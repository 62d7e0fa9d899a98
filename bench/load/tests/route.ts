/** One-to-one messages: u1 to u2, u3 to u4 and so on. */
import { setTimeout as sleep } from 'node:timers/promises'
import { settled } from '../../meters/processes.ts'
import { round } from '../../meters/round.ts'
import { type Spent, openWindow } from '../../meters/window.ts'
import type { Client } from '../client.ts'
import { enableExtensions, login } from '../login.ts'
import { Run } from '../run.ts'
import type { Test } from '../test.ts'
import { checkArchives } from './archives.ts'

/** Seconds that a server may go on working after the last message. */
const MOST_SETTLING = 60

/** Runs the test. */
export async function route(test: Test): Promise<void> {
  const { options } = test
  const { prefix, domain, subjects } = options
  const clients = await test.connect(
    1,
    2 * options.number('pairs'),
    undefined,
    options.extensions ? loginWithExtensions : login,
  )
  clients.forEach((client, index) => (client.index = index % 2 === 0 ? -1 : (index - 1) / 2))
  await sleep(1000)
  const senders = clients.filter((_, index) => index % 2 === 0)
  const addresses = senders.map((_, pair) => `to='${prefix}${2 * pair + 2}@${domain}'`)
  const run = new Run(test, { senders, addresses, clients })
  const closeAll = openWindow(subjects)
  const result = await run.measure()
  const toTheEnd = options.checkArchive ? await untilSettled(subjects.server, closeAll) : undefined
  // From the first message to the end of all work, for all messages.
  const cost = toTheEnd && round(toTheEnd.server.total / run.messages.delivered, 2)
  test.emit({ ...result, cpu_us_per_msg_settled: cost })
  if (options.checkArchive) await checkArchives(test, clients.slice(0, 10))
  await test.close(clients)
}

/** What is stored may be worked on after its delivery: waits until the server has nothing to do, and ends the window then. */
async function untilSettled(server: readonly number[], close: () => Spent): Promise<Spent> {
  await settled(server, MOST_SETTLING)
  return close()
}

const loginWithExtensions = async (client: Client) => {
  await login(client)
  await enableExtensions(client)
}
