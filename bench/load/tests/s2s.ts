/**
 * Messages between users of the server and users of another one, which the generator plays. In one direction at a time: `in` comes over one stream of the
 * other server, `out` goes over whatever streams the server opens.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { REMOTE } from '../../state.ts'
import type { Client } from '../client.ts'
import { login } from '../login.ts'
import { startNames } from '../names.ts'
import { RemoteServer } from '../remote.ts'
import { Run } from '../run.ts'
import { type Test, until } from '../test.ts'
import { POPULAR } from './presence.ts'

/** The pair that a stanza to a user of the other server belongs to. */
const recipientOf = (head: string): number => Number(/ to=['"]r(\d+)@/.exec(head)?.[1] ?? -1)

/** Runs the test. */
export async function s2s(test: Test): Promise<void> {
  const { direction, number } = test.options
  const streams: Client[] = []
  const remote = new RemoteServer(REMOTE.domain, number('timeout') * 1000, (client) => streams.push(client))
  await remote.listen(REMOTE.port)
  const names = await startNames(REMOTE.names, REMOTE)
  const users = await test.connect(2, number('pairs') + 1, POPULAR, login)
  await sleep(1000)
  const run = await (direction === 'in' ? incoming(test, remote, users) : outgoing(test, users, streams))
  test.emit({ direction, ...(await run.measure()) })
  await test.close(users)
  remote.close()
  names.kill()
}

/** Users of the other server write to ours. */
async function incoming(test: Test, remote: RemoteServer, users: readonly Client[]): Promise<Run> {
  const { domain, number } = test.options
  const stream = await remote.connect(domain, number('s2s'))
  users.forEach((user, pair) => (user.index = pair))
  const senders = users.map(() => stream)
  const addresses = users.map((_, pair) => `from='r${pair}@${REMOTE.domain}/b' to='${POPULAR}${pair + 2}@${domain}'`)
  return new Run(test, { senders, addresses, clients: [...users, stream] })
}

/** Our users write to those of the other server. The stream is opened by a message that nobody waits for. */
async function outgoing(test: Test, users: readonly Client[], streams: readonly Client[]): Promise<Run> {
  users[0]!.write(`<message to='nobody@${REMOTE.domain}' type='chat'><body>first</body></message>`)
  if (!(await until(() => streams.length > 0, test.options.number('timeout')))) throw new Error('no stream was opened')
  await sleep(500)
  const addresses = users.map((_, pair) => `to='r${pair}@${REMOTE.domain}'`)
  return new Run(test, { senders: users, addresses, clients: [...users, ...streams], recipientOf })
}
