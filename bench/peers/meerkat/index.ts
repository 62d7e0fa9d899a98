/** Meerkat, of this working tree or of another. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Peer } from '../peer.ts'
import { configuration } from './config.ts'
import { monitored } from './monitored.ts'

const here = join(import.meta.dirname, '..', '..', '..')

/** The server of the given tree. */
export const meerkat = (root = here, name = 'meerkat', port = 17_222): Peer => ({
  name,
  port,
  profiles: ['base', 'mam', 'mam-process', 'full', 's2s', 'pep'],
  accounts: true,
  rosters: true,
  mechanisms: ['SCRAM-SHA-1', 'PLAIN'],
  keepsSnapshots: false,
  programs: [],
  prepare: (place, profile) => {
    mkdirSync(place.data, { recursive: true })
    const file = join(place.home, 'meerkat.toml')
    writeFileSync(file, configuration(place, profile))
    return monitored(place.home, [...flagsOf(root), join(root, 'packages/server/src/main.ts'), '-c', file])
  },
})

/** What that tree's own commands tell Node. */
function flagsOf(root: string): string[] {
  const file = join(root, 'packages/server/bin/flags.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as string[]) : []
}
