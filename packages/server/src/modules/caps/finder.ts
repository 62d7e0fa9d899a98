/** Finding the features of clients: from the hash in their presence when it is known, else by asking them (XEP-0115 §5.4, XEP-0390 §4.4). */
import {
  type CapsHash,
  type CapsVersion,
  DiscoInfo,
  Iq,
  type Jid,
  capsHash,
  isUnmistakable,
  parseDiscoInfo,
  parseJid,
  readCaps,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { type Host, type Session, type SessionEntry, type Word, sessionSlot } from '../../core/module.ts'
import type { Features } from './api.ts'
import { type CapsCache, keyOf } from './cache.ts'
import { featuresKnown } from './hooks.ts'

/** How much a client may tell of itself, in characters of its features: most tell of some thousands. */
const MAX_CHARACTERS = 32_768

/** How many clients of other servers are asked at a time. */
const MAX_STRANGERS = 1000

/** Puts a question to a client. */
type Asker = (iq: Element) => Promise<Element>

/** What is known of a session. */
interface Known {
  /** Which hash its presence has; undefined when it has none. */
  caps: CapsHash | undefined
  features: Features | undefined
  /** Whether the features are those of the hash, for whoever has it. */
  verified: boolean
  /** Whether its client is being asked: it is asked one thing at a time. */
  asked: boolean
}

const known = sessionSlot((): Known => ({ caps: undefined, features: undefined, verified: false, asked: false }))

/** Asks another node for the features of a session there. */
const FEATURES = 'mod_caps features'

interface Answer {
  readonly features: readonly string[]
  readonly verified: boolean
}

export class Finder {
  readonly #host: Host
  readonly #cache: CapsCache
  readonly #versions: readonly CapsVersion[]
  readonly #timeout: number
  /** Who is being asked for a hash, so that one client is asked for all who have it. */
  readonly #asking = new Map<string, Promise<Features | undefined>>()
  #strangers = 0

  /** Asks for hashes of these versions, and waits for `timeout` seconds. */
  constructor(host: Host, cache: CapsCache, versions: readonly CapsVersion[], timeout: number) {
    this.#host = host
    this.#cache = cache
    this.#versions = versions
    this.#timeout = timeout
  }

  /** Takes in a presence of a session. A presence that says nothing of features leaves them as they were (XEP-0115 §8.4). */
  learn(session: Session, presence: Element): void {
    const caps = readCaps(presence, this.#versions)
    if (caps === undefined) return
    const slot = session.slot(known)
    if (slot.caps !== undefined && keyOf(slot.caps) === keyOf(caps)) return
    slot.caps = caps
    const features = this.#cache.get(caps)
    if (features !== undefined) return this.#settle(session, slot, features, true)
    // What the session could do before does not hold any more.
    slot.features = undefined
    if (!slot.asked) this.#find(session, slot).catch((error: unknown) => this.#host.report('caps_failed', error))
  }

  /** Takes in a session that comes from another node. */
  arrived(session: Session): void {
    if (session.presence !== undefined) this.learn(session, session.presence)
  }

  /** Forgets what a session could do that is not available any more. */
  forget(session: Session): void {
    const slot = session.peek(known)
    if (slot !== undefined) slot.caps = slot.features = undefined
  }

  /** See `CapsApi`. */
  featuresOf(entry: SessionEntry): Features | undefined | Promise<Features | undefined> {
    if (entry.local !== undefined) return entry.local.peek(known)?.features
    const caps = entry.presence && readCaps(entry.presence, this.#versions)
    if (caps === undefined) return undefined
    return this.#cache.get(caps) ?? this.#elsewhere(entry, caps)
  }

  /** See `CapsApi`. */
  async featuresOfStranger(presence: Element, from: Jid, to: Jid): Promise<Features | undefined> {
    const caps = readCaps(presence, this.#versions)
    if (caps === undefined) return undefined
    const known = this.#cache.get(caps) ?? (await this.#asking.get(keyOf(caps)))
    if (known !== undefined) return known
    if (this.#strangers >= MAX_STRANGERS) return undefined
    this.#strangers++
    try {
      const server = parseJid(to.domain)
      return (await this.#ask(caps, (iq) => this.#host.ask(iq, server, from, this.#timeout)))?.features
    } finally {
      this.#strangers--
    }
  }

  /** Answers other nodes. */
  heard({ topic, data }: Word): string | undefined {
    if (topic !== FEATURES) return undefined
    const local = this.#host.directory.find(parseJid(data))?.local
    const slot = local?.peek(known)
    return JSON.stringify({ features: [...(slot?.features ?? [])], verified: slot?.verified ?? false } satisfies Answer)
  }

  /** A session may have changed its mind when the answer comes. */
  async #find(session: Session, slot: Known): Promise<void> {
    slot.asked = true
    try {
      let caps: CapsHash | undefined
      while (slot.caps !== undefined && slot.caps !== caps && !session.closed) {
        caps = slot.caps
        const shared = this.#cache.get(caps) ?? (await this.#asking.get(keyOf(caps)))
        const found =
          shared === undefined ? await this.#ask(caps, this.#asker(session)) : { features: shared, verified: true }
        if (slot.caps === caps && found !== undefined) this.#settle(session, slot, found.features, found.verified)
      }
    } finally {
      slot.asked = false
    }
  }

  #settle(session: Session, slot: Known, features: Features, verified: boolean): void {
    slot.features = features
    slot.verified = verified
    void this.#host.hooks.notify(featuresKnown, session, features)
  }

  /** Asks a client; whoever has the same hash meanwhile waits for the outcome, and is asked only if that is none. */
  async #ask(caps: CapsHash, ask: Asker): Promise<{ features: Features; verified: boolean } | undefined> {
    const key = keyOf(caps)
    const { promise, resolve } = Promise.withResolvers<Features | undefined>()
    const first = !this.#asking.has(key)
    if (first) this.#asking.set(key, promise)
    let shared: Features | undefined
    try {
      const found = await query(ask, caps.node)
      const features = found && featuresIn(found)
      if (found === undefined || features === undefined) return undefined
      const verified = holds(caps, found)
      if (verified) this.#cache.set(caps, (shared = features))
      return { features, verified }
    } finally {
      if (first) this.#asking.delete(key)
      resolve(shared)
    }
  }

  #asker(session: Session): Asker {
    return (iq) => this.#host.request(session, iq, this.#timeout)
  }

  async #elsewhere(entry: SessionEntry, caps: CapsHash): Promise<Features | undefined> {
    try {
      const answer = await this.#host.nodes.ask(entry.node, FEATURES, entry.jid.toString(), (data) => data)
      const { features, verified } = JSON.parse(answer ?? '{"features":[],"verified":false}') as Answer
      const found = new Set(features)
      if (verified) this.#cache.set(caps, found)
      return found
    } catch {
      // The node has gone, and its sessions with it.
      return undefined
    }
  }
}

/** Asks for a node of a client; undefined when it does not tell. */
async function query(ask: Asker, node: string): Promise<Element | undefined> {
  try {
    return DiscoInfo.in(await ask(Iq({ type: 'get' }, DiscoInfo({ node }))))
  } catch {
    return undefined
  }
}

/** The features in an answer; undefined when there are too many. */
function featuresIn(query: Element): Features | undefined {
  const { features } = parseDiscoInfo(query)
  let characters = 0
  for (const feature of features) characters += feature.length
  return characters <= MAX_CHARACTERS ? new Set(features) : undefined
}

/** S63: whether the hash stands for this answer, and for no other that could be made up. */
function holds({ version, algo, value }: CapsHash, query: Element): boolean {
  if (algo === undefined || capsHash(query, version, algo) !== value) return false
  return version === 'v2' || isUnmistakable(query)
}
