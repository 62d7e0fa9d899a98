/** XEP-0441 0.2.0: what a user wants to be archived. */
import { LRUCache } from 'lru-cache'
import { type ArchivePrefs, type Jid, StanzaError, buildMamPrefs, parseMamPrefs } from '@meerkat/protocol'
import { parseElement, serialize } from '@meerkat/xml'
import { type Host, type Word, type Write, when } from '../../core/module.ts'
import { contactsOf } from '../../core/contacts.ts'

/** How many addresses a user may list, and of how many users the preferences are remembered. */
const MAX_LISTED = 1000
const REMEMBERED = 10_000

/** Tells other nodes that a user's preferences are others now. */
const CHANGED = 'mod_mam preferences'

const ALWAYS: ArchivePrefs = { default: 'always', always: [], never: [] }

/** The preferences of a host type's users: in the main store, those of recent users in memory. */
export class Preferences {
  readonly #host: Host
  readonly #recent = new LRUCache<string, ArchivePrefs | Promise<ArchivePrefs>>({ max: REMEMBERED })

  constructor(host: Host) {
    this.#host = host
  }

  /** What a user (a bare JID) wants; at once when it is remembered. */
  of(user: Jid): ArchivePrefs | Promise<ArchivePrefs> {
    return this.#recent.get(user.toString()) ?? this.#load(user.toString())
  }

  #load(user: string): Promise<ArchivePrefs> {
    const loading = this.#read(user)
    this.#recent.set(user, loading)
    const loaded = (prefs: ArchivePrefs | undefined): void => {
      // What was changed or removed meanwhile must not be hidden by what was read before.
      if (this.#recent.peek(user) !== loading) return
      if (prefs === undefined) this.#recent.delete(user)
      else this.#recent.set(user, prefs)
    }
    loading.then(loaded, () => loaded(undefined))
    return loading
  }

  /** What is stored for a user, as text; undefined when that is nothing. */
  stored(user: Jid): Promise<string | undefined> {
    return this.#store.get(user.toString())
  }

  async #read(user: string): Promise<ArchivePrefs> {
    const stored = await this.#store.get(user)
    return stored === undefined ? ALWAYS : parseMamPrefs(parseElement(stored))
  }

  /** Stores new preferences; throws `resource-constraint` for lists that are too long. */
  async set(user: Jid, prefs: ArchivePrefs): Promise<void> {
    if (prefs.always.length + prefs.never.length > MAX_LISTED)
      throw new StanzaError('wait', 'resource-constraint', `At most ${MAX_LISTED} addresses can be listed.`)
    const key = user.toString()
    const write = this.#store.put(key, serialize(buildMamPrefs(prefs)))
    await this.#host.commit({ ...write, committed: () => void this.#recent.set(key, prefs) })
    await this.#host.nodes.tell(CHANGED, key)
  }

  /** Removes a user's preferences. */
  forget(user: Jid): Write {
    const key = user.toString()
    const committed = (): void => {
      this.#recent.delete(key)
      void this.#host.nodes.tell(CHANGED, key)
    }
    return { ...this.#store.remove(key), committed }
  }

  /** Another node has changed preferences. */
  heard({ topic, data }: Word): undefined {
    if (topic === CHANGED) this.#recent.delete(data)
  }

  /** Whether a user (a bare JID) wants what is exchanged with `remote` in the archive. */
  wants(user: Jid, remote: Jid): boolean | Promise<boolean> {
    return when(this.of(user), (prefs) => {
      const listed = isListed(prefs, remote.toString()) ?? isListed(prefs, remote.bare.toString())
      if (listed !== undefined) return listed
      if (prefs.default !== 'roster') return prefs.default === 'always'
      return when(this.#host.hooks.first(contactsOf, user), (contacts) => contacts?.get(remote.bare)?.listed === true)
    })
  }

  get #store() {
    return this.#host.stores.keyValue('mam_prefs')
  }
}

/** What the lists say of an address; undefined when neither names it. */
function isListed({ always, never }: ArchivePrefs, address: string): boolean | undefined {
  if (always.some((jid) => jid.toString() === address)) return true
  return never.some((jid) => jid.toString() === address) ? false : undefined
}
