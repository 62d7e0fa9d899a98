/** What waits for a BOSH client until it has a request here, within bounds. */
import type { Element } from '@meerkat/xml'
import type { C2sOptions } from '../c2s/options.ts'
import { standaloneText } from '../c2s/stanza-text.ts'

/** Elements for a client, as text. */
export class Outgoing {
  readonly #caps: Pick<C2sOptions, 'outboundBytes' | 'outboundStanzas'>
  #texts: string[] = []
  #length = 0
  /** Told when the client has taken what is in line. */
  #room: PromiseWithResolvers<void> | undefined

  constructor(caps: Pick<C2sOptions, 'outboundBytes' | 'outboundStanzas'>) {
    this.#caps = caps
  }

  get isEmpty(): boolean {
    return this.#texts.length === 0
  }

  /** Whether more waits than may. */
  get isFull(): boolean {
    return this.#length > this.#caps.outboundBytes || this.#texts.length > this.#caps.outboundStanzas
  }

  /** Puts an element in line; the length of its text. */
  add(element: Element): number {
    const text = standaloneText(element)
    this.#texts.push(text)
    this.#length += text.length
    return text.length
  }

  /** Undefined while there is room for more (with `all`: when nothing waits), else resolves when the client has taken what is in line. */
  room(all: boolean): Promise<void> | undefined {
    const { outboundBytes, outboundStanzas } = this.#caps
    const much = this.#length >= outboundBytes / 4 || this.#texts.length >= outboundStanzas / 4
    if (!(much || (all && !this.isEmpty))) return undefined
    this.#room ??= Promise.withResolvers()
    return this.#room.promise
  }

  /** All that waits, which the client gets. */
  take(): string {
    const content = this.#texts.join('')
    this.#texts = []
    this.#length = 0
    this.tell()
    return content
  }

  /** Nobody need wait for room any more. */
  tell(): void {
    this.#room?.resolve()
    this.#room = undefined
  }
}
