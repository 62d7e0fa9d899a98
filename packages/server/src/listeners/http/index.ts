/** HTTP listeners and the control socket, as the composition root sees them. */
export { type ControlSocket, openControlSocket } from './control-socket.ts'
export type { HttpMount } from './mounts.ts'
export { type HttpListener, type HttpOptions, type HttpTls, openHttpListener } from './server.ts'
