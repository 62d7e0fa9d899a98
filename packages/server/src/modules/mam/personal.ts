/** What archives and preferences tell of a user, for the user to have. */
import type { Jid } from '@meerkat/protocol'
import { serialize } from '@meerkat/xml'
import { encodeId } from '../../core/message-ids.ts'
import type { Host, PersonalData } from '../../core/module.ts'
import type { Preferences } from './prefs.ts'
import { archive, narrow, readRows } from './rows.ts'
import { findNumber } from './store.ts'

const PAGE = 200

/** A user's archive, and what the user wants to be archived. */
export function tablesOf(host: Host, prefs: Preferences, user: Jid): PersonalData[] {
  return [
    { group: 'mam_pm', columns: ['id', 'from', 'message'], rows: messages(host, user) },
    { group: 'mam_prefs', columns: ['xml'], rows: preferences(prefs, user) },
  ]
}

async function* messages({ storage }: Host, user: Jid): AsyncGenerator<string[]> {
  const number = await findNumber(storage, user)
  if (number === undefined) return
  const all = archive(number)
  let page = await readRows(storage, all, 'oldest', PAGE)
  while (page.length > 0) {
    for (const { id, from, message } of page) yield [encodeId(id), from, serialize(message)]
    page = await readRows(storage, narrow(all, { after: page.at(-1)!.id }), 'oldest', PAGE)
  }
}

async function* preferences(prefs: Preferences, user: Jid): AsyncGenerator<string[]> {
  const stored = await prefs.stored(user)
  if (stored !== undefined) yield [stored]
}
