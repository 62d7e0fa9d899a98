/** Reading a user's archive page by page (XEP-0313, XEP-0059). */
import { Body, Iq, MamFin, buildMamQuery, buildRsmRequest, parseMamFin, parseMamResult } from '@meerkat/protocol'
import { type Element, text } from '@meerkat/xml'
import { type Device } from './device.ts'

/** An archived message. */
export interface Archived {
  readonly id: string
  readonly body: string
}

/** What a reader has found. */
export interface Found {
  readonly messages: readonly Archived[]
  /** How many the whole archive has, as it says itself. */
  readonly count: number | undefined
}

/** Reads an archive over a device, which hands it the messages that it receives. */
export class ArchiveReader {
  readonly #device: Device
  #page: Archived[] = []
  #query = 0

  constructor(device: Device) {
    this.#device = device
  }

  /** Takes a message if it is a result of a query; false when it is something else. Results of queries before the present one count for nothing. */
  take(message: Element): boolean {
    const result = parseMamResult(message)
    if (result === undefined) return false
    const { id, queryid } = result
    if (queryid === String(this.#query)) this.#page.push({ id, body: text(Body.in(result.message)) })
    return true
  }

  /** Everything behind the message with the id `after`, or everything. */
  async read(after?: string): Promise<Found> {
    const messages: Archived[] = []
    for (let last = after; ; last = messages.at(-1)?.id) {
      this.#page = []
      const rsm = buildRsmRequest({ max: 50, after: last })
      const answer = await this.#device.ask(Iq({ type: 'set' }, buildMamQuery(String(++this.#query), [], { rsm })))
      const { complete, page } = parseMamFin(MamFin.in(answer)!)
      messages.push(...this.#page)
      if (complete) return { messages, count: page?.count }
      if (this.#page.length === 0) throw new Error('A page is empty, and yet the archive goes on.')
    }
  }
}
