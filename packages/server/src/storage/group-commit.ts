/** Group commit: units of work queue while a transaction is under way, and all of them are the next one. */
import { StorageError, type Write } from '../core/database.ts'
import { BatchQueue, type Job, type Pace, type QueueLimits, weightOf } from './batch-queue.ts'
import { type Failure } from './sqlite/transaction.ts'

/** Commits units in their order as one transaction and says which were not kept. */
export type CommitUnits = (units: readonly (readonly Write[])[]) => Promise<readonly Failure[]>

interface Unit extends Job {
  readonly writes: readonly Write[]
  done(): void
}

/** The committing half of a database, whatever the engine. */
export class GroupCommit {
  readonly #queue: BatchQueue<Unit>

  constructor(commit: CommitUnits, limits: QueueLimits, pace: Pace) {
    this.#queue = new BatchQueue([(units) => run(commit, units)], limits, pace)
  }

  /** See `Database.commit`. */
  commit(writes: readonly Write[]): Promise<void> {
    if (writes.length === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      let bytes = 0
      for (const write of writes) bytes += weightOf(write.sql, write.params)
      this.#queue.add({ writes, bytes, done: resolve, fail: reject })
    })
  }

  /** Takes nothing more; resolves when everything queued is committed or refused. */
  close(): Promise<void> {
    return this.#queue.close()
  }
}

async function run(commit: CommitUnits, units: readonly Unit[]): Promise<void> {
  const failures = await commit(units.map((unit) => unit.writes))
  let next = 0
  for (let i = 0; i < units.length; i++) {
    const unit = units[i] as Unit
    const failure = failures[next]
    if (failure?.unit === i) {
      next++
      unit.fail(errorOf(failure, unit.writes))
    } else {
      tell(unit.writes)
      unit.done()
    }
  }
}

function errorOf(failure: Failure, writes: readonly Write[]): Error {
  const refused = failure.refusedBy === undefined ? undefined : writes[failure.refusedBy]?.orElse
  return refused ?? new StorageError(failure.problem?.problem ?? 'invalid', failure.problem?.message ?? 'refused')
}

/** The unit is durable whatever its listeners do: one that throws is a mistake of the program, reported but harmless to the rest. */
function tell(writes: readonly Write[]): void {
  for (const { committed } of writes) {
    if (committed === undefined) continue
    try {
      committed()
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error))
    }
  }
}
