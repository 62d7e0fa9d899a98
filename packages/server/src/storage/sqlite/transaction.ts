/** A batch of units in one transaction: a unit that fails never takes its neighbours with it. */
import { type SqlValue } from '../../core/database.ts'
import { type Connection } from './connection.ts'
import { LateStatements } from './late.ts'
import { problemOf, type Problem } from './errors.ts'

/** One statement of a unit; with `mustChange`, changing no row refuses the unit. */
export interface Statement {
  readonly sql: string
  readonly params: readonly SqlValue[]
  readonly mustChange: boolean
  /** See `Write.late`. */
  readonly late?: 'each' | 'summed' | undefined
  /** The number of the row that it adds is asked for. */
  readonly numbered?: boolean
}

/** A unit (by its place in the batch) that was not kept: a problem, or the statement (by its place) that refused it. */
export interface Failure {
  readonly unit: number
  readonly refusedBy?: number
  readonly problem?: Problem
}

const NONE: readonly SqlValue[] = []

/** After a unit that failed, so many batches have a savepoint for each unit. */
const CAREFUL_BATCHES = 16

/**
 * Commits the units in their order and says which were not kept; on return every other unit is durable, and `numbers` has those of its rows that were
 * asked for.
 *
 * Savepoints cost a sixth of a writer's time and units hardly ever fail, so that a batch goes without them until one does; that batch is then
 * done once more. The next ones have them from the start, lest somebody whose units always fail doubles the work of all.
 */
export function commitUnits(
  connection: Connection,
  units: readonly (readonly Statement[])[],
  numbers: number[] = [],
): Failure[] {
  const careful = connection.careful > 0
  if (careful) connection.careful--
  let together = attempt(connection, units, careful, numbers)
  if (together === undefined) {
    connection.careful = CAREFUL_BATCHES
    together = attempt(connection, units, true, numbers) ?? []
  }
  if (Array.isArray(together)) return together
  // The transaction as a whole was lost (disk full, I/O error, locked): each unit tries alone, so that only those that cannot be kept fail.
  if (together.problem !== 'busy') connection.makeRoom()
  const failures: Failure[] = []
  for (let i = 0; i < units.length; i++) {
    const alone = attempt(connection, units.slice(i, i + 1), true, numbers) ?? []
    const failure = Array.isArray(alone) ? alone[0] : { unit: 0, problem: alone }
    if (failure !== undefined) failures.push({ ...failure, unit: i })
  }
  return failures
}

/**
 * The failures among `units`, or the problem that lost the whole transaction. Without savepoints, undefined when a unit failed and nothing
 * is kept.
 */
function attempt(
  connection: Connection,
  units: readonly (readonly Statement[])[],
  savepoints: boolean,
  numbers: number[],
): Failure[] | Problem | undefined {
  const failures: Failure[] = []
  const given: number[] = []
  // With savepoints everything has its place, so that who fails is found out.
  const late = savepoints ? undefined : new LateStatements(connection)
  try {
    connection.run('BEGIN IMMEDIATE', NONE)
    for (let i = 0; i < units.length; i++) {
      const unit = units[i] as readonly Statement[]
      // SQLite undoes a failed statement by itself, so that a unit of one needs no savepoint.
      const failure = runUnit(connection, unit, i, savepoints && unit.length > 1, late, given)
      if (failure !== undefined) failures.push(failure)
      // SQLite rolls everything back by itself after some errors (sqlite.org/lang_transaction.html §3.1).
      if (!connection.inTransaction) return failure?.problem ?? { problem: 'io', message: 'the transaction is gone' }
      if (failure !== undefined && !savepoints && (unit.length > 1 || late?.failed === true)) {
        connection.run('ROLLBACK', NONE)
        return undefined
      }
    }
    if (late !== undefined && !runLate(connection, late)) return undefined
    connection.run('COMMIT', NONE)
    for (const number of given) numbers.push(number)
    return failures
  } catch (error) {
    if (connection.inTransaction) connection.run('ROLLBACK', NONE)
    return problemOf(error)
  }
}

/** Whether all went well; otherwise nothing is kept. Throws when it was no unit's fault. */
function runLate(connection: Connection, late: LateStatements): boolean {
  try {
    late.run()
    return true
  } catch (error) {
    if (!connection.inTransaction) throw error
    connection.run('ROLLBACK', NONE)
    return false
  }
}

function runUnit(
  connection: Connection,
  unit: readonly Statement[],
  index: number,
  savepoint: boolean,
  late: LateStatements | undefined,
  given: number[],
): Failure | undefined {
  const before = given.length
  if (savepoint) connection.run('SAVEPOINT unit', NONE)
  const failure = runStatements(connection, unit, index, late, given)
  if (failure !== undefined) given.length = before
  if (savepoint && connection.inTransaction) {
    if (failure !== undefined) connection.run('ROLLBACK TO unit', NONE)
    connection.run('RELEASE unit', NONE)
  }
  return failure
}

function runStatements(
  connection: Connection,
  unit: readonly Statement[],
  index: number,
  late: LateStatements | undefined,
  given: number[],
): Failure | undefined {
  let place = 0
  try {
    for (const statement of unit) {
      const { sql, params, mustChange } = statement
      if (late !== undefined && statement.late !== undefined) late.add(statement)
      else {
        late?.before(sql)
        if (statement.numbered === true) given.push(connection.insert(sql, params))
        else if (connection.run(sql, params) === 0 && mustChange) return { unit: index, refusedBy: place }
      }
      place++
    }
    return undefined
  } catch (error) {
    return { unit: index, problem: problemOf(error) }
  }
}
