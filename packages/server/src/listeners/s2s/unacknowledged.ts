/** XEP-0198 on a stream to another server: what it was sent and has not acknowledged, and when it is asked (S78). */
import { countBetween, countOn } from '@meerkat/protocol'
import type { Kernel } from '../../core/kernel.ts'
import type { Timer } from '../../core/timers.ts'
import type { AckOptions } from './options.ts'
import type { Parcel } from './outlet.ts'

/** How long the other server is not asked about a few stanzas, in seconds. */
const ASK_SECONDS = 1
/** Behind how many characters it is asked, however few stanzas they are. */
const ASK_CHARACTERS = 32_768
/** An acknowledgement that is further off than this is an old one. */
const HALF = 2 ** 31

/** Whose stream it is. */
export interface UnacknowledgedOwner {
  /** It is time to ask the other server. */
  ask(): void
  /** The other server was asked and has not answered in time. */
  silent(): void
}

/** What another server was sent and has not acknowledged. */
export class Unacknowledged {
  readonly #kernel: Kernel
  readonly #options: AckOptions
  readonly #owner: UnacknowledgedOwner
  readonly #parcels: Parcel[] = []
  #characters = 0
  #sent = 0
  #acked = 0
  /** What was sent since the other server was last asked. */
  #unasked = 0
  #unaskedCharacters = 0
  /** Questions that are not answered. */
  #questions = 0
  /** When the other server was asked, or has last answered. */
  #heardAt = 0
  #isStopped = false
  #soon: Timer | undefined
  #late: Timer | undefined
  #settled: PromiseWithResolvers<void> | undefined

  constructor(kernel: Kernel, options: AckOptions, owner: UnacknowledgedOwner) {
    this.#kernel = kernel
    this.#options = options
    this.#owner = owner
  }

  /** How many stanzas were sent (modulo 2^32). */
  get sent(): number {
    return this.#sent
  }

  /** How many stanzas are not acknowledged. */
  get size(): number {
    return this.#parcels.length
  }

  /** Whether so much is not acknowledged that the rest has to wait. */
  get isFull(): boolean {
    return this.#parcels.length >= this.#options.stanzas || this.#characters >= this.#options.characters
  }

  /** What is not acknowledged, oldest first. */
  get parcels(): readonly Parcel[] {
    return this.#parcels
  }

  /** Resolves when nothing is left to acknowledge, or nobody will; undefined when that is so. */
  get settled(): Promise<void> | undefined {
    if (this.#parcels.length === 0 || this.#isStopped) return undefined
    return (this.#settled ??= Promise.withResolvers<void>()).promise
  }

  /** A stanza was sent. */
  add(parcel: Parcel): void {
    this.#sent = countOn(this.#sent)
    this.#parcels.push(parcel)
    this.#characters += parcel.characters
    this.#unaskedCharacters += parcel.characters
    if (++this.#unasked >= this.#options.askEvery || this.#unaskedCharacters >= ASK_CHARACTERS) this.ask()
    else this.#askSoon()
  }

  /** Asks the other server. */
  ask(): void {
    this.#unasked = 0
    this.#unaskedCharacters = 0
    if (this.#questions++ === 0) this.#heardAt = this.#kernel.clock.monotonic()
    this.#owner.ask()
    if (this.#late === undefined) this.#watch()
  }

  /** §4: the other server has handled this many; false when it was not sent so many. */
  acknowledge(handled: number): boolean {
    const fresh = countBetween(this.#acked, handled)
    if (fresh > this.#parcels.length) return fresh >= HALF
    this.#acked = handled
    for (const { characters } of this.#parcels.splice(0, fresh)) this.#characters -= characters
    this.#heardAt = this.#kernel.clock.monotonic()
    // Who says it without having been asked is only asked once more.
    if (this.#questions > 0) this.#questions--
    if (this.#parcels.length > 0) this.#askSoon()
    else this.#settled?.resolve()
    return true
  }

  /** The stream is over: nobody is asked any more. */
  stop(): void {
    this.#isStopped = true
    this.#soon?.cancel()
    this.#late?.cancel()
    this.#settled?.resolve()
  }

  /** A few stanzas share a question, and so do those that are sent while one is under way. */
  #askSoon(): void {
    if (this.#questions > 0) return
    this.#soon ??= this.#kernel.timers.after(ASK_SECONDS, () => {
      this.#soon = undefined
      if (this.#questions === 0 && this.#parcels.length > 0) this.ask()
    })
  }

  /** One timer for all questions: it looks when the other server has last answered. */
  #watch(): void {
    this.#late = undefined
    if (this.#questions === 0 || this.#options.timeoutMs === Infinity) return
    const rest = this.#options.timeoutMs - (this.#kernel.clock.monotonic() - this.#heardAt)
    if (rest <= 0) return this.#owner.silent()
    this.#late = this.#kernel.timers.after(rest / 1000, () => this.#watch())
  }
}
