/** The streams of clients that came over HTTP: watched, counted, and ended with the server. */
import { StreamError } from '@meerkat/protocol'
import type { Kernel } from '../../core/kernel.ts'
import type { Timer } from '../../core/timers.ts'
import { LoginStage } from './login.ts'
import type { C2sOptions } from './options.ts'
import { ClientStream } from './stream.ts'
import type { Receiver, Wire } from './wire.ts'

/** How often streams are looked at whose handlers do not settle. */
const WATCH_SECONDS = 30

/** All streams of a kind of transport. */
export class Streams {
  readonly #kernel: Kernel
  readonly #watch: Timer
  readonly #streams = new Set<ClientStream>()
  #strangers = 0
  #closing = false
  #emptied: (() => void) | undefined

  constructor(kernel: Kernel) {
    this.#kernel = kernel
    this.#watch = kernel.timers.every(WATCH_SECONDS, () => {
      for (const stream of this.#streams) stream.endIfStuck()
    })
  }

  get size(): number {
    return this.#streams.size
  }

  /** Whether the server stops, so that no stream may begin. */
  get closing(): boolean {
    return this.#closing
  }

  /** How many streams have not authenticated. */
  get strangers(): number {
    return this.#strangers
  }

  /** Begins a stream over the transport that `wireTo` makes; `gone` is called once when its connection is no more. */
  add(options: C2sOptions, wireTo: (receiver: Receiver) => Wire, gone?: () => void): void {
    let known = false
    this.#strangers++
    const recognised = (): void => {
      if (!known) this.#strangers--
      known = true
    }
    this.#kernel.counters.connectionsAccepted++
    const stream = new ClientStream(this.#kernel, options, wireTo, () => {
      recognised()
      this.#streams.delete(stream)
      gone?.()
      if (this.#streams.size === 0) this.#emptied?.()
    })
    this.#streams.add(stream)
    stream.start(new LoginStage(stream, recognised))
  }

  /** Tells every client `system-shutdown`, and resolves when they are gone, at the latest after `seconds` (R20). */
  async close(seconds = 5): Promise<void> {
    this.#closing = true
    this.#watch.cancel()
    if (this.#streams.size === 0) return
    const emptied = new Promise<void>((resolve) => (this.#emptied = resolve))
    for (const stream of this.#streams) stream.close(new StreamError('system-shutdown'))
    const late = setTimeout(() => {
      for (const stream of this.#streams) stream.destroy('the server stops')
    }, seconds * 1000)
    if (this.#streams.size > 0) await emptied
    clearTimeout(late)
  }
}
