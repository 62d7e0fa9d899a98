/** S21: versions of TLS before 1.2 are spoken with nobody who comes from outside (RFC 8996), whatever a file of MongooseIM lists. */

import { type Document } from './document.ts'
import { type Path, valueAt } from './read-settings.ts'

const SPOKEN = new Set(['tlsv1.2', 'tlsv1.3'])

/** Refuses lists of versions that are not spoken at all, and tells of those that have some; `places` are sections `tls`. */
export function checkTlsVersions(document: Document, places: readonly Path[]): void {
  for (const tls of places) {
    const path = [...tls, 'versions']
    const value = valueAt(document.root, path)
    if (!Array.isArray(value) || value.every((version) => SPOKEN.has(String(version)))) continue
    if (value.some((version) => SPOKEN.has(String(version))))
      document.notice(path, 'TLS 1.0 and 1.1 are not spoken: the others are')
    else document.problem({ path, message: 'wants "tlsv1.2" or "tlsv1.3": older versions are not spoken', value })
  }
}
