/** What the archive of users counts, under MongooseIM's names. */
import type { Counter, Histogram, MetricScope } from '../../core/metrics.ts'

/** A sample that has not ended after so many milliseconds was of a message that could not be stored. Every so many messages that is looked at. */
const LOST = 60_000
const LOOK = 64

/** One message whose way is timed. */
export interface Sample {
  /** Call it when the message was handed to the store. */
  readonly handedIn: () => void
  /** What to do when it is durable. */
  readonly stored: () => void
}

/** Counts of one host type. */
export class ArchiveFigures {
  /** Messages handed to the store; each copy, the sender's and the recipient's, counts. */
  readonly archived: Counter
  readonly lookups: Counter
  readonly simpleLookups: Counter
  readonly lookupSize: Histogram
  readonly lookupTime: Histogram
  readonly removed: Counter
  readonly gotPrefs: Counter
  readonly setPrefs: Counter
  /** Requests that were refused because there were too many. */
  readonly refused: Counter
  readonly #archiveTime: Histogram
  readonly #flushed: Counter
  readonly #flushTime: Histogram
  readonly #timePerMessage: Histogram
  readonly #now: () => number
  #sampledAt: number | undefined
  #unsampled = 0

  constructor(metrics: MetricScope, now: () => number) {
    this.archived = metrics.counter('mod_mam_pm_archive_message')
    this.#archiveTime = metrics.histogram('mod_mam_pm_archive_message')
    this.lookups = metrics.counter('mod_mam_pm_lookup')
    this.simpleLookups = metrics.counter('mod_mam_pm_lookup', 'simple')
    this.lookupSize = metrics.histogram('mod_mam_pm_lookup', 'size')
    this.lookupTime = metrics.histogram('mod_mam_pm_lookup')
    this.removed = metrics.counter('mod_mam_pm_remove_archive')
    this.gotPrefs = metrics.counter('mod_mam_pm_get_prefs')
    this.setPrefs = metrics.counter('mod_mam_pm_set_prefs')
    this.refused = metrics.counter('mod_mam_pm_dropped_iq')
    // Always 0: a message that cannot be stored is refused, not dropped.
    metrics.counter('mod_mam_pm_dropped')
    this.#flushed = metrics.counter('mod_mam_pm_flushed')
    this.#flushTime = metrics.histogram('mod_mam_pm_flushed')
    this.#timePerMessage = metrics.histogram('mod_mam_pm_flushed', 'time_per_message')
    this.#now = now
  }

  /** What to do when a message is durable that is no sample. */
  readonly stored = (): void => void this.#flushed.value++

  /** Times the next message; undefined while another one is on its way: for each, the clock would be read six times. */
  sample(): Sample | undefined {
    if (this.#sampledAt !== undefined && ++this.#unsampled % LOOK !== 0) return undefined
    const now = this.#now()
    if (this.#sampledAt !== undefined && now - this.#sampledAt < LOST) return undefined
    this.#sampledAt = now
    return this.#sample(now, this.#flushed.value)
  }

  #sample(began: number, before: number): Sample {
    const micros = (): number => (this.#now() - began) * 1000
    return {
      handedIn: () => this.#archiveTime.observe(micros()),
      stored: () => {
        this.stored()
        this.#sampledAt = undefined
        const passed = micros()
        this.#flushTime.observe(passed)
        this.#timePerMessage.observe(passed / (this.#flushed.value - before))
      },
    }
  }

  /** Counts a page and how long it took. */
  found(messages: number, began: number, simple: boolean): void {
    this.lookups.value++
    if (simple) this.simpleLookups.value++
    this.lookupSize.observe(messages)
    this.lookupTime.observe((this.#now() - began) * 1000)
  }
}
