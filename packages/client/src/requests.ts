/** IQ requests that have not been answered (RFC 6120 §8.2.3). */
import { type Element } from '@meerkat/xml'
import { type Jid, tryJid } from '@meerkat/protocol'
import { type Ended } from './describe.ts'
import { ClosedError } from './errors.ts'
import { type Waiting } from './waiting.ts'

/** A request on its way. */
export interface Request extends Waiting<Element> {
  readonly to: Jid | undefined
  readonly what: string
  /** Called with the answer at the moment when it arrives, before anything behind it is looked at. */
  readonly arrived: (() => void) | undefined
}

/** Finds the request that an answer belongs to. */
export class Requests {
  readonly #pending = new Map<string, Request>()

  /** Whether a request with this id waits. */
  has(id: string): boolean {
    return this.#pending.has(id)
  }

  /** Remembers a request. */
  add(id: string, request: Request): void {
    this.#pending.set(id, request)
  }

  /** Forgets a request. */
  remove(id: string): void {
    this.#pending.delete(id)
  }

  /** Gives a result or an error to whoever asked; false when `stanza` answers nothing that `own` has asked. */
  settle(stanza: Element, own: Jid): boolean {
    const type = stanza.attr('type')
    if (stanza.name !== 'iq' || (type !== 'result' && type !== 'error')) return false
    const request = this.#pending.get(stanza.attr('id') ?? '')
    if (request === undefined || !answers(request.to, stanza.attr('from'), own)) return false
    request.arrived?.()
    request.resolve(stanza)
    return true
  }

  /** Nothing more will come. */
  end(ended: Ended, contents: readonly Element[]): void {
    for (const request of this.#pending.values()) {
      request.reject(new ClosedError(`waited for ${request.what}`, ended, contents))
    }
  }
}

/** Whether an answer from `from` may answer a request to `to`: others who guess an id are not listened to. */
function answers(to: Jid | undefined, from: string | undefined, own: Jid): boolean {
  const sender = tryJid(from)
  if (sender === undefined && from !== undefined) return false
  // RFC 6120 §8.1.2.1: what the server says on behalf of the account has the bare JID or no `from` at all.
  const onBehalf = sender === undefined || sender.equals(own.bare)
  if (to === undefined) return onBehalf || sender.equals(own) || sender.toString() === own.domain
  return sender === undefined ? to.equals(own.bare) || to.toString() === own.domain : sender.equals(to)
}
