import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Connection } from './connection.ts'
import { type Statement, commitUnits } from './transaction.ts'

const statement = (sql: string, ...params: number[]): Statement => ({ sql, params, mustChange: false })
const adding = (n: number): Statement => statement('INSERT INTO t VALUES (?)', n)
const refusing = (n: number): Statement => ({ ...statement('UPDATE t SET n = n WHERE n = ?', n), mustChange: true })

/** A connection with a table of distinct numbers, which notes what it runs. */
function open(t: { after(end: () => void): void }) {
  const connection = new Connection({ file: ':memory:', durability: 'process' })
  t.after(() => connection.close())
  connection.run('CREATE TABLE t (n integer PRIMARY KEY)', [])
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
})
