import type { Delivery } from './delivery.ts'
import type { Host } from './host.ts'
import { expandHost } from './settings.ts'

/** Serves a subdomain: a room service, a search service, a component. */
export type Service = (delivery: Delivery) => void | Promise<void>

/** A service as a module lists it. */
export interface ServiceAddition {
  /** The domain; in `prefix.@HOST@` any domain of the host type, so that the service comes and goes with each of them. */
  readonly domain: string
  readonly service: Service
  /** What it is called among the items of the server. */
  readonly name?: string
  /** Left out of what users see of the server's items. */
  readonly hidden?: boolean
  /** Several host types may have it under one name: everybody is served by the own host type. */
  readonly shared?: boolean
}

/** Which domains are served: by a host type, or by a service beside it. */
export class Hosts {
  readonly #types = new Map<string, Host>()
  readonly #domains = new Map<string, Host>()
  readonly #services = new Map<string, Service>()
  /** Those of the host types that are beside each of their domains. */
  readonly #beside = new Map<ServiceAddition, Host>()
  /** Services of several host types under one name. */
  readonly #shared = new Map<string, Map<Host, Service>>()
  #domainAdded: (domain: string) => void = () => undefined
  /** Takes what is for domains that are not served here; undefined where nothing leaves. */
  elsewhere: Service | undefined

  /** Adds a host type. */
  addType(host: Host): void {
    this.#types.set(host.type, host)
  }

  /** Takes a host type out, with its domains. */
  removeType(name: string): void {
    for (const domain of this.domains(name)) this.removeDomain(domain)
    this.#types.delete(name)
  }

  /** The host type with this name. */
  type(name: string): Host | undefined {
    return this.#types.get(name)
  }

  /** All host types. */
  types(): Host[] {
    return [...this.#types.values()]
  }

  /** Lets a host type serve a domain, with its services beside it; throws when one of those is taken. */
  addDomain(domain: string, host: Host): void {
    const others = Array.from(this.#beside).filter(([, owner]) => owner === host)
    const services = others.map(([addition]): [string, Service] => [
      expandHost(addition.domain, domain),
      addition.service,
    ])
    this.#addServices(services)
    this.#domains.set(domain, host)
    this.#domainAdded(domain)
  }

  /** Calls `added` for each domain that is served from now on. */
  follow(added: (domain: string) => void): void {
    const before = this.#domainAdded
    this.#domainAdded = (domain) => {
      before(domain)
      added(domain)
    }
  }

  /** Stops serving a domain, and the services of its host type beside it. */
  removeDomain(domain: string): void {
    const host = this.#domains.get(domain)
    for (const [addition, owner] of this.#beside)
      if (owner === host) this.#services.delete(expandHost(addition.domain, domain))
    this.#domains.delete(domain)
  }

  /** The host type that serves `domain`. */
  of(domain: string): Host | undefined {
    return this.#domains.get(domain)
  }

  /** The served domain to which `domain` belongs: itself, or the one that a service's domain ends with; undefined for domains elsewhere. */
  home(domain: string): string | undefined {
    if (this.#domains.has(domain)) return domain
    if (!this.#services.has(domain)) return undefined
    let end = domain
    while (end !== '' && !this.#domains.has(end)) end = end.includes('.') ? end.slice(end.indexOf('.') + 1) : ''
    return end === '' ? undefined : end
  }

  /** The domains of a host type. */
  domains(type: string): string[] {
    return Array.from(this.#domains)
      .filter(([, host]) => host.type === type)
      .map(([domain]) => domain)
  }

  /** Serves a domain beside those of the host types; throws when it is taken. */
  addService(domain: string, service: Service): void {
    if (this.#services.has(domain) || this.#domains.has(domain))
      throw new Error(`the domain ${domain} is already served`)
    this.#services.set(domain, service)
  }

  /** Ends a service. */
  removeService(domain: string): void {
    this.#services.delete(domain)
  }

  /** Serves what a module of a host type adds; throws when a domain of it is taken. */
  addServiceOf(host: Host, addition: ServiceAddition): void {
    if (addition.shared === true && !isBeside(addition)) this.#share(host, addition)
    else this.#addServices(this.#placesOf(host, addition).map((domain) => [domain, addition.service]))
    if (isBeside(addition)) this.#beside.set(addition, host)
    host.services.add(addition)
  }

  /** Ends what a module of a host type has added. */
  removeServiceOf(host: Host, addition: ServiceAddition): void {
    const others = this.#shared.get(addition.domain)
    others?.delete(host)
    if (others === undefined || others.size === 0) {
      this.#shared.delete(addition.domain)
      for (const domain of this.#placesOf(host, addition)) this.#services.delete(domain)
    }
    this.#beside.delete(addition)
    host.services.remove(addition)
  }

  #share(host: Host, { domain, service }: ServiceAddition): void {
    const sharing = this.#shared.get(domain) ?? new Map<Host, Service>()
    if (sharing.size === 0)
      this.addService(domain, (delivery) => {
        const own = this.of(delivery.from.domain)
        const [first] = sharing.values()
        return ((own && sharing.get(own)) ?? first)?.(delivery)
      })
    this.#shared.set(domain, sharing.set(host, service))
  }

  #placesOf(host: Host, addition: ServiceAddition): string[] {
    if (!isBeside(addition)) return [addition.domain]
    return this.domains(host.type).map((domain) => expandHost(addition.domain, domain))
  }

  /** All of them or none. */
  #addServices(services: readonly (readonly [string, Service])[]): void {
    const added: string[] = []
    try {
      for (const [domain, service] of services) {
        this.addService(domain, service)
        added.push(domain)
      }
    } catch (error) {
      for (const domain of added) this.#services.delete(domain)
      throw error
    }
  }

  /** The service behind a domain. */
  service(domain: string): Service | undefined {
    return this.#services.get(domain)
  }
}

const isBeside = ({ domain }: ServiceAddition): boolean => domain.includes('@HOST@')
