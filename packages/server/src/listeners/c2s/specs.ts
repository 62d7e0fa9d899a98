/** The specifications that connections of clients follow, for the lists of what the server supports. */
import { type Spec, rfc, xep } from '../../core/module.ts'

/** What holds on every connection, and on those over TCP. */
export const specs: readonly Spec[] = [
  rfc(6120, { status: 'partial', note: 'streams of clients, §4; TLS, §5; SASL, §6; resources, §7', file: 'stream.ts' }),
  rfc(4422, { status: 'partial', note: 'EXTERNAL, appendix A', file: 'sasl.ts' }),
  rfc(4616, { note: 'PLAIN', file: 'sasl.ts' }),
  rfc(5802, { note: 'SCRAM', file: 'sasl.ts' }),
  rfc(7677, { note: 'SCRAM with SHA-256', file: 'sasl.ts' }),
  rfc(7590, { status: 'partial', note: 'TLS 1.2 and 1.3, for clients', file: 'over-tls.ts' }),
  rfc(9266, { note: '`tls-exporter`, on TLS 1.3', file: 'tcp-wire.ts' }),
  xep(170, '1.0', { file: 'login.ts' }),
  xep(178, '1.2', { status: 'partial', note: 'EXTERNAL for clients', file: 'external.ts' }),
  xep(368, '1.1.0', { status: 'partial', note: 'TLS from the first byte, for clients', file: 'over-tls.ts' }),
  xep(440, '1.0.0', { status: 'partial', note: '`tls-exporter` alone', file: 'login.ts' }),
  xep(474, '0.4.0', { file: 'sasl.ts' }),
]
