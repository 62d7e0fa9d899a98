/** What of vCards is in the store: the index goes before the fields that tell what is in it. */
import { type Keeping, keptByName, keptEntries, keptRows, keptValues, ofDomains } from '../../core/module.ts'
import { INDEX, keysOf, readFields } from './search-index.ts'

/** The index has no key that begins with the user. */
const index: Keeping = {
  place: `store_entry ${INDEX.keys}`,
  async next(subject, db, stores) {
    const { local, domain } = subject
    if (local === '') return ofDomains(keptEntries(INDEX.keys)).next(subject, db, stores)
    const [row] = await db.query<{ content: string }>(
      'SELECT content FROM store_entry WHERE store = ? AND owner = ? AND entry_key = ?',
      INDEX.fields,
      domain,
      local,
    )
    const keys = [...keysOf(local, readFields(row?.content))]
    const where = `store = ? AND owner = ? AND entry_key IN (${keys.map(() => '?').join(', ')})`
    const rows = keptRows('store_entry', ['store', 'owner', 'entry_key'], () =>
      keys.length === 0 ? undefined : { where, params: [INDEX.keys, domain, ...keys] },
    )
    return rows.next(subject, db, stores)
  },
}

export const VCARDS: readonly Keeping[] = [keptValues('vcard'), index, keptByName(INDEX.fields)]
