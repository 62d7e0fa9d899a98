/** The specifications that connections with other servers follow, for the lists of what the server supports. */
import { type Spec, rfc, xep } from '../../core/module.ts'

/** What holds on connections with other servers, in both directions. */
export const specs: readonly Spec[] = [
  rfc(6120, { status: 'partial', note: 'streams between servers', file: 'incoming.ts' }),
  rfc(9525, { status: 'partial', note: 'names of servers, in alternative names alone', file: 'certificate-names.ts' }),
  xep(178, '1.2', { status: 'partial', note: 'EXTERNAL between servers', file: 'outgoing.ts' }),
  xep(185, '1.0', { file: 'federation.ts' }),
  xep(198, '1.6.3', {
    status: 'partial',
    note: 'acknowledgements between servers, no resumption',
    file: 'receipts.ts',
  }),
  xep(220, '1.1.1', { file: 'dialback-in.ts' }),
  xep(368, '1.1.0', {
    status: 'partial',
    note: '`_xmpps-server` records, TLS from the first byte',
    file: 'targets.ts',
  }),
]
