/** The capabilities of the server itself, in stream features and as nodes of service discovery (XEP-0115 §6.3, XEP-0390 §5.3). */
import {
  CAPS2_NS,
  type CapsVersion,
  DiscoInfo,
  type EntityInfo,
  Iq,
  StanzaError,
  buildCaps,
  buildCaps2,
  capsHash,
  capsNode,
  parseDiscoInfo,
  parseJid,
} from '@meerkat/protocol'
import { type Element, serialize } from '@meerkat/xml'
import { Delivery, type Host, type NodeQuery } from '../../core/module.ts'

/** How many answers, of one domain each, are remembered with their hashes. */
const REMEMBERED = 100

/** What a domain is at the moment. */
interface Present {
  readonly query: Element
  /** What goes into stream features. */
  readonly elements: readonly Element[]
  /** The nodes under which the same is found. */
  readonly nodes: readonly string[]
}

export class ServerCaps {
  readonly #host: Host
  readonly #versions: readonly CapsVersion[]
  readonly #remembered = new Map<string, Present>()

  constructor(host: Host, versions: readonly CapsVersion[]) {
    this.#host = host
    this.#versions = versions
  }

  /** What stream features say of a domain. */
  async features(domain: string): Promise<readonly Element[]> {
    return (await this.#present(domain))?.elements ?? []
  }

  /** What a domain is under one of its nodes; undefined for other nodes, also for those of hashes that it has no more. */
  async info({ to, node }: NodeQuery): Promise<Omit<EntityInfo, 'node'> | undefined> {
    if (to.local !== '' || !(node.startsWith(CAPS2_NS) || node.startsWith(nodeOf(to.domain)))) return undefined
    const present = await this.#present(to.domain)
    return present?.nodes.includes(node) === true ? parseDiscoInfo(present.query) : undefined
  }

  async #present(domain: string): Promise<Present | undefined> {
    const query = await this.#ask(domain)
    if (query === undefined) return undefined
    const key = `${domain} ${serialize(query)}`
    const known = this.#remembered.get(key) ?? this.#describe(domain, query)
    if (this.#remembered.size >= REMEMBERED) this.#remembered.clear()
    this.#remembered.set(key, known)
    return known
  }

  #describe(domain: string, query: Element): Present {
    const elements: Element[] = []
    const nodes: string[] = []
    const [ver, hash] = [capsHash(query, 'v1', 'sha-1'), capsHash(query, 'v2', 'sha-256')]
    if (this.#versions.includes('v1') && ver !== undefined) {
      elements.push(buildCaps('sha-1', nodeOf(domain), ver))
      nodes.push(`${nodeOf(domain)}#${ver}`)
    }
    if (this.#versions.includes('v2') && hash !== undefined) {
      elements.push(buildCaps2('sha-256', hash))
      nodes.push(capsNode('sha-256', hash))
    }
    return { query, elements, nodes }
  }

  /** What anybody is told who asks the domain. */
  async #ask(domain: string): Promise<Element | undefined> {
    const [to, id] = [parseJid(domain), 'caps']
    const iq = Iq({ type: 'get', id, from: to, to }, DiscoInfo())
    try {
      return DiscoInfo.in(
        await this.#host.iq.answer('server', new Delivery(iq, to, to, 'server', this.#host.clock.micros())),
      )
    } catch (error) {
      // Without service discovery there is nothing to tell.
      if (error instanceof StanzaError) return undefined
      throw error
    }
  }
}

/** XEP-0115 §4: a URI that stands for the software; that of the server says where to ask. */
const nodeOf = (domain: string): string => `xmpp:${domain}`
