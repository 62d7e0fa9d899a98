/** Whether a client's certificate holds: TLS has checked it, but a socket that was made without a `tls.Server` does not say. */
import type { TLSSocket } from 'node:tls'

/** The part of the socket's inside that knows; the same that `tls.Server` asks to fill in `authorized`. */
interface Inside {
  readonly _handle: { verifyError(): Error | null | undefined } | null
}

/** Whether the client has shown a certificate that leads to a trusted root. Call it once the handshake is done. */
export function hasTrustedCertificate(socket: TLSSocket): boolean {
  const { _handle: handle } = socket as unknown as Inside
  return handle !== null && (handle.verifyError() ?? null) === null
}
