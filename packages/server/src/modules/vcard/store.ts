/** vCards and what of them can be searched for, kept together. */
import { type Jid, StanzaError } from '@meerkat/protocol'
import { type Element, parseElement, serialize } from '@meerkat/xml'
import type { Host, KeyValue, Write } from '../../core/module.ts'
import type { VCards } from './api.ts'
import { fieldsOf } from './fields.ts'
import { SearchIndex } from './search-index.ts'

export class VCardStore implements VCards {
  readonly index: SearchIndex
  readonly #host: Host
  readonly #cards: KeyValue
  readonly #maxSize: number
  /** The last change of each user that is under way: the index is changed by what it holds. */
  readonly #turns = new Map<string, Promise<void>>()

  constructor(host: Host, maxSize: number) {
    this.#host = host
    this.#cards = host.stores.keyValue('vcard')
    this.#maxSize = maxSize
    this.index = new SearchIndex(host)
  }

  async get(user: Jid): Promise<Element | undefined> {
    const text = await this.#cards.get(user.toString())
    return text === undefined ? undefined : parseElement(text)
  }

  async set(user: Jid, vcard: Element): Promise<void> {
    const text = serialize(vcard)
    if (Buffer.byteLength(text) > this.#maxSize)
      throw new StanzaError('modify', 'policy-violation', `A vCard may have ${this.#maxSize} bytes.`)
    await this.#inTurn(user, async () => {
      const changes = await this.index.change(user.local, user.domain, fieldsOf(user.local, vcard))
      await this.#host.commit(this.#cards.put(user.toString(), text), ...changes)
    })
  }

  /** What removes a user's vCard. */
  async remove(user: Jid): Promise<Write[]> {
    await this.#turns.get(user.toString())?.catch(() => undefined)
    return [this.#cards.remove(user.toString()), ...(await this.index.change(user.local, user.domain, undefined))]
  }

  async #inTurn(user: Jid, change: () => Promise<void>): Promise<void> {
    const key = user.toString()
    const before = this.#turns.get(key)
    const turn = before === undefined ? change() : before.catch(() => undefined).then(change)
    this.#turns.set(key, turn)
    try {
      await turn
    } finally {
      if (this.#turns.get(key) === turn) this.#turns.delete(key)
    }
  }
}
