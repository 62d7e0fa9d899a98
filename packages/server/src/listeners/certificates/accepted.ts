/** Whether a listener takes the certificate that a client has shown in the TLS handshake. */
import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/** The part of the socket's inside that knows; the same that `tls.Server` asks to fill in `authorized`. */
interface Inside {
  readonly _handle: { verifyError?(): (Error & { readonly code?: string }) | null | undefined } | null
}

const NONE = 'UNABLE_TO_GET_ISSUER_CERT'
/** OpenSSL says so only when it has nothing else against a certificate: what comes later in its list of checks takes its place. */
const SELF_SIGNED = 'DEPTH_ZERO_SELF_SIGNED_CERT'

/**
 * What OpenSSL has against the certificate of the other end, by its code, also that there is none; undefined when it leads to a trusted root. Should
 * Node change inside, nobody is trusted.
 */
export function certificateProblem(socket: TLSSocket): string | undefined {
  const { _handle: handle } = socket as unknown as Inside
  if (handle?.verifyError === undefined) return 'closed'
  const error = handle.verifyError() ?? null
  if (error !== null) return error.code ?? error.message
  // A session of TLS 1.3 that is taken up again is in order also when it began without a certificate.
  return socket.getPeerX509Certificate() === undefined ? NONE : undefined
}

/** Whether the certificate of the other end leads to a trusted root or, with `selfSigned`, has signed itself. */
export function isTrusted(socket: TLSSocket, selfSigned = false): boolean {
  const problem = certificateProblem(socket)
  return problem === undefined || (selfSigned && problem === SELF_SIGNED)
}

/**
 * The certificate of a connection's other end, in DER, when its listener takes it (`authorized`) and it is in time: a session that is taken up again
 * brings the certificate, and the judgement, of when it began.
 */
export function acceptedCertificate(socket: Socket, now: number): Buffer | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined
  const shown = socket.getPeerX509Certificate()
  return shown !== undefined && isInTime(shown, now) ? shown.raw : undefined
}

/** RFC 5280 §4.1.2.5. */
export const isInTime = ({ validFromDate, validToDate }: X509Certificate, now: number): boolean =>
  validFromDate.getTime() <= now && now <= validToDate.getTime()
