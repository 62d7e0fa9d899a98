/** The links of a node to all others: who is there, who has gone, and what is on its way. */
import type { Clock } from '../clock.ts'
import type { TimerWheel, Timer } from '../timers.ts'
import type { Envelope } from './envelopes.ts'
import { type Done, Link } from './link.ts'
import type { Packet, Transport } from './packets.ts'

/** What the owner of the links is told. */
export interface LinkEvents {
  /** A node is there; envelopes reach it from now on. */
  up(node: string): void
  /** A node has gone. What was on its way to it fails after this. */
  down(node: string): void
  handle(from: string, envelope: Envelope): void
}

/** How often nodes are heard of when nothing else is said, and after how long a silent one has gone; in seconds. */
const BEAT_SECONDS = 1
const GONE_SECONDS = 5
/** How often is looked for what has to be sent again, in seconds. */
const RETRY_SECONDS = 0.1
/** How often goodbye is said: nobody would say it again if it were lost. */
const BYES = 3
/** How many other nodes there may be. */
const MAX_NODES = 256

/** All links of this node. */
export class Links {
  readonly #transport: Transport
  readonly #clock: Clock
  readonly #events: LinkEvents
  readonly #links = new Map<string, Link>()
  readonly #timers: readonly Timer[]
  #closed = false

  constructor(transport: Transport, clock: Clock, timers: TimerWheel, events: LinkEvents) {
    this.#transport = transport
    this.#clock = clock
    this.#events = events
    transport.onPacket((from, packet) => this.#receive(from, packet))
    this.#timers = [
      timers.every(BEAT_SECONDS, () => this.#beat()),
      timers.every(RETRY_SECONDS, () => this.#links.forEach((link) => link.retry())),
    ]
    transport.broadcast({ kind: 'hello' })
  }

  /** The other nodes that are there. */
  nodes(): string[] {
    return [...this.#links].flatMap(([node, { up }]) => (up ? [node] : []))
  }

  /** How many envelopes wait for their acknowledgement. */
  get waiting(): number {
    let waiting = 0
    for (const link of this.#links.values()) waiting += link.waiting
    return waiting
  }

  /** Sends an envelope to a node; one that is not there, or does not keep up, fails it. */
  send(node: string, envelope: Envelope, done?: Done): void {
    const link = this.#links.get(node)
    if (link?.up === true && link.send(envelope, done)) return
    if (link?.up === true) this.#drop(node, link)
    done?.(false)
  }

  /** Sends an envelope to all other nodes. Resolves when each has handled it or has gone; undefined when there is none. */
  broadcast(envelope: Envelope): Promise<void> | undefined {
    const nodes = this.nodes()
    if (nodes.length === 0) return undefined
    const all = nodes.map((node) => new Promise<boolean>((resolve) => this.send(node, envelope, resolve)))
    return Promise.all(all).then(() => undefined)
  }

  /** Says goodbye to all. */
  close(): void {
    this.#closed = true
    for (const timer of this.#timers) timer.cancel()
    for (const [node, link] of this.#links) {
      for (let i = 0; i < BYES; i++) this.#transport.send(node, { kind: 'bye', mine: link.mine })
      link.fail()
    }
    this.#links.clear()
  }

  #beat(): void {
    this.#transport.broadcast({ kind: 'hello' })
    const silent = this.#clock.monotonic() - GONE_SECONDS * 1000
    for (const [node, link] of this.#links) {
      if (link.heardAt < silent) this.#drop(node, link)
      else link.beat()
    }
  }

  #receive(from: string, packet: Packet): void {
    if (this.#closed) return
    const link = this.#links.get(from)
    if (packet.kind === 'hello') {
      if (link === undefined) this.#open(from)?.beat()
      return
    }
    const { mine } = packet
    // What was under way for long is of no interest any more.
    if (link?.theirs !== undefined && mine < link.theirs) return
    // The other node has begun anew.
    if (link?.theirs !== undefined && mine > link.theirs) {
      this.#drop(from, link)
      return this.#receive(from, packet)
    }
    if (packet.kind === 'bye') {
      if (link?.theirs === mine) this.#drop(from, link)
      return
    }
    this.#heard(from, link ?? this.#open(from), packet)
  }

  #heard(from: string, link: Link | undefined, packet: Packet & { kind: 'beat' | 'data' }): void {
    if (link === undefined) return
    const { mine, theirs } = packet
    // Meant for an end that is no more; the beat of this one will tell.
    if (theirs !== undefined && theirs !== link.mine) return
    const known = link.theirs !== undefined
    link.theirs = mine
    link.heardAt = this.#clock.monotonic()
    if (theirs === undefined) return link.beat()
    if (!link.up) {
      link.up = true
      // The other end is not up before it hears that it is known.
      if (!known) link.beat()
      this.#events.up(from)
    }
    link.acknowledged(packet.ack, packet.gap)
    if (packet.kind === 'data') link.received(packet.seq, packet.envelope)
  }

  #open(node: string): Link | undefined {
    if (this.#links.size >= MAX_NODES) return undefined
    const link = new Link(this.#clock.micros(), this.#clock, {
      transmit: (packet) => this.#transport.send(node, packet),
      handle: (envelope) => this.#events.handle(node, envelope),
    })
    this.#links.set(node, link)
    return link
  }

  #drop(node: string, link: Link): void {
    if (this.#links.get(node) !== link) return
    this.#links.delete(node)
    if (link.up) this.#events.down(node)
    link.fail()
  }
}
