/**
 * A process for crash tests: commits a log entry together with its event, again and again, delivers and acknowledges events beside it,
 * and says each thing when it is certain ("c 7": unit 7 is committed; "d 7": event 7 is delivered), until it is killed.
 */
import { writeSync } from 'node:fs'
import { openOutbox } from '../outbox.ts'
import { openStores } from '../stores.ts'
import { openStore } from './open-store.ts'
import { event } from './outbox.contract.ts'

const [store = '', first = '0'] = process.argv.slice(2)
const db = await openStore(store)
const outbox = await openOutbox(db, { writer: 'one', flushEvery: 7, trimEvery: 20 })
const log = openStores(db).log('test')
const reader = outbox.reader('sink')

/** Says it before anything else happens, also when the reader is behind: the pipe does not wait by itself. */
function say(line: string): void {
  const bytes = Buffer.from(`${line}\n`)
  for (let written = 0; written < bytes.length;) {
    try {
      written += writeSync(1, bytes, written)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
  }
}

const write = async (lane: number): Promise<void> => {
  for (let n = Number(first) + lane; ; n += 4) {
    await db.commit([log.append('a@b', String(n)), outbox.adding(event(String(n), `conversation ${n % 3}`))])
    say(`c ${n}`)
  }
}
const deliver = async (): Promise<void> => {
  for (;;) {
    const rows = await reader.read(10)
    for (const row of rows) {
      say(`d ${row.id}`)
      reader.acknowledge(row)
    }
    if (rows.length === 0) await new Promise(setImmediate)
  }
}
await Promise.all([write(0), write(1), write(2), write(3), deliver()])
