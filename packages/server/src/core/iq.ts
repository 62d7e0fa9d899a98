/** IQ requests: who answers which payload (RFC 6120 §8.2.3), and the requests that the server itself has made. */
import { randomBytes } from 'node:crypto'
import { type Jid, StanzaError, isRequest, payload, qualifiedName, readStanzaError } from '@meerkat/protocol'
import type { Element, Tag } from '@meerkat/xml'
import type { Delivery } from './delivery.ts'
import type { Timer, TimerWheel } from './timers.ts'

/** Whom a request is addressed to: the server (its domain) or an account (a bare JID, or no address at all). */
export type IqTarget = 'server' | 'account'

/** What a handler knows of a request besides the stanza. */
export interface IqRequest {
  /** Who asks: a full JID when a client does. */
  readonly from: Jid
  /** The domain or the account asked. */
  readonly to: Jid
  readonly delivery: Delivery
}

/** Answers a request with the result stanza (see `result`), or throws a StanzaError. The sender's next stanza waits for the answer. */
export type IqHandler = (iq: Element, request: IqRequest) => Element | Promise<Element>

/** A handler as a module lists it. */
export interface IqRoute {
  readonly type: 'get' | 'set'
  readonly tag: Tag
  readonly targets: readonly IqTarget[]
  readonly handler: IqHandler
}

const BOTH: readonly IqTarget[] = ['server', 'account']

/** Answers `<iq type='get'>` with this payload. */
export const iqGet = (tag: Tag, handler: IqHandler, targets = BOTH): IqRoute => ({ type: 'get', tag, handler, targets })
/** Answers `<iq type='set'>` with this payload. */
export const iqSet = (tag: Tag, handler: IqHandler, targets = BOTH): IqRoute => ({ type: 'set', tag, handler, targets })

/** The handlers of one host type. */
export class IqRoutes {
  readonly #handlers = new Map<string, IqHandler>()

  /** Adds a route; throws when another module answers the same payload. */
  add(route: IqRoute): void {
    for (const target of route.targets) {
      const key = routeKey(target, route.type, qualifiedName(route.tag))
      if (this.#handlers.has(key)) throw new Error(`two handlers for iq ${key}`)
      this.#handlers.set(key, route.handler)
    }
  }

  /** Takes a route out. */
  remove(route: IqRoute): void {
    for (const target of route.targets) this.#handlers.delete(routeKey(target, route.type, qualifiedName(route.tag)))
  }

  /** Answers a request; throws or rejects with the StanzaError that RFC 6120 §8.2.3 and §8.4 want. */
  answer(target: IqTarget, delivery: Delivery): Element | Promise<Element> {
    const iq = delivery.stanza
    const child = payload(iq)
    if (child === undefined || !isRequest(iq)) throw new StanzaError('modify', 'bad-request')
    const handler = this.#handlers.get(routeKey(target, iq.attr('type')!, qualifiedName(child)))
    // RFC 6120 §8.4: a payload that is not understood
    if (handler === undefined) throw new StanzaError('cancel', 'service-unavailable')
    return handler(iq, { from: delivery.from, to: delivery.to, delivery })
  }
}

function routeKey(target: IqTarget, type: string, name: string): string {
  return `${target} ${type} ${name}`
}

interface Pending {
  readonly to: string
  readonly resolve: (answer: Element) => void
  readonly reject: (error: Error) => void
  readonly timer: Timer
}

/** Requests made by the server that wait for an answer. Bounded: one more than the limit is refused. */
export class PendingRequests {
  readonly #waiting = new Map<string, Pending>()
  readonly #timers: TimerWheel
  readonly #limit: number

  constructor(timers: TimerWheel, limit = 100_000) {
    this.#timers = timers
    this.#limit = limit
  }

  /**
   * Sends a request under an id that nobody can guess, whatever id it has. Resolves with the result, rejects with the StanzaError of the answer
   * or `remote-server-timeout` after `seconds`.
   */
  send(iq: Element, seconds: number, transmit: (iq: Element) => void): Promise<Element> {
    if (this.#waiting.size >= this.#limit) return Promise.reject(new StanzaError('wait', 'resource-constraint'))
    const id = randomBytes(9).toString('base64url')
    return new Promise((resolve, reject) => {
      const timer = this.#timers.after(seconds, () => {
        this.#waiting.delete(id)
        reject(new StanzaError('wait', 'remote-server-timeout'))
      })
      this.#waiting.set(id, { to: iq.attr('to') ?? '', resolve, reject, timer })
      transmit(iq.with({ id }))
    })
  }

  /** Takes an IQ result or error; false when nobody waits for it, also when it comes from another address than the one asked (S58). */
  settle(answer: Element, from: Jid): boolean {
    const id = answer.attr('id')
    const pending = id === undefined ? undefined : this.#waiting.get(id)
    if (pending === undefined || pending.to !== from.toString()) return false
    this.#waiting.delete(id!)
    pending.timer.cancel()
    if (answer.attr('type') === 'error') pending.reject(readStanzaError(answer))
    else pending.resolve(answer)
    return true
  }
}
