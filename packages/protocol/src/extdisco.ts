/** XEP-0215 1.0.0: External Service Discovery. */
import { type Element, tag } from '@meerkat/xml'
import { formatDateTime } from './datetime.ts'

export const EXTDISCO_NS = 'urn:xmpp:extdisco:2'

export const ExternalServices = tag(EXTDISCO_NS, 'services')
export const ExternalCredentials = tag(EXTDISCO_NS, 'credentials')
export const ExternalServiceTag = tag(EXTDISCO_NS, 'service')

/** A service outside of XMPP, such as a relay for calls. */
export interface ExternalService {
  readonly type: string
  readonly host: string
  readonly port?: number | undefined
  readonly transport?: string | undefined
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** When the credentials are no longer good: seconds since the epoch. */
  readonly expires?: number | undefined
}

/** Builds the list of services; `type` is the one that was asked for. */
export function buildExternalServices(services: readonly ExternalService[], type?: string): Element {
  return ExternalServices({ type }, ...services.map(buildService))
}

/** Builds the answer to a request for credentials (XEP-0215 §3.3). */
export function buildExternalCredentials(services: readonly ExternalService[]): Element {
  return ExternalCredentials({}, ...services.map(buildService))
}

function buildService({ expires, ...service }: ExternalService): Element {
  return ExternalServiceTag({
    ...service,
    expires: expires === undefined ? undefined : formatDateTime(expires * 1_000_000, 0),
    // XEP-0215 §2
    restricted: service.username === undefined ? undefined : 'true',
  })
}
