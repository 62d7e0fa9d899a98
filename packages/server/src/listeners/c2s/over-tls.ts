/** The server's end of TLS over a connection that is there already (RFC 6120 §5.4.3.3, XEP-0368). */
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { TlsOptions } from './options.ts'

/** Who is told how TLS goes. */
export interface TlsEvents {
  /** The handshake is done. */
  readonly ready: () => void
  /** The connection must go. Called perhaps more than once. */
  readonly failed: (why: string) => void
}

/** Puts TLS over a socket. What breaks the handshake is the returned socket's 'error'; everything later goes to `failed`. */
export function overTls(plain: Socket, options: TlsOptions, { ready, failed }: TlsEvents): TLSSocket {
  const secure = new TLSSocket(plain, {
    isServer: true,
    secureContext: options.context(),
    requestCert: options.requestCertificate === true,
    rejectUnauthorized: false,
  })
  // S21: a second handshake costs the server far more than the client
  secure.disableRenegotiation()
  // A socket that was made without a `tls.Server` tells no one else of what breaks it after the handshake.
  secure.on('_tlsError', () => failed('TLS failed'))
  secure.once('secure', () => {
    ready()
    if (options.requireCertificate === true && certificateProblem(secure) !== undefined)
      failed('no trusted client certificate')
  })
  return secure
}

/** The part of the socket's inside that knows; the same that `tls.Server` asks to fill in `authorized`. */
interface Inside {
  readonly _handle: { verifyError(): (Error & { readonly code?: string }) | null | undefined } | null
}

/** What OpenSSL has against the certificate of the other end, by its code, also that there is none; undefined when it leads to a trusted root. */
export function certificateProblem(socket: TLSSocket): string | undefined {
  const { _handle: handle } = socket as unknown as Inside
  if (handle === null) return 'closed'
  const error = handle.verifyError() ?? null
  return error === null ? undefined : (error.code ?? error.message)
}
