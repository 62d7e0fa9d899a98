/** The attacks and faults that the server is tested against, in the order of the table that docs/security.md explains. */
import { apiRows } from './attack-rows/api.ts'
import { faultRows } from './attack-rows/faults.ts'
import { loginRows } from './attack-rows/logins.ts'
import { type AttackRow } from './attack-rows/row.ts'
import { serverRows } from './attack-rows/servers.ts'
import { sessionRows } from './attack-rows/sessions.ts'
import { streamRows } from './attack-rows/streams.ts'

export { type AttackRow } from './attack-rows/row.ts'

/** Rows under the headings of the document. */
export const attackChapters: Readonly<Record<string, readonly AttackRow[]>> = {
  'XML and streams': streamRows,
  'TLS and logins': loginRows,
  'Sessions and stanzas': sessionRows,
  'Other servers': serverRows,
  'HTTP, the API and secrets': apiRows,
  Faults: faultRows,
}

/** All rows. */
export const attackRows: readonly AttackRow[] = Object.values(attackChapters).flat()
