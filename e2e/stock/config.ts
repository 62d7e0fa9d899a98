/** The configurations of this folder, for servers under test. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CERTIFICATE_FILE, KEY_FILE } from '../config.ts'

/** The releases of MongooseIM whose names they have. */
export const versions = ['6.5', '6.8'] as const

/** The text of one of them, with ports that the operating system chooses, and the certificate of the test. */
export function stockConfig(version: (typeof versions)[number]): string {
  return (
    readFileSync(join(import.meta.dirname, `mongooseim-${version}.toml`), 'utf8')
      // The port of `[s2s.outgoing]` is that of other servers.
      .replace(/(?<!\[s2s\.outgoing\]\n)^port = \d+/gm, 'port = 0')
      .replaceAll('priv/ssl/fake_cert.pem', CERTIFICATE_FILE)
      .replaceAll('priv/ssl/fake_key.pem', KEY_FILE)
  )
}
