/** One timer wheel for the whole server: an idle session costs no timer of the runtime's. */
import type { Clock } from './clock.ts'

/** A call that will be made later. */
export interface Timer {
  /** Takes the call back; without effect once it was made. */
  cancel(): void
}

class Entry implements Timer {
  readonly due: number
  call: (() => void) | undefined

  constructor(due: number, call: () => void) {
    this.due = due
    this.call = call
  }

  cancel(): void {
    this.call = undefined
  }
}

const TICK_MS = 100
const SLOTS = 1024

/**
 * Timers in slots of 100 ms; one turn of the wheel is about 102 s, longer ones stay in their slot for several turns. A call is made at its time or up
 * to one tick later, never earlier. Adding and cancelling cost constant time.
 */
export class TimerWheel {
  readonly #clock: Clock
  readonly #failed: (error: unknown) => void
  readonly #slots: Entry[][] = Array.from({ length: SLOTS }, () => [])
  #tick: number

  constructor(clock: Clock, failed: (error: unknown) => void) {
    this.#clock = clock
    this.#failed = failed
    this.#tick = Math.floor(clock.monotonic() / TICK_MS)
  }

  /** Calls `call` after `seconds` (at least one tick). */
  after(seconds: number, call: () => void): Timer {
    const due = Math.max(Math.ceil((this.#clock.monotonic() + seconds * 1000) / TICK_MS), this.#tick + 1)
    const entry = new Entry(due, call)
    this.#slots[due % SLOTS]!.push(entry)
    return entry
  }

  /** Calls `call` every `seconds` until cancelled. */
  every(seconds: number, call: () => void): Timer {
    const again = (): void => {
      current = this.after(seconds, again)
      call()
    }
    let current = this.after(seconds, again)
    return { cancel: () => current.cancel() }
  }

  /** How many calls are to be made; costs a walk over all of them. */
  get size(): number {
    return this.#slots.flat().filter((entry) => entry.call !== undefined).length
  }

  /** Makes the calls that have come due; the owner calls this once a tick. */
  advance(): void {
    const now = Math.floor(this.#clock.monotonic() / TICK_MS)
    // After a long pause (a suspended machine) one full turn visits every slot.
    if (now - this.#tick > SLOTS) this.#tick = now - SLOTS
    while (this.#tick < now) {
      this.#tick++
      this.#run(this.#tick % SLOTS, now)
    }
  }

  #run(slot: number, now: number): void {
    const entries = this.#slots[slot]!
    if (entries.length === 0) return
    const later: Entry[] = []
    this.#slots[slot] = later
    for (const entry of entries) {
      if (entry.call === undefined) continue
      if (entry.due > now) later.push(entry)
      else {
        const { call } = entry
        entry.call = undefined
        this.#call(call)
      }
    }
  }

  #call(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.#failed(error)
    }
  }
}

/** Turns the wheel by the system's clock, without keeping the process alive; returns how to stop it. */
export function turn(wheel: TimerWheel): () => void {
  const interval = setInterval(() => wheel.advance(), TICK_MS)
  interval.unref()
  return () => clearInterval(interval)
}
