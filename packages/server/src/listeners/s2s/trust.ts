/**
 * Whether the certificate of another server leads to a trusted root. OpenSSL judges it; but certificates that public authorities issue now are "for servers"
 * alone, and OpenSSL refuses those of whoever connects. Then the chain is gone through here (S75).
 */
import { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { certificateProblem, isInTime } from '../certificates/accepted.ts'
import { derValues } from '../certificates/der.ts'
import { extensionsOf } from '../certificates/fields.ts'

/** The longest chain that is gone through, its root not counted. */
const LONGEST_CHAIN = 8

const BASIC_CONSTRAINTS = '551d13'
/** Extensions that may be critical, since they say nothing that is not looked at: constraints, names, policies, and two kinds of key usage. */
const UNDERSTOOD = new Set([BASIC_CONSTRAINTS, '551d0f', '551d25', '551d11', '551d20'])

/** Whom to trust in place of OpenSSL; undefined when only OpenSSL's word counts. */
export type Roots = () => readonly X509Certificate[]

/** The certificate of a connection's other end, in DER, when it is trusted; undefined when there is none or it is not. */
export function trustedCertificate(socket: TLSSocket, roots: Roots | undefined, now: number): Buffer | undefined {
  const shown = socket.getPeerCertificate(true)
  if (shown?.raw === undefined) return undefined
  const problem = certificateProblem(socket)
  if (problem === undefined) return shown.raw
  if (problem !== 'INVALID_PURPOSE' || roots === undefined) return undefined
  const chain: X509Certificate[] = []
  for (let each = shown; chain.length <= LONGEST_CHAIN; each = each.issuerCertificate) {
    chain.push(new X509Certificate(each.raw))
    if (each.issuerCertificate === undefined || each.issuerCertificate === each) break
  }
  return leadsToRoot(chain, roots(), now) ? shown.raw : undefined
}

/** Whether the first certificate leads through the others, in any order, to a root (RFC 5280 §6.1, for chains without name constraints). */
export function leadsToRoot(
  [leaf, ...others]: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  now: number,
): boolean {
  let current = leaf
  for (let below = 0; current !== undefined && below < LONGEST_CHAIN; below++) {
    if (!isInTime(current, now) || !isUnderstood(current)) return false
    const issued = (issuer: X509Certificate): boolean => mayIssue(issuer, below) && hasIssued(issuer, current!)
    if (roots.some((root) => root.subject === current!.issuer && isInTime(root, now) && issued(root))) return true
    current = others.find((other) => other.fingerprint256 !== current!.fingerprint256 && issued(other))
  }
  return false
}

const hasIssued = (issuer: X509Certificate, certificate: X509Certificate): boolean =>
  certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)

/** RFC 5280 §4.2: a critical extension that is not understood makes a certificate unusable. */
const isUnderstood = ({ raw }: X509Certificate): boolean =>
  [...extensionsOf(raw)].every(([oid, { critical }]) => !critical || UNDERSTOOD.has(oid))

/** RFC 5280 §4.2.1.9: whether a certificate may issue others, with so many authorities below it. */
function mayIssue({ ca, raw }: X509Certificate, below: number): boolean {
  const constraints = extensionsOf(raw).get(BASIC_CONSTRAINTS)
  if (!ca || constraints === undefined) return false
  const [list] = derValues(constraints.value)
  const length = [...derValues(list!.content)].find(({ tag }) => tag === 0x02)
  return length === undefined || length.content.readUIntBE(0, length.content.length) >= below
}
