/** Tells of settings that let clients in by certificates which prove little (`external` among `auth.sasl_mechanisms`). */

import { type Document } from './document.ts'
import { type Path, valueAt } from './read-settings.ts'

/** The lists of `sasl_external` and the listeners that trust more than whoever wrote them may know; `places` are the sections that may have an `[auth]`. */
export function noticeWeakCertificates(document: Document, places: readonly Path[]): void {
  const external = places
    .map((path): Path => [...path, 'auth'])
    .filter((path) => listAt(document, [...path, 'sasl_mechanisms']).includes('external'))
  if (external.length === 0) return
  for (const path of external) noticeAnyAccount(document, [...path, 'sasl_external'])
  for (const kind of ['c2s', 'http'])
    listAt(document, ['listen', kind]).forEach((_, index) => noticeSelfSigned(document, ['listen', kind, index, 'tls']))
}

function noticeAnyAccount(document: Document, path: Path): void {
  if (!listAt(document, path).includes('auth_id')) return
  document.notice(path, 'with "auth_id" whoever has any certificate that is trusted may log in as anybody')
}

function noticeSelfSigned(document: Document, tls: Path): void {
  const path = [...tls, 'verify_mode']
  const value = valueAt(document.root, path)
  if (value !== 'selfsigned_peer') return
  document.notice(
    path,
    'with "external" in sasl_mechanisms anybody can log in as anybody, by a certificate made for that',
    value,
  )
}

function listAt(document: Document, path: Path): readonly unknown[] {
  const value = valueAt(document.root, path)
  return Array.isArray(value) ? value : []
}
