/** Addresses that may register: the first entry that covers an address decides. */
import { ipRange } from '../../core/network.ts'

/** An entry of `ip_access`. */
export interface IpEntry {
  /** `192.0.2.0/24`, or an address alone. */
  readonly address: string
  readonly policy: 'allow' | 'deny'
}

/** Decides for addresses. No entry, or none that covers the address, allows. Throws RangeError for an entry that is no address. */
export function ipRules(entries: readonly IpEntry[]): (ip: string) => boolean {
  const rules = entries.map(({ address, policy }) => ({ covers: ipRange(address), policy }))
  return (ip) => (rules.find(({ covers }) => covers(ip))?.policy ?? 'allow') === 'allow'
}
