/** Group commit: units of work queue while a transaction is under way, and all of them are the next one. */
import { StorageError, type Write } from '../core/database.ts'
import { BatchQueue, type Job, type Pace, type QueueLimits, weightOf } from './batch-queue.ts'
import { type Failure } from './sqlite/transaction.ts'

/** What became of a batch: the units that were not kept, and the numbers of rows that the others have `added`, in order, where the engine tells them. */
export interface Outcome {
  readonly failures: readonly Failure[]
  readonly numbers: readonly number[]
}

/**
 * How an engine keeps a unit until its transaction. `pack` is called once for each unit, in their order, and `commit` gets what it has returned:
 * commits the units as one transaction and says what became of them.
 */
export interface Committer<P> {
  pack(writes: readonly Write[]): P
  commit(units: readonly P[]): Promise<Outcome>
}

/** Units wait as they were handed in, and numbers of rows are not told. */
export const unpacked = (
  commit: (units: readonly (readonly Write[])[]) => Promise<readonly Failure[]>,
): Committer<readonly Write[]> => ({
  pack: (writes) => writes,
  commit: async (units) => ({ failures: await commit(units), numbers: [] }),
})

interface Unit<P> extends Job {
  readonly packed: P
  /** The errors with which statements refuse the unit, by their places; undefined when there are none. */
  readonly refusals: readonly (Error | undefined)[] | undefined
  /** Told when the unit is durable. */
  readonly listeners: readonly (() => void)[] | undefined
  /** Those of its writes that are told their rows' numbers; undefined when there are none. */
  readonly adding: readonly Write[] | undefined
  done(): void
}

/** The committing half of a database, whatever the engine. */
export class GroupCommit<P> {
  readonly #queue: BatchQueue<Unit<P>>
  readonly #committer: Committer<P>

  constructor(committer: Committer<P>, limits: QueueLimits, pace: Pace) {
    this.#committer = committer
    this.#queue = new BatchQueue([(units) => run(committer, units)], limits, pace)
  }

  /** See `Database.commit`. */
  commit(writes: readonly Write[]): Promise<void> {
    if (writes.length === 0) return Promise.resolve()
    let bytes = 0
    let patient = true
    for (const write of writes) {
      bytes += weightOf(write.sql, write.params)
      patient &&= write.late !== undefined
    }
    const refusal = this.#queue.refusal(bytes)
    if (refusal !== undefined) return Promise.reject(refusal)
    return new Promise((resolve, reject) => {
      const packed = this.#committer.pack(writes)
      const [refusals, listeners, adding] = [refusalsOf(writes), listenersOf(writes), addingOf(writes)]
      this.#queue.add({ packed, refusals, listeners, adding, bytes, patient, done: resolve, fail: reject })
    })
  }

  /** How many units wait or are under way. */
  get units(): number {
    return this.#queue.jobs
  }

  /** Takes nothing more; resolves when everything queued is committed or refused. */
  close(): Promise<void> {
    return this.#queue.close()
  }
}

function refusalsOf(writes: readonly Write[]): readonly (Error | undefined)[] | undefined {
  for (const { orElse } of writes) if (orElse !== undefined) return writes.map((write) => write.orElse)
  return undefined
}

function listenersOf(writes: readonly Write[]): readonly (() => void)[] | undefined {
  let listeners: readonly (() => void)[] | undefined
  for (const { committed } of writes)
    // An array that grows makes room for sixteen more.
    if (committed !== undefined) listeners = listeners === undefined ? [committed] : listeners.concat(committed)
  return listeners
}

function addingOf(writes: readonly Write[]): readonly Write[] | undefined {
  let adding: readonly Write[] | undefined
  for (const write of writes)
    if (write.added !== undefined) adding = adding === undefined ? [write] : adding.concat(write)
  return adding
}

async function run<P>(committer: Committer<P>, units: readonly Unit<P>[]): Promise<void> {
  const { failures, numbers } = await committer.commit(units.map(({ packed }) => packed))
  let next = 0
  let numbered = 0
  for (let i = 0; i < units.length; i++) {
    const unit = units[i]!
    const failure = failures[next]
    if (failure?.unit === i) {
      next++
      unit.fail(errorOf(failure, unit.refusals))
    } else {
      if (unit.listeners !== undefined) for (const committed of unit.listeners) tell(committed)
      if (unit.adding !== undefined) for (const write of unit.adding) tellNumber(write, numbers[numbered++])
      unit.done()
    }
  }
}

function errorOf(failure: Failure, refusals: readonly (Error | undefined)[] | undefined): Error {
  const refused = failure.refusedBy === undefined ? undefined : refusals?.[failure.refusedBy]
  return refused ?? new StorageError(failure.problem?.problem ?? 'invalid', failure.problem?.message ?? 'refused')
}

/** The unit is durable whatever its listeners do: one that throws is a mistake of the program, reported but harmless to the rest. */
function tell(listener: () => void): void {
  try {
    listener()
  } catch (error) {
    warn(error)
  }
}

function tellNumber(write: Write, number: number | undefined): void {
  try {
    write.added?.(number)
  } catch (error) {
    warn(error)
  }
}

const warn = (error: unknown): void => process.emitWarning(error instanceof Error ? error : String(error))
