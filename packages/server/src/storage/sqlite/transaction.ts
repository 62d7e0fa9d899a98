/** A batch of units in one transaction: a unit that fails never takes its neighbours with it. */
import { type SqlValue } from '../../core/database.ts'
import { type Connection } from './connection.ts'
import { problemOf, type Problem } from './errors.ts'

/** One statement of a unit; with `mustChange`, changing no row refuses the unit. */
export interface Statement {
  readonly sql: string
  readonly params: readonly SqlValue[]
  readonly mustChange: boolean
}

/** A unit (by its place in the batch) that was not kept: a problem, or the statement (by its place) that refused it. */
export interface Failure {
  readonly unit: number
  readonly refusedBy?: number
  readonly problem?: Problem
}

const NONE: readonly SqlValue[] = []

/** Commits the units in their order and says which were not kept; on return every other unit is durable. */
export function commitUnits(connection: Connection, units: readonly (readonly Statement[])[]): Failure[] {
  const together = attempt(connection, units)
  if (Array.isArray(together)) return together
  // The transaction as a whole was lost (disk full, I/O error, locked): each unit tries alone, so that only those that cannot be kept fail.
  if (together.problem !== 'busy') connection.makeRoom()
  const failures: Failure[] = []
  for (let i = 0; i < units.length; i++) {
    const alone = attempt(connection, units.slice(i, i + 1))
    const failure = Array.isArray(alone) ? alone[0] : { unit: 0, problem: alone }
    if (failure !== undefined) failures.push({ ...failure, unit: i })
  }
  return failures
}

/** The failures among `units`, or the problem that lost the whole transaction. */
function attempt(connection: Connection, units: readonly (readonly Statement[])[]): Failure[] | Problem {
  const failures: Failure[] = []
  try {
    connection.run('BEGIN IMMEDIATE', NONE)
    for (let i = 0; i < units.length; i++) {
      const failure = runUnit(connection, units[i] as readonly Statement[], i)
      if (failure !== undefined) failures.push(failure)
      // SQLite rolls everything back by itself after some errors (sqlite.org/lang_transaction.html §3.1).
      if (!connection.inTransaction) return failure?.problem ?? { problem: 'io', message: 'the transaction is gone' }
    }
    connection.run('COMMIT', NONE)
    return failures
  } catch (error) {
    if (connection.inTransaction) connection.run('ROLLBACK', NONE)
    return problemOf(error)
  }
}

function runUnit(connection: Connection, unit: readonly Statement[], index: number): Failure | undefined {
  // SQLite undoes a failed statement by itself, so that a unit of one needs no savepoint.
  const several = unit.length > 1
  if (several) connection.run('SAVEPOINT unit', NONE)
  const failure = runStatements(connection, unit, index)
  if (several && connection.inTransaction) {
    if (failure !== undefined) connection.run('ROLLBACK TO unit', NONE)
    connection.run('RELEASE unit', NONE)
  }
  return failure
}

function runStatements(connection: Connection, unit: readonly Statement[], index: number): Failure | undefined {
  let place = 0
  try {
    for (const { sql, params, mustChange } of unit) {
      if (connection.run(sql, params) === 0 && mustChange) return { unit: index, refusedBy: place }
      place++
    }
    return undefined
  } catch (error) {
    return { unit: index, problem: problemOf(error) }
  }
}
