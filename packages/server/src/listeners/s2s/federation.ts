/** All that this server has to do with others: who may come, whose domains are ours, and the ways to all other domains. */
import {
  type DialbackClaim,
  DialbackVerify,
  StanzaError,
  errorReply,
  isDialbackKey,
  mayBounce,
} from '@meerkat/protocol'
import type { Delivery } from '../../core/delivery.ts'
import type { Kernel } from '../../core/kernel.ts'
import type { Dns } from './dns.ts'
import { domainOf } from './incoming.ts'
import { type Opener, Unreachable, openStream } from './open-stream.ts'
import type { S2sOptions } from './options.ts'
import type { OutgoingStream } from './outgoing.ts'
import { Route } from './route.ts'

/** To how many domains there may be ways at once, and about how many claims others may be asked at once. */
const MOST_ROUTES = 10_000
const MOST_QUESTIONS = 1000

/** What the federation needs. */
export interface FederationParts {
  readonly kernel: Kernel
  readonly dns: Dns
  /** `[s2s]` of a host type; undefined for what belongs to none. */
  readonly options: (hostType: string | undefined) => S2sOptions
}

/** The federation of one node. */
export class Federation implements Opener {
  readonly kernel: Kernel
  readonly dns: Dns
  readonly #options: FederationParts['options']
  readonly #routes = new Map<string, Route>()
  /** How many stanzas went over another connection because one was lost. */
  resent = 0
  #questions = 0
  #isClosed = false

  constructor({ kernel, dns, options }: FederationParts) {
    this.kernel = kernel
    this.dns = dns
    this.#options = options
    kernel.hosts.elsewhere = (delivery) => this.#route(delivery)
    const figures = kernel.metrics.scope()
    figures.gauge('meerkat_s2s_streams', 'outgoing', () => this.size)
    figures.gauge('meerkat_s2s_unacknowledged', 'count', () => this.unacknowledged)
    figures.counted('meerkat_s2s_resent', 'count', () => this.resent)
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** How many streams to other servers there are. */
  get size(): number {
    return [...this.#routes.values()].filter(({ isOpen }) => isOpen).length
  }

  /** How many stanzas other servers have not acknowledged. */
  get unacknowledged(): number {
    let sum = 0
    for (const route of this.#routes.values()) sum += route.unacknowledged
    return sum
  }

  /** Whether a domain is served here. */
  isOurs(domain: string): boolean {
    return this.kernel.hosts.of(domain) !== undefined || this.kernel.hosts.service(domain) !== undefined
  }

  /** Whether one of our domains may have to do with another one. */
  allows(local: string, remote: string): boolean {
    return this.#optionsOf(local).allows(remote)
  }

  /** Whether those who send to one of our domains learn what was handled (XEP-0198). */
  acknowledges(local: string): boolean {
    return this.#optionsOf(local).acks !== undefined
  }

  /** Whether a key is one that a domain of ours has given. */
  isOurKey(key: string, claim: DialbackClaim): boolean {
    return isDialbackKey(key, this.#optionsOf(claim.originating).secret, claim)
  }

  /** XEP-0220 §2.2: asks the server of a domain whether a key is its own. Rejects with a StanzaError when it cannot be asked. */
  async verify(claim: DialbackClaim, key: string): Promise<boolean> {
    if (this.#questions >= MOST_QUESTIONS) throw new StanzaError('wait', 'resource-constraint')
    this.#questions++
    try {
      const { receiving: local, originating: remote } = claim
      const options = this.#optionsOf(local)
      const stream = await openStream(this, options, { local, remote, kind: 'verify' })
      return await this.#ask(stream, options, claim, key).finally(() => stream.close())
    } catch (error) {
      if (error instanceof Unreachable) throw new StanzaError('cancel', error.condition, error.message)
      throw error
    } finally {
      this.#questions--
    }
  }

  #ask(stream: OutgoingStream, options: S2sOptions, claim: DialbackClaim, key: string): Promise<boolean> {
    const { receiving: local, originating: remote, streamId: id } = claim
    return new Promise((resolve, reject) => {
      const lost = (): void => reject(new StanzaError('wait', 'remote-server-timeout'))
      const timer = this.kernel.timers.after(options.stateTimeoutMs / 1000, lost)
      stream.use({
        received: (answer) => {
          if (!DialbackVerify.is(answer) || answer.attr('id') !== id) return
          // S71: only what was asked is answered
          if (domainOf(answer.attr('from')) !== remote || domainOf(answer.attr('to')) !== local) return
          timer.cancel()
          resolve(answer.attr('type') === 'valid')
        },
        drained: () => undefined,
        gone: () => {
          timer.cancel()
          lost()
        },
      })
      stream.send(DialbackVerify({ from: local, to: remote, id }, key))
    })
  }

  /** A way that leads nowhere at present. */
  forget(route: Route): void {
    const key = `${route.local} ${route.remote}`
    if (this.#routes.get(key) === route) this.#routes.delete(key)
  }

  /** Tells the sender of a stanza that it could not be sent. */
  bounce(delivery: Delivery, error: StanzaError): void {
    const host = this.kernel.hosts.of(delivery.from.domain)
    if (!mayBounce(delivery.stanza)) return
    if (host !== undefined && delivery.stanza.name === 'message') {
      host.counters.messagesBounced++
      return host.bounce(delivery, error)
    }
    this.kernel.router.answer(delivery, errorReply(delivery.stanza, error))
  }

  /** Closes all streams, and takes no stanzas any more; resolves when they are gone, which takes some seconds at most. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.kernel.hosts.elsewhere = undefined
    await Promise.all([...this.#routes.values()].map((route) => route.close()))
    this.#routes.clear()
  }

  #optionsOf(local: string): S2sOptions {
    const home = this.kernel.hosts.home(local)
    return this.#options(home === undefined ? undefined : this.kernel.hosts.of(home)?.type)
  }

  /** The router has a stanza for a domain that is not served here. */
  #route(delivery: Delivery): void {
    const { from, to } = delivery
    // S59: what came from elsewhere does not leave again
    if (!this.isOurs(from.domain)) return
    const options = this.#optionsOf(from.domain)
    if (this.#isBelowOurs(to.domain) && !options.routeSubdomains) {
      this.kernel.counters.noRouteFound++
      throw new StanzaError('cancel', 'remote-server-not-found')
    }
    if (!options.allows(to.domain)) throw new StanzaError('cancel', 'not-allowed', 'This server is not spoken to.')
    const route = this.#routeTo(options, from.domain, to.domain)
    delivery.afterwards(() => route.send(delivery))
  }

  #routeTo(options: S2sOptions, local: string, remote: string): Route {
    const key = `${local} ${remote}`
    let route = this.#routes.get(key)
    if (route !== undefined) return route
    if (this.#routes.size >= MOST_ROUTES) throw new StanzaError('wait', 'resource-constraint')
    this.#routes.set(key, (route = new Route(this, options, local, remote)))
    return route
  }

  /** Whether a domain stands below one of ours. */
  #isBelowOurs(domain: string): boolean {
    for (let at = domain.indexOf('.'); at >= 0; at = domain.indexOf('.', at + 1))
      if (this.kernel.hosts.of(domain.slice(at + 1)) !== undefined) return true
    return false
  }
}
