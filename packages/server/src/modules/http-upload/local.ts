/** Slots whose files this server keeps itself: quotas, expiry, and what becomes of everything when its owner goes. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { StanzaError, type UploadUrls, type WantedUpload, parseJid, retryAfter } from '@meerkat/protocol'
import { type Host, type Values, type Write, timeOf } from '../../core/module.ts'
import type { KeptFile, OpenSlot, SlotProblem, UploadDesk, UploadSlots } from '../../core/uploads.ts'
import type { localSettings } from './settings.ts'
import { encodeRfc3986 } from './sign.ts'
import { type Counted, type Slot, SlotStore, domainOf } from './slots.ts'
import { Turns } from './turns.ts'
import { safeName } from './wanted.ts'

/** Digits of an id: 128 bits. */
const ID_BYTES = 16
/** How long an upload may take that has begun in time. */
const GRACE_MS = 3_600_000
const DAY_MS = 86_400_000
const SWEEP_SECONDS = 600
/** The type of what the uploader did not name (RFC 9110 §8.3). */
const NO_TYPE = 'application/octet-stream'

const hash = (token: string): Buffer => createHash('sha256').update(token).digest()

/** The slots of a host type, with files in the data folder. */
export class LocalSlots implements UploadSlots {
  readonly #host: Host
  readonly #desk: UploadDesk
  readonly #config: Values<typeof localSettings>
  readonly #tokenBytes: number
  readonly #store: SlotStore
  readonly #turns = new Turns()
  #sweeping: Promise<void> | undefined

  constructor(host: Host, desk: UploadDesk, config: Values<typeof localSettings>, tokenBytes: number) {
    this.#host = host
    this.#desk = desk
    this.#config = config
    this.#tokenBytes = tokenBytes
    this.#store = new SlotStore(host)
  }

  /** Looks after what has expired until the returned function is called. */
  begin(): () => void {
    const soon = this.#host.after(1, () => void this.sweep())
    const often = this.#host.every(SWEEP_SECONDS, () => void this.sweep())
    return () => {
      soon.cancel()
      often.cancel()
    }
  }

  /** Gives a slot away. Throws StanzaError when the owner has no room left, or the medium has none. */
  give(owner: string, wanted: WantedUpload, seconds: number): Promise<UploadUrls> {
    return this.#turns.take(owner, async () => {
      await this.#checkQuota(owner, wanted.size)
      if (!(await this.#desk.files.hasRoom(wanted.size)))
        throw new StanzaError('wait', 'resource-constraint', 'There is no room for files at the moment.')
      return this.#enter(owner, wanted, seconds)
    })
  }

  async open(domain: string, id: string, token: string): Promise<OpenSlot | SlotProblem> {
    const slot = await this.#store.find(domain, id)
    if (slot === undefined || !timingSafeEqual(hash(token), Buffer.from(slot.token, 'hex'))) return 'unknown'
    if (slot.kept === true) return 'used'
    if (slot.until < this.#host.clock.now()) return 'expired'
    return { ...fileOf(slot), isTyped: slot.type !== undefined }
  }

  async keep(domain: string, id: string): Promise<boolean> {
    const slot = await this.#store.find(domain, id)
    const isKept = slot !== undefined && (await this.#store.keep(domain, id, slot))
    if (isKept && (await this.#hasOwner(slot.owner))) return true
    if (slot !== undefined) await this.#store.drop(domain, [[id, slot.owner]])
    await this.#desk.files.remove([id])
    return false
  }

  async find(domain: string, id: string): Promise<KeptFile | undefined> {
    const slot = await this.#store.find(domain, id)
    if (slot?.kept !== true || slot.at < this.#oldest()) return undefined
    return fileOf(slot)
  }

  /** What goes with an account. */
  dropOwner(owner: string): Promise<Write[]> {
    return this.#store.dropOwner(owner, () => void this.emptyTrash(domainOf(owner)).catch(this.#failed))
  }

  /** The files of a user, for the user to have. */
  async *rowsOf(owner: string): AsyncGenerator<readonly string[]> {
    for (const id of (await this.#store.of(owner)).keys()) {
      const slot = await this.#store.find(domainOf(owner), id)
      if (slot?.kept !== true) continue
      const { name, type, size } = fileOf(slot)
      yield [timeOf(slot.at * 1000), name, type, String(size)]
    }
  }

  /** Removes the files of a domain that are listed for that. */
  emptyTrash(domain: string): Promise<void> {
    return this.#store.emptyTrash(domain, (ids) => this.#desk.files.remove(ids))
  }

  /** Drops what has expired, and removes the files of what was dropped. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep()
      .catch(this.#failed)
      .finally(() => (this.#sweeping = undefined))
    return this.#sweeping
  }

  readonly #failed = (error: unknown): void => this.#host.report('upload_sweep_failed', error)

  async #sweep(): Promise<void> {
    for (const domain of this.#host.domains) {
      await this.#store.sweepOpen(domain, this.#host.clock.now() - GRACE_MS)
      if (this.#config.expire_after !== Infinity) await this.#store.sweepKept(domain, this.#oldest())
      await this.emptyTrash(domain)
    }
  }

  /** Files of slots given away before this are not served any more. */
  #oldest(): number {
    return this.#host.clock.now() - this.#config.expire_after * DAY_MS
  }

  /** XEP-0363 §6: what was uploaded today, and what is there. Slots that got no file in time do not count. */
  async #checkQuota(owner: string, size: number): Promise<void> {
    const now = this.#host.clock.now()
    const counted = [...(await this.#store.of(owner)).values()].filter(
      ({ until }) => until === undefined || until + GRACE_MS > now,
    )
    const { user_bytes, user_bytes_per_day, user_files } = this.#config
    if (counted.length >= user_files || bytesOf(counted) + size > user_bytes)
      throw new StanzaError('wait', 'resource-constraint', 'You have no room for more files.')
    const today = counted.filter(({ at }) => at > now - DAY_MS)
    if (bytesOf(today) + size <= user_bytes_per_day) return
    const first = today.reduce((least, { at }) => Math.min(least, at), now)
    throw new StanzaError(
      'wait',
      'resource-constraint',
      'You have uploaded too much today.',
      retryAfter((first + DAY_MS + 999) * 1000),
    )
  }

  async #enter(owner: string, { filename, size, contentType }: WantedUpload, seconds: number): Promise<UploadUrls> {
    const domain = domainOf(owner)
    const id = randomBytes(ID_BYTES).toString('hex')
    const token = randomBytes(Math.max(this.#tokenBytes, ID_BYTES)).toString('hex')
    const name = safeName(filename)
    const at = this.#host.clock.now()
    const slot: Slot = {
      owner,
      size,
      type: contentType,
      name,
      token: hash(token).toString('hex'),
      at,
      until: at + seconds * 1000,
    }
    // Slots without a file fill the rows too, until they are swept away.
    const refused = new StanzaError('wait', 'resource-constraint', 'You have asked for too many uploads.')
    await this.#store.add(id, slot, { limit: this.#config.user_files * 2, refused })
    if (!(await this.#hasOwner(owner))) {
      await this.#store.drop(domain, [[id, owner]])
      throw new StanzaError('cancel', 'not-allowed')
    }
    const getUrl = `${this.#desk.url(domain)}/${encodeRfc3986(domain)}/${id}/${encodeRfc3986(name)}`
    return { putUrl: `${getUrl}?token=${token}`, getUrl, headers: [] }
  }

  /** S42: an account that has gone meanwhile leaves nothing behind. */
  #hasOwner(owner: string): boolean | Promise<boolean> {
    return !owner.includes('@') || this.#host.accounts.exists(parseJid(owner))
  }
}

const bytesOf = (counted: readonly Counted[]): number => counted.reduce((sum, { size }) => sum + size, 0)

const fileOf = ({ size, type, name }: Slot): KeptFile => ({ size, type: type ?? NO_TYPE, name })
