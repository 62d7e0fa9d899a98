/**
 * SCRAM keys as one line of text, the form in which they are stored and exchanged with HTTP authentication services:
 * `==MULTI_SCRAM==,<iterations>,===SHA1===<salt>|<stored key>|<server key>,==SHA224==…`, all values in base64.
 */
import { decodeBase64 } from './encoding.ts'
import { hashLength, type ScramKeys } from './keys.ts'
import { type ScramHash } from './mechanisms.ts'

/** A user's keys, one set per hash; the iteration count is the same for all. */
export type ScramRecord = ReadonlyMap<ScramHash, ScramKeys>

const MULTI = '==MULTI_SCRAM==,'
const LEGACY = '==SCRAM==,'
/** In the order in which they are written. SHA1 really has three signs on each side. */
const prefixes: readonly (readonly [ScramHash, string])[] = [
  ['sha1', '===SHA1==='],
  ['sha224', '==SHA224=='],
  ['sha256', '==SHA256=='],
  ['sha384', '==SHA384=='],
  ['sha512', '==SHA512=='],
]

/** Writes a record; throws RangeError when it is empty or its iteration counts differ, which the form cannot express. */
export function formatMultiScram(record: ScramRecord): string {
  const iterations = new Set(Array.from(record.values(), (keys) => keys.iterations))
  if (iterations.size !== 1) throw new RangeError('A SCRAM record has one iteration count.')
  const parts = [...iterations].map(String)
  for (const [hash, prefix] of prefixes) {
    const keys = record.get(hash)
    if (keys === undefined) continue
    parts.push(prefix + [keys.salt, keys.storedKey, keys.serverKey].map(base64).join('|'))
  }
  return MULTI + parts.join(',')
}

/** Whether `text` claims to be serialised keys rather than a plain password. */
export function isScramText(text: string): boolean {
  return text.startsWith(MULTI) || text.startsWith(LEGACY)
}

/** Reads a record, also the legacy form `==SCRAM==,<stored>,<server>,<salt>,<iterations>` (SHA-1); undefined when it is neither. */
export function parseMultiScram(text: string): ScramRecord | undefined {
  if (text.startsWith(LEGACY)) return parseLegacy(text.slice(LEGACY.length).split(','))
  if (!text.startsWith(MULTI)) return undefined
  const [count, ...parts] = text.slice(MULTI.length).split(',')
  if (parts.length === 0) return undefined
  const record = new Map<ScramHash, ScramKeys>()
  for (const part of parts) {
    const found = prefixes.find(([, prefix]) => part.startsWith(prefix))
    if (found === undefined || record.has(found[0])) return undefined
    const values = part.slice(found[1].length).split('|')
    const keys = values.length === 3 ? readKeys(found[0], count!, values[0]!, values[1]!, values[2]!) : undefined
    if (keys === undefined) return undefined
    record.set(found[0], keys)
  }
  return record
}

function parseLegacy(values: readonly string[]): ScramRecord | undefined {
  const [stored, server, salt, count] = values
  if (values.length !== 4) return undefined
  const keys = readKeys('sha1', count!, salt!, stored!, server!)
  return keys && new Map([['sha1', keys]])
}

function readKeys(hash: ScramHash, count: string, salt: string, stored: string, server: string): ScramKeys | undefined {
  const iterations = parseIterations(count)
  const [saltBytes, storedKey, serverKey] = [salt, stored, server].map(decodeBase64)
  if (iterations === undefined || !saltBytes?.length) return undefined
  if (storedKey?.length !== hashLength[hash] || serverKey?.length !== hashLength[hash]) return undefined
  return { salt: saltBytes, iterations, storedKey, serverKey }
}

/** Reads a positive iteration count without sign or leading zero (RFC 5802 §7, `posit-number`); undefined otherwise. */
export function parseIterations(text: string): number | undefined {
  const count = Number(text)
  // PBKDF2 of node:crypto takes at most 2^31 - 1.
  return Number.isInteger(count) && count > 0 && count < 2 ** 31 && String(count) === text ? count : undefined
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}
