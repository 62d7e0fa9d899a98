/** Contacts at other servers: which of their resources are available, and what those want to hear of (XEP-0163 §4.3). */
import { LRUCache } from 'lru-cache'
import type { Jid } from '@meerkat/protocol'
import { type Delivery, contactsOf, isSeen } from '../../core/module.ts'
import type { Features } from '../caps/api.ts'
import type { Engine } from './engine.ts'
import { offer, wantedIn } from './last-items.ts'
import { behind } from './notify.ts'

/** How many resources are remembered, of how many of them for one user and of one contact. */
const MAX_RESOURCES = 200_000
const MAX_OF_USER = 2000
const MAX_OF_CONTACT = 20

/** A resource of a contact. */
export interface Stranger {
  readonly jid: Jid
  readonly features: Features
}

export class Strangers {
  /** For each user, by full JID. */
  readonly #known = new LRUCache<string, Map<string, Stranger>>({
    maxSize: MAX_RESOURCES,
    sizeCalculation: (all) => 1 + all.size,
  })

  /** Those that are available to a user. */
  of(user: Jid): Iterable<Stranger> {
    return this.#known.get(user.toString())?.values() ?? []
  }

  /** Notes a resource; the features that it has not had before, undefined when there are too many resources. */
  add(user: Jid, stranger: Stranger): readonly string[] | undefined {
    const all = new Map(this.#known.get(user.toString()))
    const key = stranger.jid.toString()
    const before = all.get(key)
    const ofContact = [...all.values()].filter(({ jid }) => jid.bare.equals(stranger.jid.bare))
    if (before === undefined && (all.size >= MAX_OF_USER || ofContact.length >= MAX_OF_CONTACT)) return undefined
    this.#known.set(user.toString(), all.set(key, stranger))
    return [...stranger.features].filter((feature) => before?.features.has(feature) !== true)
  }

  /** A resource is available no more. */
  remove(user: Jid, jid: Jid): void {
    const all = this.#known.get(user.toString())
    if (all?.delete(jid.toString()) === true) this.#known.set(user.toString(), all)
  }
}

/** A presence for a user: when it is that of a contact at another server, the server finds out what that wants, and sends the last items of it. */
export function noteStranger(engine: Engine, { stanza, from, to }: Delivery): undefined {
  const type = stanza.attr('type')
  if (
    (type !== undefined && type !== 'unavailable') ||
    from.resource === '' ||
    engine.host.homeOf(from.domain) !== undefined
  )
    return
  if (type === 'unavailable') engine.strangers.remove(to.bare, from)
  else behind(engine, came(engine, { stanza, from, to }))
}

async function came(engine: Engine, { stanza, from, to }: Pick<Delivery, 'stanza' | 'from' | 'to'>): Promise<void> {
  const user = to.bare
  if (!(await isContact(engine, user, from))) return
  const features = await engine.caps()?.featuresOfStranger(stanza, from, to)
  if (features === undefined) return
  const fresh = engine.strangers.add(user, { jid: from, features })
  if (fresh !== undefined) await offer(engine, user, from, wantedIn(new Set(fresh)))
}

/** Whether somebody sees a user's presence. */
export async function isContact({ host }: Engine, user: Jid, other: Jid): Promise<boolean> {
  return isSeen((await host.hooks.first(contactsOf, user))?.get(other.bare)?.subscription)
}
