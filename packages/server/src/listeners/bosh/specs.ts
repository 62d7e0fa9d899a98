/** The specifications that BOSH follows, for the lists of what the server supports. */
import { type Spec, xep } from '../../core/module.ts'

/** What holds on connections over BOSH. */
export const specs: readonly Spec[] = [
  xep(124, '1.11.2', { file: 'session.ts' }),
  xep(206, '1.4', { file: 'session.ts' }),
]
