/** The components that are there, and the domains they serve, beside those of hosts and modules. */
import { type Jid, StanzaError, StreamError, errorReply, mayBounce } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import type { Delivery } from '../../core/delivery.ts'
import type { Host } from '../../core/host.ts'
import type { Service, ServiceAddition } from '../../core/hosts.ts'
import type { Kernel } from '../../core/kernel.ts'
import type { ComponentOptions } from './options.ts'

/** A component, as the registry knows it. */
export interface Component {
  readonly options: Pick<ComponentOptions, 'access' | 'conflict' | 'hidden'>
  /** The domain that it came for; with `everywhere`, a prefix for all domains of the server. */
  readonly name: string
  readonly everywhere: boolean
  /** Throws StanzaError when it can take nothing more. */
  checkRoom(): void
  /** Hands it a stanza; false when it has gone. */
  deliver(delivery: Delivery): boolean
  close(error: StreamError): void
}

/** A domain that a component serves. */
interface Place {
  readonly component: Component
  readonly host: Host | undefined
  readonly addition: ServiceAddition
}

/** All components of a node. */
export class Components {
  readonly #kernel: Kernel
  readonly #places = new Map<string, Place>()
  /** Wrong secrets. */
  failures = 0
  /** Stanzas that a component had no room for, and those that it left behind. */
  refused = 0
  bounced = 0

  constructor(kernel: Kernel) {
    this.#kernel = kernel
    const node = kernel.metrics.scope()
    node.counted('component_auth_failed', 'count', () => this.failures)
    node.gauge('meerkat_components', 'count', () => this.size)
    node.counted('meerkat_component_stanzas', 'refused', () => this.refused)
    node.counted('meerkat_component_stanzas', 'bounced', () => this.bounced)
    kernel.hosts.follow((domain) => this.#newDomain(domain))
    kernel.traffic.data('component')
    kernel.traffic.elements('component')
  }

  /** How many there are. */
  get size(): number {
    return new Set(Array.from(this.#places.values(), ({ component }) => component)).size
  }

  /** Gives a component its domains. Throws StreamError when one is taken and stays so (S70). */
  add(component: Component): void {
    const domains = this.#domainsOf(component)
    if (domains.some((domain) => this.#isServed(domain))) throw new StreamError('conflict')
    const others = new Set(domains.flatMap((domain) => this.#places.get(domain)?.component ?? []))
    if (others.size > 0 && component.options.conflict === 'disconnect') throw new StreamError('conflict')
    for (const other of others) {
      this.remove(other)
      other.close(new StreamError('conflict', 'Another component has come for this domain.'))
    }
    for (const domain of domains) this.#put(domain, component)
  }

  /** Takes a component's domains from it. */
  remove(component: Component): void {
    for (const [domain, { component: there, host, addition }] of this.#places) {
      if (there !== component) continue
      this.#places.delete(domain)
      this.#kernel.hosts.removeService(domain)
      host?.services.remove(addition)
    }
  }

  /** Whether an address belongs to a component. */
  owns(component: Component, jid: Jid): boolean {
    return this.#places.get(jid.domain)?.component === component
  }

  /** Tells the sender that a stanza did not get to the component. */
  bounce(stanza: Element, from: Jid, delivery: Delivery): void {
    if (!mayBounce(stanza)) return
    this.bounced++
    const error = new StanzaError('cancel', 'service-unavailable', 'The component has gone.')
    const host = this.#kernel.hosts.of(from.domain)
    if (host !== undefined && from.local !== '') host.bounce(delivery, error)
    else this.#kernel.router.answer(delivery, errorReply(stanza, error))
  }

  #domainsOf({ name, everywhere }: Component): string[] {
    if (!everywhere) return [name]
    const { hosts } = this.#kernel
    return hosts.types().flatMap(({ type }) => hosts.domains(type).map((domain) => `${name}.${domain}`))
  }

  /** Components that serve a prefix at every domain serve it at a new one, too, where nobody else does. */
  #newDomain(domain: string): void {
    for (const component of new Set(Array.from(this.#places.values(), ({ component: each }) => each))) {
      const place = `${component.name}.${domain}`
      if (component.everywhere && !this.#isServed(place) && !this.#places.has(place)) this.#put(place, component)
    }
  }

  /** Whether the server itself has a domain, or a module's service. */
  #isServed(domain: string): boolean {
    const { hosts } = this.#kernel
    return hosts.of(domain) !== undefined || (hosts.service(domain) !== undefined && !this.#places.has(domain))
  }

  #put(domain: string, component: Component): void {
    const { hosts } = this.#kernel
    const service = this.#serviceOf(component)
    hosts.addService(domain, service)
    const home = hosts.home(domain)
    const host = home === undefined ? undefined : hosts.of(home)
    const addition = { domain, service, hidden: component.options.hidden }
    host?.services.add(addition)
    this.#places.set(domain, { component, host, addition })
  }

  #serviceOf(component: Component): Service {
    return (delivery) => {
      if (!this.#maySend(component, delivery)) throw new StanzaError('cancel', 'not-allowed')
      try {
        component.checkRoom()
      } catch (error) {
        this.refused++
        throw error
      }
      delivery.afterwards(() => this.#hand(component, delivery))
    }
  }

  /** While a stanza waited for its commit, another component may have come. */
  #hand(component: Component, delivery: Delivery): void {
    if (component.deliver(delivery)) return
    const heir = this.#places.get(delivery.to.domain)?.component
    if (heir?.deliver(delivery) !== true) this.bounce(delivery.stanza, delivery.from, delivery)
  }

  /** The rule `access` of the listener, as the sender's host has it; for senders from elsewhere, as the host beside the component has it. */
  #maySend({ options: { access } }: Component, { from, to }: Delivery): boolean {
    if (access === 'all') return true
    const { hosts } = this.#kernel
    const host = hosts.of(from.domain) ?? hosts.of(hosts.home(to.domain) ?? '') ?? hosts.types()[0]
    return host?.access(access, from, from.domain) === 'allow'
  }
}
