/** The specifications that connections of components follow, for the lists of what the server supports. */
import { type Spec, xep } from '../../core/module.ts'

/** What holds on every connection of a component. */
export const specs: readonly Spec[] = [xep(114, '1.6', { file: 'stream.ts' })]
