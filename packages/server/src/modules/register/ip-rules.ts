/** Addresses that may register: the first entry that covers an address decides. */
import { BlockList, isIP } from 'node:net'

/** An entry of `ip_access`. */
export interface IpEntry {
  /** `192.0.2.0/24`, or an address alone. */
  readonly address: string
  readonly policy: 'allow' | 'deny'
}

/** Decides for addresses. No entry, or none that covers the address, allows. Throws RangeError for an entry that is no address. */
export function ipRules(entries: readonly IpEntry[]): (ip: string) => boolean {
  const rules = entries.map(({ address, policy }) => ({ covers: range(address), policy }))
  return (ip) => (rules.find(({ covers }) => covers(ip))?.policy ?? 'allow') === 'allow'
}

function range(text: string): (ip: string) => boolean {
  const [address = '', mask] = text.split('/')
  const version = isIP(address)
  const bits = mask === undefined ? (version === 4 ? 32 : 128) : Number(mask)
  if (version === 0 || !Number.isInteger(bits) || bits < 0 || bits > (version === 4 ? 32 : 128))
    throw new RangeError(`${text} is neither an IP address nor a network such as 192.0.2.0/24`)
  const family = version === 4 ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  list.addSubnet(address, bits, family)
  return (ip) => {
    // A client of IPv4 on a socket of IPv6
    const plain = ip.startsWith('::ffff:') && isIP(ip.slice(7)) === 4 ? ip.slice(7) : ip
    return isIP(plain) === version && list.check(plain, family)
  }
}
