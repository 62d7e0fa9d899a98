/** XEP-0424 (0.4.2 §4.1, 0.3.0 §5): what is retracted is replaced by a tombstone in the archive. */
import { type Jid, type Retraction, buildTombstone, buildTombstoneV1, originId } from '@meerkat/protocol'
import type { Write } from '../../core/module.ts'
import type { Direction } from './archivable.ts'
import { decodeId, encodeId } from '../../core/message-ids.ts'
import { type Condition, type Row, type Wanted, archive, idByOrigin, narrow, readRows } from './rows.ts'
import type { ArchiveStore } from './store.ts'

/**
 * Among how many messages one is looked for: the latest of a conversation when it is named by its stanza's id, which no index knows, and
 * those that have the same origin-id.
 */
const LOOKED_THROUGH = 100

/** A retraction as an archive sees it. */
export interface Retracting {
  readonly owner: Jid
  /** The other party, and whether it has sent the retraction (`I`) or the owner (`O`): nobody retracts what others wrote. */
  readonly remote: Jid
  readonly direction: Direction
  readonly retraction: Retraction
  /** The id of the stanza that retracts. */
  readonly id: string | undefined
  /** When: microseconds since the epoch. */
  readonly stamp: number
}

/** Puts the tombstone in the place of the newest message that the retraction can mean; nothing when there is none. */
export async function retract(store: ArchiveStore, retracting: Retracting): Promise<Write[]> {
  // The message may be in line for its commit. Units commit in order, so that it is in the archive when this one is done.
  await store.db.commit([AFTER_ALL])
  const number = await store.numberOf(retracting.owner)
  if (number === undefined) return []
  const row = await meant(store, number, retracting)
  return row === undefined ? [] : [store.replace(number, row.id, tombstone(row, retracting))]
}

const AFTER_ALL: Write = { sql: 'UPDATE mam_counter SET messages = messages WHERE user_id = ?', params: [-1] }

async function meant({ db }: ArchiveStore, owner: number, retracting: Retracting): Promise<Row | undefined> {
  const { by, id } = retracting.retraction
  const stored = by === 'stanza-id' ? decodeId(id) : await idByOrigin(db, owner, id, retracting, LOOKED_THROUGH)
  if (stored !== undefined) {
    const [named] = await readRows(db, spoken(owner, retracting, { ids: [stored] }), 'newest', 1)
    return named
  }
  if (by !== 'message-id') return undefined
  const recent = await readRows(db, spoken(owner, retracting), 'newest', LOOKED_THROUGH)
  return recent.findLast(({ message }) => message.attr('id') === id)
}

/** What the sender of the retraction has said to the other party. */
function spoken(owner: number, { remote, direction }: Retracting, wanted: Wanted = {}): Condition {
  return narrow(archive(owner), { ...wanted, with: remote.bare, direction })
}

function tombstone({ id, message }: Row, { owner, retraction, stamp, id: by }: Retracting) {
  if (retraction.by === 'message-id') return buildTombstoneV1(message, stamp, by)
  const known = { stamp, originId: originId(message) }
  if (retraction.by === 'origin-id') return buildTombstone(message, known)
  return buildTombstone(message, { ...known, stanzaId: { id: encodeId(id), by: owner.toString() } })
}
