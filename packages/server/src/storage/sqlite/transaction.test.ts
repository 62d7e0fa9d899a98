import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Connection } from './connection.ts'
import { type Statement, commitUnits } from './transaction.ts'

const statement = (sql: string, ...params: number[]): Statement => ({ sql, params, mustChange: false })
const adding = (n: number): Statement => statement('INSERT INTO t VALUES (?)', n)
const put = (word: string, key: number): Statement => ({
  sql: 'INSERT INTO texts (word, key) VALUES (?, ?)',
  params: [word, key],
  mustChange: false,
  late: 'each',
})
const count = (amount: number, key: number): Statement => ({
  ...statement(COUNT, amount, key),
  late: 'summed',
})
const COUNT = `INSERT INTO sums (amount, key, writes) VALUES (?, ?, 1)
  ON CONFLICT (key) DO UPDATE SET amount = sums.amount + excluded.amount, writes = sums.writes + 1`
const refusing = (n: number): Statement => ({ ...statement('UPDATE t SET n = n WHERE n = ?', n), mustChange: true })

/** A connection with a table of distinct numbers, which notes what it runs. */
function open(t: { after(end: () => void): void }) {
  const connection = new Connection({ file: ':memory:', durability: 'process' })
  t.after(() => connection.close())
  connection.run('CREATE TABLE t (n integer PRIMARY KEY)', [])
  connection.run('CREATE TABLE texts (word text, key integer, UNIQUE (word, key))', [])
  connection.run('CREATE TABLE sums (key integer PRIMARY KEY, amount integer, writes integer)', [])
  const ran: string[] = []
  const run = connection.run.bind(connection)
  connection.run = (sql, params) => {
    ran.push(sql.split(' ')[0]!)
    return run(sql, params)
  }
  const numbers = () => connection.query('SELECT n FROM t ORDER BY n', []).values
  const take = (): string => ran.splice(0).join(' ')
  return { connection, numbers, take }
}

/** What a connection comes to do: parameters, or the text of what has none. */
function watch(connection: Connection): string[] {
  const order: string[] = []
  const run = connection.run.bind(connection)
  connection.run = (sql, params) => {
    if (params.length > 0 || sql.startsWith('DELETE')) order.push(params.join(' ') || sql)
    return run(sql, params)
  }
  return order
}

describe('a batch of units', () => {
  it('costs no savepoints while none fails', (t) => {
    const { connection, numbers, take } = open(t)
    assert.deepEqual(
      commitUnits(connection, [
        [adding(1), adding(2)],
        [adding(3), adding(4)],
      ]),
      [],
    )
    assert.equal(take(), 'BEGIN INSERT INSERT INSERT INSERT COMMIT')
    assert.deepEqual(numbers(), [1, 2, 3, 4])
  })

  it('in which one fails is done once more, and keeps every other one', (t) => {
    const { connection, numbers } = open(t)
    const units = [[adding(1), adding(2)], [adding(3), adding(1)], [adding(4), refusing(9)], [adding(5)]]
    const failures = commitUnits(connection, units)
    assert.deepEqual(
      failures.map(({ unit, refusedBy, problem }) => [unit, refusedBy ?? problem?.problem]),
      [
        [1, 'constraint'],
        [2, 1],
      ],
    )
    assert.deepEqual(numbers(), [1, 2, 5])
  })

  it('after that, batches have savepoints for a while, so that failing again costs no second attempt', (t) => {
    const { connection, take } = open(t)
    const failing = (n: number) => [[adding(n), refusing(-1)], [adding(n)]]
    commitUnits(connection, failing(1))
    take()
    for (let n = 2; n <= 17; n++) {
      assert.equal(commitUnits(connection, failing(n)).length, 1)
      assert.equal(take(), 'BEGIN SAVEPOINT INSERT UPDATE ROLLBACK RELEASE INSERT COMMIT')
    }
    assert.deepEqual(commitUnits(connection, [[adding(18), adding(19)]]), [])
    assert.equal(take(), 'BEGIN INSERT INSERT COMMIT')
  })

  it('does late statements behind the others, in the order of their keys', (t) => {
    const { connection } = open(t)
    const order = watch(connection)
    commitUnits(connection, [[put('a', 2), adding(1)], [put('b', 1)], [put('c', 2), adding(2)]])
    assert.deepEqual(order.splice(0), ['1', '2', 'b 1', 'a 2', 'c 2'])
  })

  it('adds up late statements that differ in their first parameter alone', (t) => {
    const { connection } = open(t)
    commitUnits(connection, [[count(1, 7), count(1, 8)], [count(2, 7)], [count(4, 7)]])
    commitUnits(connection, [[count(1, 8)]])
    assert.deepEqual(
      connection.query('SELECT key, amount, writes FROM sums ORDER BY key', []).values,
      [7, 7, 1, 8, 2, 2],
    )
  })

  it('does late statements so that SQLite keeps nothing to undo a single one', (t) => {
    const { connection } = open(t)
    const texts: string[] = []
    const run = connection.run.bind(connection)
    connection.run = (sql, params) => {
      texts.push(sql)
      return run(sql, params)
    }
    commitUnits(connection, [[put('a', 1)]])
    assert.deepEqual(texts, ['BEGIN IMMEDIATE', 'INSERT OR FAIL INTO texts (word, key) VALUES (?, ?)', 'COMMIT'])
  })

  it('does late statements before another one that has to do with their table', (t) => {
    const { connection } = open(t)
    const order = watch(connection)
    commitUnits(connection, [[put('a', 1)], [adding(1)], [statement('DELETE FROM texts')], [put('b', 1)]])
    assert.deepEqual(order, ['1', 'a 1', 'DELETE FROM texts', 'b 1'])
    assert.deepEqual(connection.query('SELECT word FROM texts', []).values, ['b'])
  })

  for (const behind of [[], [statement('DELETE FROM texts WHERE key = 9')]])
    it(`in which a late statement fails refuses its unit alone${behind.length === 0 ? '' : ', also before another one'}`, (t) => {
      const { connection, numbers } = open(t)
      const units = [[adding(1), put('a', 1)], [adding(2), put('a', 1)], [put('a', 2)], [put('a', 2)], behind]
      const failures = commitUnits(connection, [...units, [adding(3), count(1, 1)]])
      assert.deepEqual(
        failures.map(({ unit, problem }) => [unit, problem?.problem]),
        [
          [1, 'constraint'],
          [3, 'constraint'],
        ],
      )
      assert.deepEqual(numbers(), [1, 3])
      assert.deepEqual(connection.query('SELECT key FROM texts ORDER BY key', []).values, [1, 2])
      assert.deepEqual(connection.query('SELECT amount FROM sums', []).values, [1])
    })

  it('a unit of one statement that fails leaves the batch as it is', (t) => {
    const { connection, numbers, take } = open(t)
    const failures = commitUnits(connection, [[adding(1), adding(2)], [adding(1)], [adding(3)]])
    assert.deepEqual(
      failures.map(({ unit }) => unit),
      [1],
    )
    assert.equal(take(), 'BEGIN INSERT INSERT INSERT INSERT COMMIT')
    assert.deepEqual(numbers(), [1, 2, 3])
  })

  it('tells the numbers of rows that were kept, and of no others', (t) => {
    const { connection } = open(t)
    connection.run('CREATE TABLE rows (seq integer PRIMARY KEY AUTOINCREMENT)', [])
    const row: Statement = { ...statement('INSERT INTO rows DEFAULT VALUES'), numbered: true }
    const numbers: number[] = []
    commitUnits(connection, [[row, adding(1), row], [adding(2)], [row]], numbers)
    assert.deepEqual(numbers, [1, 2, 3])
    // The second time it is tried with savepoints, the next time at once.
    for (const first of [4, 7]) {
      const kept: number[] = []
      const failures = commitUnits(connection, [[row], [row, adding(1)], [row, row]], kept)
      assert.deepEqual([failures.map(({ unit }) => unit), kept], [[1], [first, first + 1, first + 2]])
    }
  })

  it('tells them, too, when the transaction was lost and each unit tries alone', (t) => {
    const { connection } = open(t)
    connection.run('CREATE TABLE rows (seq integer PRIMARY KEY AUTOINCREMENT)', [])
    const row: Statement = { ...statement('INSERT INTO rows DEFAULT VALUES'), numbered: true }
    // Ends the transaction as a full disk would.
    const ending = statement('ROLLBACK')
    const numbers: number[] = []
    const failures = commitUnits(connection, [[row, row], [row, ending], [row]], numbers)
    assert.deepEqual([failures.map(({ unit }) => unit), numbers], [[1], [1, 2, 3]])
  })
})
