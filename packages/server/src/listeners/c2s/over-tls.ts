/** The server's end of TLS over a connection that is there already (RFC 6120 §5.4.3.3, XEP-0368). */
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { isTrusted } from '../certificates/accepted.ts'
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
    secure.authorized = options.requestCertificate === true && isTrusted(secure, options.allowSelfSigned)
    ready()
  })
  return secure
}
