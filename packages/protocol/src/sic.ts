/** XEP-0279 0.2: Server IP Check. */
import { type Element, tag, text } from '@meerkat/xml'

const NS = 'urn:xmpp:sic:1'

export const SicAddress = tag(NS, 'address')
const Ip = tag(NS, 'ip')
const Port = tag(NS, 'port')

/** From where the server sees a client. */
export interface SeenAddress {
  readonly ip: string
  readonly port?: number | undefined
}

/** Builds the answer to an IP check. */
export function buildSicAddress({ ip, port }: SeenAddress): Element {
  return SicAddress({}, Ip({}, ip), port === undefined ? undefined : Port({}, String(port)))
}

/** Reads the answer to an IP check; undefined when it tells no address. */
export function parseSicAddress(address: Element): SeenAddress | undefined {
  const ip = text(Ip.in(address))
  const port = Number(text(Port.in(address)))
  if (ip === '') return undefined
  return { ip, port: Number.isInteger(port) && port > 0 ? port : undefined }
}
