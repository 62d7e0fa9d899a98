/** The specifications that the kernel follows, for the lists of what the server supports. */
import { type Spec, rfc, xep } from './module.ts'

/** What holds for every host type, whatever modules run. */
export const specs: readonly Spec[] = [
  rfc(6120, { status: 'partial', note: 'routing, §10', file: 'stanza-path.ts' }),
  rfc(6121, { note: 'where stanzas to users go, §8.5', file: 'stanza-path.ts' }),
  rfc(6122, { file: '../../../protocol/src/jid.ts' }),
  xep(203, '2.0', { note: 'on what is delivered late', file: 'reroute.ts' }),
]
