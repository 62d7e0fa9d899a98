/** What of uploads is in the store. Files go when their ids are in the trash, which is emptied now and then, also after a crash. */
import type { Jid } from '@meerkat/protocol'
import {
  type Database,
  type Stores,
  type Write,
  type Keeping,
  ERASED_AT_ONCE,
  keptEntries,
  keptLog,
  keptOtherwise,
  ofDomains,
} from '../../core/module.ts'

/** Ids of slots by their owner, and by domain with the domain behind. */
const OWNED = `SELECT entry_key AS id FROM store_entry WHERE store = 'http_upload_owned' AND owner = ? LIMIT ${ERASED_AT_ONCE}`
const SLOTS = `SELECT owner AS id FROM store_value WHERE store = 'http_upload' AND domain = ? LIMIT ${ERASED_AT_ONCE}`

/** Slots of a user, or all of a domain. */
const slots =
  (which: 'owned' | 'all') =>
  async (subject: Jid, db: Database, stores: Stores): Promise<readonly Write[]> => {
    const { domain } = subject
    const owner = which === 'all' ? domain : subject.toString()
    const found = await db.query<{ id: string }>(which === 'all' ? SLOTS : OWNED, owner)
    const owned = stores.keyedSet('http_upload_owned')
    const writes: Write[] = []
    for (const { id: key } of found) {
      const id = key.split('@')[0]!
      writes.push(
        stores.keyValue('http_upload').remove(`${id}@${domain}`),
        stores.log('http_upload_trash').append(domain, id),
      )
      if (which === 'owned') writes.push(owned.remove(owner, id))
    }
    return writes
  }

const OWN = keptEntries('http_upload_owned')

export const UPLOADS: readonly Keeping[] = [
  ofDomains({ place: 'store_value http_upload', next: slots('all') }),
  {
    place: OWN.place,
    next: (subject, db, stores) =>
      subject.local === '' ? OWN.next(subject, db, stores) : slots('owned')(subject, db, stores),
  },
  ofDomains(keptLog('http_upload_open')),
  ofDomains(keptLog('http_upload_kept')),
  keptOtherwise('store_log http_upload_trash', 'ids of files that are being removed from the folder'),
]
