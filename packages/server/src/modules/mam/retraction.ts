/** XEP-0424 0.3.0 §5: what is retracted is replaced by a tombstone in the archive. */
import { type Jid, type Retraction, buildTombstone, originId } from '@meerkat/protocol'
import type { Write } from '../../core/module.ts'
import type { Direction } from './archivable.ts'
import { decodeId, encodeId } from '../../core/message-ids.ts'
import { type Condition, type Row, archive, readRows } from './rows.ts'
import type { ArchiveStore } from './store.ts'

/** A retraction as an archive sees it. */
export interface Retracting {
  readonly owner: Jid
  /** The other party, and whether it has sent the retraction (`I`) or the owner (`O`): nobody retracts what others wrote. */
  readonly remote: Jid
  readonly direction: Direction
  readonly retraction: Retraction
  /** When: microseconds since the epoch. */
  readonly stamp: number
}

/** Puts the tombstone in the place of the newest message that the retraction can mean; nothing when there is none. */
export async function retract(store: ArchiveStore, retracting: Retracting): Promise<Write[]> {
  // The message may be in line for its commit. Units commit in order, so that it is in the archive when this one is done.
  await store.db.commit([AFTER_ALL])
  const number = await store.numberOf(retracting.owner)
  if (number === undefined) return []
  const condition = meant(number, retracting)
  const [row] = condition === undefined ? [] : await readRows(store.db, condition, 'newest', 1)
  return row === undefined ? [] : [store.replace(number, row.id, tombstone(row, retracting))]
}

const AFTER_ALL: Write = { sql: 'UPDATE mam_counter SET messages = messages WHERE user_id = ?', params: [-1] }

function meant(owner: number, { remote, direction, retraction }: Retracting): Condition | undefined {
  const id = retraction.by === 'origin-id' ? retraction.id : decodeId(retraction.id)
  if (id === undefined) return undefined
  const column = retraction.by === 'origin-id' ? 'origin_id' : 'id'
  const { sql, params } = archive(owner)
  return {
    sql: `${sql} AND ${column} = ? AND remote_bare_jid = ? AND direction = ?`,
    params: [...params, id, remote.bare.toString(), direction],
  }
}

function tombstone({ id, message }: Row, { owner, retraction, stamp }: Retracting) {
  const known = { stamp, originId: originId(message) }
  if (retraction.by === 'origin-id') return buildTombstone(message, known)
  return buildTombstone(message, { ...known, stanzaId: { id: encodeId(id), by: owner.toString() } })
}
