/** Networks of IP addresses. */
import { BlockList, isIP } from 'node:net'

/** The address, or with IPv6 the first 64 bits: whoever has one address there has all 2^64 of its network (S9, S36). */
export function network(ip: string): string {
  if (!ip.includes(':') || ip.includes('.')) return ip
  const [head = '', tail] = ip.split('::')
  const groups = head === '' ? [] : head.split(':')
  const behind = tail === undefined || tail === '' ? 0 : tail.split(':').length
  // '::' stands for as many zeros as make eight groups.
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - behind)
  return [...groups, ...Array<string>(zeros).fill('0')].slice(0, 4).join(':')
}

/** An address as everybody writes it: that of a client of IPv4 on a socket of IPv6 without what stands before it (RFC 4291 §2.5.5.2). */
export function plainAddress(ip = ''): string {
  return ip.startsWith('::ffff:') && isIP(ip.slice(7)) === 4 ? ip.slice(7) : ip
}

/** Tells the addresses of a network, such as `192.0.2.0/24`, or of one address alone. Throws RangeError for what is neither. */
export function ipRange(text: string): (ip: string) => boolean {
  const [address = '', mask, ...more] = text.split('/')
  const version = isIP(address)
  const all = version === 4 ? 32 : 128
  const bits = mask === undefined ? all : Number(mask)
  // `10.0.0.0/` must not become the network of all addresses.
  const isMask = mask === undefined || /^\d{1,3}$/.test(mask)
  if (version === 0 || more.length > 0 || !isMask || bits > all)
    throw new RangeError(`${text} is neither an IP address nor a network such as 192.0.2.0/24`)
  const family = version === 4 ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  list.addSubnet(address, bits, family)
  return (ip) => {
    const plain = plainAddress(ip)
    return isIP(plain) === version && list.check(plain, family)
  }
}
