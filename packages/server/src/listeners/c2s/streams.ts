/** The streams of clients that came over HTTP: watched, counted, and ended with the server. */
import { StreamError } from '@meerkat/protocol'
import type { Kernel } from '../../core/kernel.ts'
import { ipRange } from '../../core/network.ts'
import type { Timer } from '../../core/timers.ts'
import { LoginStage } from './login.ts'
import type { C2sOptions } from './options.ts'
import { ClientStream } from './stream.ts'
import { Strangers } from './strangers.ts'
import type { Receiver, Wire } from './wire.ts'

/** How often streams are looked at whose handlers do not settle. */
const WATCH_SECONDS = 30

/** Streams whose clients have not authenticated; more of them are refused, so that those who have may come. */
const MOST_STRANGERS = 10_000

/** How many times as many strangers may come from one address when it may be that of a proxy before many clients. */
const BEHIND_PROXY = 10

const LOCAL = ['127.0.0.0/8', '::1', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'].map(ipRange)

/** An address of this machine or of a private network: that of a proxy, perhaps. */
const mayBeProxy = (ip: string): boolean => LOCAL.some((covers) => covers(ip))

/** All streams of a kind of transport. */
export class Streams {
  readonly #kernel: Kernel
  readonly #watch: Timer
  readonly #streams = new Set<ClientStream>()
  readonly #strangers = new Strangers()
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

  /** S9: whether one more client from this address may come that has not authenticated. */
  welcomes(ip: string, options: C2sOptions): boolean {
    const limit = options.maxUnauthenticatedPerIp * (mayBeProxy(ip) ? BEHIND_PROXY : 1)
    return this.#strangers.size < MOST_STRANGERS && this.#strangers.from(ip) < limit
  }

  /** Begins a stream over the transport that `wireTo` makes; `gone` is called once when its connection is no more. */
  add(options: C2sOptions, wireTo: (receiver: Receiver) => Wire, gone?: () => void): void {
    let known = (): void => undefined
    this.#kernel.counters.connectionsAccepted++
    const stream = new ClientStream(this.#kernel, options, wireTo, () => {
      known()
      this.#streams.delete(stream)
      gone?.()
      if (this.#streams.size === 0) this.#emptied?.()
    })
    known = this.#strangers.add(stream.ip)
    this.#streams.add(stream)
    stream.start(new LoginStage(stream, () => known()))
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
