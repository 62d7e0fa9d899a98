/**
 * A process for tests of a medium that cannot grow (its files are limited by `ulimit -f`): fills the store until it refuses, and says in
 * one line of JSON with what, how many units were acknowledged, and how many it can still read. After a line on its standard input
 * (there is space again) it writes once more, and says what it then has.
 */
import { once } from 'node:events'
import { StorageError } from '../../core/database.ts'
import { openSqlite } from '../sqlite/index.ts'
import { adding, owners } from './database.contract.ts'

const db = await openSqlite({ file: process.argv[2] ?? '', durability: 'process' })
const problems = new Set<string>()
let acknowledged = 0
for (let round = 0; problems.size === 0; round++) {
  const units = Array.from({ length: 8 }, (_, i) => db.commit([adding(`${round}-${i}`, 'x'.repeat(20_000))]))
  for (const outcome of await Promise.allSettled(units)) {
    if (outcome.status === 'fulfilled') acknowledged++
    else problems.add(outcome.reason instanceof StorageError ? outcome.reason.problem : String(outcome.reason))
  }
}
console.log(JSON.stringify({ problems: [...problems], acknowledged, readable: (await owners(db)).length }))

await once(process.stdin, 'data')
await db.commit([adding('again', 'x'.repeat(20_000))])
const rows = (await owners(db)).length
console.log(JSON.stringify({ rows, check: await db.query('PRAGMA integrity_check') }))
await db.close()
process.stdin.destroy()
