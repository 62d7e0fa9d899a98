/** One end of a link between two nodes: every envelope is handled once and in order, or fails in finite time. */
import type { Clock } from '../clock.ts'
import type { Envelope } from './envelopes.ts'
import type { Packet } from './packets.ts'

/** Told once what became of an envelope: whether the other node has handled it. One that was not told of may have been handled all the same. */
export type Done = (handled: boolean) => void

/** How many envelopes are under way at a time; so many are kept at the other end when one before them is missing. */
const WINDOW = 512
/** How many envelopes and characters wait for a node. When there are more, the node counts as gone. */
const MAX_WAITING = 50_000
const MAX_CHARACTERS = 64 * 1024 * 1024
/** How long an acknowledgement may take before an envelope is sent again, at first and at most, in milliseconds. */
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 1600
/** How long it must be under way before word of a gap has it sent again. */
const GAP_RETRY_MS = 20
/** How many are sent again at a time. */
const RESENT_AT_ONCE = 64

interface Waiting {
  readonly envelope: Envelope
  readonly done: Done | undefined
  readonly size: number
  sentAt: number
  patience: number
}

/** What a link does besides keeping its books. */
export interface LinkEnds {
  /** Puts a packet on its way. */
  transmit(packet: Packet): void
  /** Handles an envelope. */
  handle(envelope: Envelope): void
}

/** The state of one end. */
export class Link {
  readonly mine: number
  theirs: number | undefined
  /** Whether the other end knows this one. */
  up = false
  /** When the other end was heard last, in milliseconds of the monotonic clock. */
  heardAt: number
  readonly #clock: Clock
  readonly #ends: LinkEnds
  /** What the other end has not acknowledged, oldest first; the first `#underWay` were sent. */
  #waiting: Waiting[] = []
  #underWay = 0
  #characters = 0
  /** The number of the last envelope that was acknowledged, and of the last that was handled here. */
  #acked = 0
  #handled = 0
  /** What came before its turn. */
  readonly #early = new Map<number, Envelope>()
  #owesAck = false

  constructor(mine: number, clock: Clock, ends: LinkEnds) {
    this.mine = mine
    this.#clock = clock
    this.#ends = ends
    this.heardAt = clock.monotonic()
  }

  /** How many envelopes wait for their acknowledgement. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** How many envelopes have come before their turn. */
  get early(): number {
    return this.#early.size
  }

  /** Takes an envelope for the other end; false when there is no room for it. */
  send(envelope: Envelope, done?: Done): boolean {
    const size = sizeOf(envelope)
    if (this.#waiting.length >= MAX_WAITING || this.#characters + size > MAX_CHARACTERS) return false
    this.#characters += size
    this.#waiting.push({ envelope, done, size, sentAt: 0, patience: FIRST_RETRY_MS })
    this.flush()
    return true
  }

  /** Sends what the window has room for. */
  flush(): void {
    if (!this.up) return
    while (this.#underWay < WINDOW && this.#underWay < this.#waiting.length) this.#transmit(this.#underWay++)
  }

  /** The other end has handled all up to `ack`; `gap`: something behind that was lost. */
  acknowledged(ack: number, gap: boolean): void {
    const fresh = Math.min(ack - this.#acked, this.#underWay)
    if (fresh > 0) {
      this.#acked += fresh
      this.#underWay -= fresh
      for (const { done, size } of this.#waiting.splice(0, fresh)) {
        this.#characters -= size
        done?.(true)
      }
      this.flush()
    }
    const oldest = this.#waiting[0]
    if (gap && this.#underWay > 0 && this.#clock.monotonic() - oldest!.sentAt >= GAP_RETRY_MS) this.#transmit(0)
  }

  /** An envelope has come. What was handled before is not handled again; what came too early waits for its turn. */
  received(seq: number, envelope: Envelope): void {
    this.#owe()
    if (seq <= this.#handled || seq > this.#handled + WINDOW) return
    this.#early.set(seq, envelope)
    for (;;) {
      const next = this.#early.get(this.#handled + 1)
      if (next === undefined) return
      this.#early.delete(++this.#handled)
      this.#ends.handle(next)
    }
  }

  /** Sends once more what has not been acknowledged in time. */
  retry(): void {
    const now = this.#clock.monotonic()
    for (let i = 0; i < Math.min(this.#underWay, RESENT_AT_ONCE); i++) {
      const each = this.#waiting[i]!
      if (now - each.sentAt < each.patience) continue
      each.patience = Math.min(each.patience * 2, LAST_RETRY_MS)
      this.#transmit(i)
    }
  }

  /** Tells the other end how far this one is. */
  beat(): void {
    this.#owesAck = false
    this.#ends.transmit({ kind: 'beat', ...this.#progress() })
  }

  /** The link is no more: what was not acknowledged fails. */
  fail(): void {
    this.up = false
    const failed = this.#waiting
    this.#waiting = []
    this.#underWay = 0
    for (const { done } of failed) done?.(false)
  }

  #progress() {
    return { mine: this.mine, theirs: this.theirs, ack: this.#handled, gap: this.#early.size > 0 }
  }

  #transmit(index: number): void {
    const each = this.#waiting[index]!
    each.sentAt = this.#clock.monotonic()
    this.#owesAck = false
    const { envelope } = each
    this.#ends.transmit({ kind: 'data', seq: this.#acked + 1 + index, envelope, ...this.#progress() })
  }

  /** One acknowledgement for all that comes in one step. */
  #owe(): void {
    if (this.#owesAck) return
    this.#owesAck = true
    queueMicrotask(() => {
      if (this.#owesAck) this.beat()
    })
  }
}

/** About how much memory an envelope takes. */
function sizeOf(envelope: Envelope): number {
  switch (envelope.kind) {
    case 'stanza':
      return envelope.stanza.length + 200
    case 'session':
      return (envelope.presence?.length ?? 0) + 200
    case 'word':
    case 'answer':
      return (envelope.data?.length ?? 0) + 200
    case 'gone':
    case 'synced':
      return 200
  }
}
