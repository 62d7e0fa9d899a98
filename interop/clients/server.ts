/** The server that foreign clients meet: what they know of is switched on, and there is a way in over WebSocket. */
import { CERTIFICATE_FILE, KEY_FILE } from '../../e2e/config.ts'
import { type Server, type ServerOptions } from '../../e2e/harness.ts'

/** How it is started. */
export const withWebSocket: ServerOptions = {
  modules: `[modules.mod_presence]
[modules.mod_roster]
[modules.mod_disco]
[modules.mod_ping]
[modules.mod_carboncopy]
[modules.mod_offline]
[modules.mod_stream_management]
[modules.mod_mam.pm]`,
  extra: `[[listen.http]]
port = 0
ip_address = "127.0.0.1"
[listen.http.tls]
verify_mode = "none"
certfile = "${CERTIFICATE_FILE}"
keyfile = "${KEY_FILE}"
[[listen.http.handlers.mongoose_websocket_handler]]
host = "_"
path = "/ws-xmpp"`,
}

/** Where its WebSocket is. */
export function webSocketUrl(server: Server): string {
  const port = /:(\d+)\/ws-xmpp/.exec(server.stdout)?.[1]
  return `wss://${server.host}:${port}/ws-xmpp`
}
