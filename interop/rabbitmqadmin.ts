/** RabbitMQ's own tool, as the tour uses it, and what it says made readable for a test. */
import { type Outcome, type Place, run } from './terminal.ts'

/** How often the queue is looked at before it counts as empty; each look starts a program. */
const LOOKS = 100

/** Removes a queue and an exchange, if they are there. */
export async function forget(queue: string, exchange: string, place: Place): Promise<void> {
  await run(`rabbitmqadmin -q delete queue name=${queue}`, place)
  await run(`rabbitmqadmin -q delete exchange name=${exchange}`, place)
}

/** The type of an exchange; undefined when there is none of that name. */
export async function exchangeType(name: string, place: Place): Promise<string | undefined> {
  const { stdout } = await run('rabbitmqadmin -f raw_json list exchanges name type', place)
  const exchanges = JSON.parse(stdout) as { readonly name: string; readonly type: string }[]
  return exchanges.find((exchange) => exchange.name === name)?.type
}

/** Runs a command that shows messages until it shows one: events travel a little later than the command that caused them. */
export async function showsMessage(command: string, place: Place): Promise<Outcome> {
  for (let looks = 0; looks < LOOKS; looks++) {
    const outcome = await run(command, place)
    if (outcome.code !== 0 || outcome.stdout.includes('{')) return outcome
  }
  throw new Error(`${command} shows no message`)
}

/** Takes messages out of a queue until there have been `count`; the payloads, in order. */
export async function take(queue: string, count: number, place: Place): Promise<unknown[]> {
  const taken: unknown[] = []
  const command = `rabbitmqadmin -f raw_json get queue=${queue} ackmode=ack_requeue_false count=${count}`
  for (let looks = 0; taken.length < count && looks < LOOKS; looks++) {
    const { stdout, stderr } = await run(command, place)
    if (stderr) throw new Error(stderr)
    for (const { payload } of JSON.parse(stdout) as { readonly payload: string }[]) taken.push(JSON.parse(payload))
  }
  return taken
}
