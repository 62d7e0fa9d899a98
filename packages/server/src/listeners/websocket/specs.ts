/** The specifications that WebSocket connections follow, for the lists of what the server supports. */
import { type Spec, rfc, xep } from '../../core/module.ts'

/** What holds on connections over WebSocket. */
export const specs: readonly Spec[] = [
  rfc(6455, { note: 'by the package ws', file: 'listener.ts' }),
  rfc(7395, { file: 'websocket-wire.ts' }),
  xep(156, '1.4.0', { note: 'host-meta over HTTP', file: 'host-meta.ts' }),
]
