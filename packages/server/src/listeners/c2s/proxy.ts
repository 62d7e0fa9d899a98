/** The PROXY protocol, versions 1 and 2: how a load balancer tells where a connection comes from. */
import { SocketAddress, isIPv4, isIPv6 } from 'node:net'

/** The address and the port that a connection comes from. */
export interface Origin {
  readonly ip: string
  readonly port: number
}

/** A whole header. */
export interface ProxyHeader {
  /** Undefined where the header tells none: the connection is the load balancer's own, or its client has no IP address. */
  readonly origin: Origin | undefined
  /** How many bytes it has; what follows is the client's. */
  readonly length: number
}

/** Version 1: the longest line, with its end. */
const LINE_BYTES = 107
const LINE_START = Buffer.from('PROXY ')
const NEWLINE = 0x0a
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
/** Version 2: what stands before the addresses, and how long they and the extensions behind them may be here. */
const FIXED_BYTES = 16
const MAX_REST_BYTES = 4096

/** Version 2: the version and the command, in one byte. */
const LOCAL = 0x20
const PROXY = 0x21
/** Version 2: the family and the transport, in one byte, and the bytes of the addresses and ports. */
const UNSPECIFIED = 0x00
const TCP4 = 0x11
const TCP6 = 0x21
const UNIX_STREAM = 0x31
const ADDRESS_BYTES = new Map([
  [UNSPECIFIED, 0],
  [TCP4, 12],
  [TCP6, 36],
  [UNIX_STREAM, 216],
])

/** Reads the header at the beginning of `bytes`: undefined while more is needed, false when it is none. Looks at 4112 bytes at most. */
export function readProxyHeader(bytes: Buffer): ProxyHeader | undefined | false {
  if (startsLike(bytes, LINE_START)) return readLine(bytes)
  if (startsLike(bytes, SIGNATURE)) return readBinary(bytes)
  return false
}

/** Whether `bytes` begin with `start`, as far as they have come. */
function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length)
  return bytes.compare(start, 0, length, 0, length) === 0
}

/** Version 1, §2.1: `PROXY TCP4 source destination port port`, in ASCII. */
function readLine(bytes: Buffer): ProxyHeader | undefined | false {
  const end = bytes.subarray(0, LINE_BYTES).indexOf(NEWLINE)
  if (end === -1) return bytes.length < LINE_BYTES ? undefined : false
  const line = bytes.toString('latin1', LINE_START.length, end)
  if (!line.endsWith('\r')) return false
  const [kind, source = '', destination = '', sourcePort = '', destinationPort = '', ...more] = line
    .slice(0, -1)
    .split(' ')
  // What follows UNKNOWN has no meaning.
  if (kind === 'UNKNOWN') return { origin: undefined, length: end + 1 }
  const isAddress = kind === 'TCP4' ? isIPv4 : kind === 'TCP6' ? isPlainIPv6 : undefined
  if (isAddress === undefined || more.length > 0 || !isAddress(source) || !isAddress(destination)) return false
  if (!isPort(sourcePort) || !isPort(destinationPort)) return false
  const ip = kind === 'TCP4' ? source : usualIPv6(source)
  return { origin: { ip, port: Number(sourcePort) }, length: end + 1 }
}

/** Version 2, §2.2: a signature, a command, a family, a length, the addresses, and extensions that are of no interest here. */
function readBinary(bytes: Buffer): ProxyHeader | undefined | false {
  if (bytes.length < FIXED_BYTES) return undefined
  const command = bytes[12]!
  const family = bytes[13]!
  const rest = bytes.readUInt16BE(14)
  if (rest > MAX_REST_BYTES || (command !== LOCAL && command !== PROXY)) return false
  // The family of a LOCAL connection, which may be anything, has no meaning.
  const addressBytes = command === LOCAL ? 0 : ADDRESS_BYTES.get(family)
  if (addressBytes === undefined || rest < addressBytes) return false
  const length = FIXED_BYTES + rest
  if (bytes.length < length) return undefined
  return { origin: command === LOCAL ? undefined : originOf(family, bytes.subarray(FIXED_BYTES)), length }
}

function originOf(family: number, addresses: Buffer): Origin | undefined {
  if (family === TCP4) return { ip: addresses.subarray(0, 4).join('.'), port: addresses.readUInt16BE(8) }
  if (family !== TCP6) return undefined
  const groups = Array.from({ length: 8 }, (_, i) => addresses.readUInt16BE(2 * i).toString(16))
  return { ip: usualIPv6(groups.join(':')), port: addresses.readUInt16BE(32) }
}

/** One address has one spelling: limits and rules go by it. */
function usualIPv6(address: string): string {
  return new SocketAddress({ address, family: 'ipv6' }).address
}

/** Without the name of an interface, which has no meaning on another machine. */
function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%')
}

function isPort(text: string): boolean {
  return String(Number(text)) === text && Number.isInteger(Number(text)) && Number(text) >= 0 && Number(text) <= 65_535
}
