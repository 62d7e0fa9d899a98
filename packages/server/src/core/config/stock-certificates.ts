/**
 * MongooseIM's own files name certificates for development that come with a release of it. Where only the file was taken along, the certificate that
 * this server makes for development serves instead, so that the file works unchanged.
 */

import { isThere } from '../settings.ts'
import { type Document, type Table, isTable } from './document.ts'
import { pathKey } from './indirect.ts'
import { type Path } from './read-settings.ts'

const STOCK = /^priv\/ssl\/fake_(?:cert|key|server)\.pem$/u

/** Takes the names of such files out where they are not there, with a notice; the sections that had them, as keys of their paths. */
export function takeStockCertificates(document: Document): ReadonlySet<string> {
  const taken = new Set<string>()
  eachTable(document.root, [], (table, path) => {
    const { certfile, keyfile } = table
    if (!isMissing(document, certfile) || !isMissing(document, keyfile)) return
    document.notice(
      [...path, 'certfile'],
      'comes with MongooseIM and is not here: a certificate made for development serves, which nobody can trust',
      certfile,
    )
    delete table['certfile']
    delete table['keyfile']
    taken.add(pathKey(path))
  })
  return taken
}

const isMissing = ({ folder }: Document, name: unknown): boolean =>
  typeof name === 'string' && STOCK.test(name) && !isThere(folder, name)

function eachTable(value: unknown, path: Path, see: (table: Table, path: Path) => void): void {
  if (Array.isArray(value)) value.forEach((item, index) => eachTable(item, [...path, index], see))
  if (!isTable(value)) return
  see(value, path)
  for (const [key, inner] of Object.entries(value)) eachTable(inner, [...path, key], see)
}
