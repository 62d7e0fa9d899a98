/**
 * What the simplest possible router costs on Node: no XMPP server. It answers the handshake with fixed bytes, then finds the ends of messages and
 * forwards each one by its `to`, with the `from` that any server must add. No XML parser, no check, no storage, no feature, no batching.
 * With STARTTLS it shows what TLS costs on Node.
 * Plain JavaScript: that Node strips types takes 17 MB.
 *
 *     PORT=16222 DOMAIN=bench.test CERTIFICATE=FILE KEY=FILE node router.mjs
 */
import { readFileSync } from 'node:fs'
import net from 'node:net'
import tls from 'node:tls'

const { PORT = '16222', DOMAIN = 'bench.test', CERTIFICATE = '', KEY = '' } = process.env
const secureContext = tls.createSecureContext({ cert: readFileSync(CERTIFICATE), key: readFileSync(KEY) })
const users = new Map()
const END = '</message>'
const HEADER = `<?xml version='1.0'?><stream:stream from='${DOMAIN}' id='x' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>`
const STARTTLS = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
const SASL = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>"
const BIND = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"

function features(of) {
  const offered = of.user ? BIND : `${of.secure ? '' : STARTTLS}${SASL}`
  return `${HEADER}<stream:features>${offered}</stream:features>`
}

function startTls(of) {
  const raw = of.socket
  raw.removeAllListeners('data')
  raw.write("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
  of.secure = true
  of.socket = new tls.TLSSocket(raw, { isServer: true, secureContext })
  listen(of)
}

function bind(of, id, resource) {
  of.bare = `${of.user}@${DOMAIN}`
  of.jid = `${of.bare}/${resource}`
  const bound = `<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>${of.jid}</jid></bind>`
  of.socket.write(`<iq type='result' id='${id}'>${bound}</iq>`)
}

function handshake(of, chunk) {
  const text = of.rest + chunk
  of.rest = ''
  const auth = /<auth[^>]*>([^<]*)<\/auth>/.exec(text)
  const request = /<iq[^>]*id='([^']*)'[\s\S]*?<resource>([^<]*)<\/resource>/.exec(text)
  if (text.includes('<stream:stream')) of.socket.write(features(of), 'latin1')
  else if (text.includes('<starttls')) startTls(of)
  else if (auth) {
    of.user = Buffer.from(auth[1], 'base64').toString().split('\0')[1] ?? ''
    of.socket.write("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>")
  } else if (request) bind(of, request[1], request[2])
  else if (text.includes('<presence/>')) {
    users.set(of.bare, of)
    of.ready = true
    of.head = `<message from='${of.jid}'`
    of.socket.write(`<presence from='${of.jid}' to='${of.jid}'/>`)
  } else of.rest = text
}

function forward(of, chunk) {
  const text = of.rest + chunk
  let at = 0
  for (let end = text.indexOf(END); end >= 0; end = text.indexOf(END, at)) {
    const start = text.indexOf('<message', at)
    const to = text.indexOf(" to='", start) + 5
    const address = text.slice(to, text.indexOf("'", to))
    const slash = address.indexOf('/')
    const recipient = users.get(slash > 0 ? address.slice(0, slash) : address)
    recipient?.socket.write(of.head + text.slice(start + 8, end + END.length), 'latin1')
    at = end + END.length
  }
  of.rest = text.slice(at)
  if (of.rest.includes('</stream')) of.socket.end()
}

function listen(of) {
  const { socket } = of
  socket.on('data', (data) => (of.ready ? forward : handshake)(of, data.toString('latin1')))
  socket.on('error', () => {})
  socket.on('close', () => {
    if (users.get(of.bare) === of) users.delete(of.bare)
  })
}

net
  .createServer({ noDelay: true }, (socket) => {
    listen({ socket, secure: false, rest: '', user: '', bare: '', jid: '', head: '', ready: false })
  })
  .listen({ port: Number(PORT), host: '127.0.0.1', backlog: 1024 })
