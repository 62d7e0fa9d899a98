/**
 * Batches of units as transactions of one connection. A whole transaction, from BEGIN to COMMIT, leaves in one piece and costs one round
 * trip. When a unit fails, the server rolls everything back: the units before it are committed again, it is refused, the others follow.
 */
import { StorageError, type Write } from '../../core/database.ts'
import type { Answer, Fault, Session, Sessions, Statement } from '../../pools/rdbms/types.ts'
import type { Failure } from '../sqlite/transaction.ts'
import { meaningOf, problemOf } from './errors.ts'
import type { Marks } from './marks.ts'
import { isRefusal, type Texts } from './texts.ts'

type Unit = readonly Write[]

/** What transactions are made with. */
export interface Writer {
  readonly sessions: Sessions
  readonly texts: Texts
  /** Without marks, nobody can say whether a transaction was kept whose connection was lost. */
  readonly marks: Marks | undefined
}

/** How often a transaction is tried that was rolled back through no fault of its own. */
const ATTEMPTS = 8
/** The longest pause before the second attempt, in milliseconds; it doubles with each. */
const PAUSE_MS = 4
/** Units of the next transaction after a failing one that was the first of its transaction. */
const FEW = 4

const BEGIN: Statement = { text: 'BEGIN' }
const COMMIT: Statement = { text: 'COMMIT' }

/** What became of a transaction. */
type Outcome =
  | { readonly kind: 'committed' | 'again' | 'elsewhere' }
  /** The unit at `place` failed, nothing is kept. */
  | { readonly kind: 'unit'; readonly place: number; readonly failure: Omit<Failure, 'unit'> }
  /** None of the units has been kept, as far as is known; `fault` says why. */
  | { readonly kind: 'none'; readonly fault: Fault }

/** Commits the units in their order and says which were not kept; on return every other unit is durable. */
export async function commitUnits(writer: Writer, units: readonly Unit[]): Promise<Failure[]> {
  const batch = new Batch(units)
  while (batch.open > 0) {
    const outcome = await attempt(writer, batch.group())
    if (outcome.kind === 'committed') batch.committed()
    else if (outcome.kind === 'unit') batch.failed(outcome.place, outcome.failure)
    else if (outcome.kind === 'none') batch.lost(outcome.fault)
    else await batch.again()
  }
  return batch.failures()
}

/** What is left of a batch, and how much of it the next transaction takes. */
class Batch {
  #left: { readonly unit: number; readonly writes: Unit }[]
  #size: number
  #attempts = 1
  readonly #failures: Failure[] = []

  constructor(units: readonly Unit[]) {
    this.#left = units.map((writes, unit) => ({ unit, writes }))
    this.#size = units.length
  }

  get open(): number {
    return this.#left.length
  }

  /** The units of the next transaction. */
  group(): Unit[] {
    return this.#left.slice(0, this.#size).map(({ writes }) => writes)
  }

  /** In the order of the units. */
  failures(): Failure[] {
    return this.#failures.toSorted((a, b) => a.unit - b.unit)
  }

  committed(): void {
    this.#left.splice(0, this.#size)
    this.#size *= 2
    this.#attempts = 1
  }

  failed(place: number, failure: Omit<Failure, 'unit'>): void {
    const [{ unit } = { unit: -1 }] = this.#left.splice(place, 1)
    this.#failures.push({ unit, ...failure })
    this.#attempts = 1
    // Those before it went well. Of those after it nothing is known: when many fail, large transactions would be done in vain.
    this.#size = place > 0 ? place : FEW
  }

  /** A transaction whose end nobody knows is not tried again, but what was not sent yet is; when things take too long, nothing is. */
  lost(fault: Fault): void {
    const problem = { problem: problemOf(fault), message: fault.message }
    const given = fault.kind === 'lost' ? this.#size : this.#left.length
    for (const { unit } of this.#left.splice(0, given)) this.#failures.push({ unit, problem })
    this.#attempts = 1
  }

  /** R7: tries again after a pause; transactions get smaller, so that what collides with another process is at last alone. */
  async again(): Promise<void> {
    if (this.#attempts >= ATTEMPTS && this.#size === 1) {
      return this.failed(0, { problem: { problem: 'busy', message: `rolled back ${ATTEMPTS} times` } })
    }
    await new Promise((resolve) => setTimeout(resolve, Math.random() * PAUSE_MS * 2 ** this.#attempts))
    this.#attempts = Math.min(this.#attempts + 1, ATTEMPTS)
    this.#size = Math.ceil(Math.min(this.#size, this.#left.length) / 2)
  }
}

async function attempt(writer: Writer, units: readonly Unit[]): Promise<Outcome> {
  const { sessions, texts, marks } = writer
  let session: Session
  try {
    session = await sessions.session()
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    return { kind: 'unit', place: 0, failure: { problem: { problem: error.problem, message: error.message } } }
  }
  const statements = units.flatMap((unit) => unit.map((write) => statementOf(texts, write)))
  const mark = marks === undefined ? [] : [marks.next()]
  const answers = await session.pipeline([BEGIN, ...statements, ...mark, COMMIT])
  const outcome = outcomeOf(answers, units)
  if (outcome.kind === 'none' && outcome.fault.kind !== 'refused') return settled(outcome, writer)
  if (outcome.kind === 'elsewhere') await session.end()
  return outcome
}

/** What became of a transaction whose connection was lost, as far as that can be found out. */
async function settled(outcome: Outcome & { kind: 'none' }, { sessions, marks }: Writer): Promise<Outcome> {
  const kept = await marks?.wasKept(sessions)
  if (kept === undefined) return { kind: 'none', fault: { ...outcome.fault, kind: 'lost' } }
  if (kept) return { kind: 'committed' }
  // R6: what the server was silent about would take as long again.
  return outcome.fault.kind === 'lost' ? { kind: 'again' } : outcome
}

function statementOf(texts: Texts, { sql, params, orElse }: Write): Statement {
  return texts.statement(sql, params, orElse !== undefined)
}

/** The first refusal tells; after it the server only repeats that the transaction is aborted. */
function outcomeOf(answers: readonly Answer[], units: readonly Unit[]): Outcome {
  const first = answers.findIndex(({ fault }) => fault?.kind === 'refused')
  const end = answers.at(-1)?.fault
  if (first < 0) return end === undefined ? { kind: 'committed' } : { kind: 'none', fault: end }
  const fault = answers[first]?.fault as Fault
  const ending = first === answers.length - 1
  // A server that goes down while it commits does not say whether it has.
  if (ending && fault.sqlstate.startsWith('57P')) return { kind: 'none', fault: { ...fault, kind: 'lost' } }
  const meaning = meaningOf(fault)
  if (meaning === 'slow') return { kind: 'none', fault }
  if (meaning !== 'unit') return { kind: meaning }
  return refused(first - 1, fault, units)
}

/** The unit to which a refused statement belongs, and why it failed. */
function refused(statement: number, fault: Fault, units: readonly Unit[]): Outcome {
  const problem = { problem: problemOf(fault), message: fault.message }
  let before = 0
  for (const [place, unit] of units.entries()) {
    const write = unit[statement - before]
    if (write !== undefined) {
      const byChange = write.orElse !== undefined && isRefusal(fault.message)
      return { kind: 'unit', place, failure: byChange ? { refusedBy: statement - before } : { problem } }
    }
    before += unit.length
  }
  // No unit's statement, but the transaction's (a constraint checked at its end): smaller ones find the unit.
  return units.length > 1 ? { kind: 'again' } : { kind: 'unit', place: 0, failure: { problem } }
}
