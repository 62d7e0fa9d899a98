/** Settings that are addresses of machines, and numbers out of a few. */
import { isIP } from 'node:net'
import { type Setting, integer, text } from '../../settings.ts'

/** An IP address, of version 4 or 6. */
export const ipAddress = (doc: string): Setting<string | undefined> => {
  const any = text(undefined, doc)
  const check: typeof any.schema = (context) =>
    any.schema(context).refine((value) => isIP(String(value)) !== 0, { error: 'wants an IP address' })
  return { ...any, type: 'an IP address', schema: check }
}

/** One of the given numbers. */
export function oneOfNumbers<const T extends number>(numbers: readonly T[], doc: string): Setting<T | undefined> {
  const type = numbers.join(' or ')
  const any = integer(undefined, doc)
  const check: typeof any.schema = (context) =>
    any.schema(context).refine((value) => numbers.some((number) => number === value), { error: `wants ${type}` })
  return {
    type,
    fallback: undefined,
    doc,
    reload: 'restart',
    mandatory: false,
    secret: false,
    inside: any.inside,
    schema: check,
  }
}
