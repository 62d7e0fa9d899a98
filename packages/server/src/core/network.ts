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
