import { readFileSync } from 'node:fs'
import type { Software } from '../core/software.ts'

/** The name and version of this package. */
export function software(): Software {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return { name: 'Meerkat', version }
}
