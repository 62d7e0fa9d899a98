/** Items of one publisher, each with a marker, and whether all who want them get each one once. */
import type { Marker } from './scanner.ts'
import { microseconds } from './test.ts'

/** The node: a list of devices with keys (XEP-0384), which is about what clients publish most. */
export const NODE = 'urn:xmpp:omemo:2:devices'
/** Characters from the beginning to the end of a marker, in the label of the first device. */
export const MARKER = 64
const DEVICES = 12

const padded = (value: number, length: number) => String(value).padStart(length, '0')
const device = (id: number, label: string) => `<device id='${1_000_000_000 + id}' label='${label}'/>`
const others = Array.from({ length: DEVICES }, (_, id) =>
  device(id, 'the telephone number seven, in the pocket'.slice(id)),
).join('')

/** The request that publishes item `number`: about 1 kB. */
export function publication(number: number): string {
  const marker = `~B${padded(0, 6)}${padded(number, 9)}${padded(microseconds(), 13)}${'m'.repeat(MARKER - 32)}E~`
  const payload = `<devices xmlns='urn:xmpp:omemo:2'>${device(DEVICES, marker)}${others}</devices>`
  const publish = `<publish node='${NODE}'><item id='current'>${payload}</item></publish>`
  return `<iq type='set' id='p${number}'><pubsub xmlns='http://jabber.org/protocol/pubsub'>${publish}</pubsub></iq>`
}

/** Counts what was published and what has come. */
export class Events {
  published = 0
  /** Notifications that have come, and items that everybody has. */
  notified = 0
  complete = 0
  readonly faults = { dup: 0, gap: 0, damaged: 0 }
  /** Number of the next item, for each of those who want them; and how many have an item that not everybody has. */
  readonly #expected: Uint32Array
  readonly #have = new Map<number, number>()

  constructor(contacts: number) {
    this.#expected = new Uint32Array(contacts)
  }

  /** The number of the next item. */
  next(): number {
    return this.published++
  }

  /** One of them got an item; whether everybody has it now. */
  arrived({ recipient, number, intact }: Marker): boolean {
    if (!intact) this.faults.damaged++
    const expected = this.#expected[recipient]!
    if (number < expected) {
      this.faults.dup++
      return false
    }
    this.faults.gap += number - expected
    this.#expected[recipient] = number + 1
    this.notified++
    const have = (this.#have.get(number) ?? 0) + 1
    this.#have.set(number, have)
    if (have < this.#expected.length) return false
    this.#have.delete(number)
    this.complete++
    return true
  }

  get faultless(): boolean {
    return this.complete === this.published && Object.values(this.faults).every((count) => count === 0)
  }
}
