/** Names of SASL mechanisms: on the wire, in the configuration, and which is best. */

/** The hash of a SCRAM mechanism, by the name that both the configuration and node:crypto use. */
export type ScramHash = 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512'

/** A mechanism that this folder implements. */
export interface MechanismInfo {
  /** The name on the wire, such as `SCRAM-SHA-256-PLUS`. */
  readonly name: string
  /** The name in `sasl_mechanisms`, such as `scram_sha256_plus`. */
  readonly configName: string
  /** The hash, or undefined for PLAIN and EXTERNAL. */
  readonly hash: ScramHash | undefined
  /** Whether the mechanism binds to the TLS channel. */
  readonly plus: boolean
}

/** Every hash that SCRAM may use here, strongest first. */
export const scramHashes: readonly ScramHash[] = ['sha512', 'sha384', 'sha256', 'sha224', 'sha1']

const known: readonly MechanismInfo[] = [
  ...scramHashes.map((hash) => scram(hash, true)),
  ...scramHashes.map((hash) => scram(hash, false)),
  { name: 'PLAIN', configName: 'plain', hash: undefined, plus: false },
]
/** The mechanism for who has shown a certificate already (RFC 4422 appendix A). */
export const EXTERNAL = 'EXTERNAL'

const all: readonly MechanismInfo[] = [
  ...known,
  { name: EXTERNAL, configName: 'external', hash: undefined, plus: false },
]
const byName = new Map(all.map((mechanism) => [mechanism.name, mechanism]))
const byConfigName = new Map(all.map((mechanism) => [mechanism.configName, mechanism]))

/** The names on the wire in the order in which a server advertises them, best first; without EXTERNAL, for which both sides need more than a password. */
export const mechanismNames: readonly string[] = known.map((mechanism) => mechanism.name)

/** What is known about a mechanism by its name on the wire; undefined when it is not one of ours. */
export function mechanismInfo(name: string): MechanismInfo | undefined {
  return byName.get(name)
}

/** The mechanism that the configuration calls `configName`; undefined when it is not one of ours. */
export function mechanismByConfigName(configName: string): MechanismInfo | undefined {
  return byConfigName.get(configName)
}

/** What the connection allows a client to choose from. */
export interface ChoiceLimits {
  /** Whether the client can compute channel-binding data for this connection. */
  readonly channelBinding: boolean
  /** Whether the connection is encrypted. */
  readonly tls: boolean
  /** Whether the client wants to be known by its certificate. */
  readonly certificate?: boolean
}

/**
 * The best of the `offered` mechanisms, or undefined: EXTERNAL for who has a certificate, else PLUS first, then the longest hash, PLAIN last and only
 * under TLS.
 */
export function chooseMechanism(offered: readonly string[], limits: ChoiceLimits): string | undefined {
  if (limits.certificate === true && offered.includes(EXTERNAL)) return EXTERNAL
  const usable = ({ hash, plus }: MechanismInfo): boolean => {
    if (hash === undefined) return limits.tls // RFC 4616 §4: a password in the clear needs an encrypted connection
    return !plus || limits.channelBinding
  }
  return known.find((mechanism) => offered.includes(mechanism.name) && usable(mechanism))?.name
}

function scram(hash: ScramHash, plus: boolean): MechanismInfo {
  const name = `SCRAM-SHA-${hash.slice(3)}`
  return {
    name: plus ? `${name}-PLUS` : name,
    configName: plus ? `scram_${hash}_plus` : `scram_${hash}`,
    hash,
    plus,
  }
}
