/** Addresses that may register: the first entry that covers an address decides. */
import { ipRange } from '../../core/network.ts'
import { type Setting, text } from '../../core/settings.ts'

/** An entry of `ip_access`. */
export interface IpEntry {
  /** `192.0.2.0/24`, or an address alone. */
  readonly address: string
  readonly policy: 'allow' | 'deny'
}

/** A setting with an address or a network. */
export function addressSetting(doc: string): Setting<string | undefined> {
  const any = text(undefined, doc)
  const schema: typeof any.schema = (context) =>
    any
      .schema(context)
      .refine((value) => isRange(String(value)), { error: 'wants an address or a network such as 192.0.2.0/24' })
  return { ...any, type: 'an address or a network', schema }
}

function isRange(value: string): boolean {
  try {
    return ipRange(value) !== undefined
  } catch {
    return false
  }
}

/** Decides for addresses. No entry, or none that covers the address, allows. Throws RangeError for an entry that is no address. */
export function ipRules(entries: readonly IpEntry[]): (ip: string) => boolean {
  const rules = entries.map(({ address, policy }) => ({ covers: ipRange(address), policy }))
  return (ip) => (rules.find(({ covers }) => covers(ip))?.policy ?? 'allow') === 'allow'
}
