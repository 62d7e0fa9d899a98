/**
 * Profanity as a foreign client, told what to do as ../foreign-client.ts describes. It runs in a terminal, where we type
 * its commands; what it sees is on its screen, in its logs of chats and in its debug log, and these are what is told.
 *
 *     node client.ts JID/RESOURCE PASSWORD HOST PORT CERTIFICATE
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { obey, tell } from '../orders.ts'
import { Cable } from './cable.ts'
import { Tail } from './tail.ts'

const [jid = '', password = '', host = '', port = '', certificate = ''] = process.argv.slice(2)

/** So many rows that nothing scrolls: each line is then written once, and onto blanks. */
const SCREEN = 'stty cols 200 rows 900'

const home = mkdtempSync(join(tmpdir(), 'profanity-'))
const log = join(home, 'debug.log')
mkdirSync(join(home, 'profanity'))
writeFileSync(
  join(home, 'profanity', 'profrc'),
  '[ui]\nsplash=false\nvercheck=false\n[logging]\nchlog=true\n[connection]\nautoping=0\nreconnect=1\n[autoaway]\nmode=off\n',
)

const env = {
  ...process.env,
  XDG_CONFIG_HOME: home,
  XDG_DATA_HOME: home,
  SSL_CERT_FILE: certificate,
  TERM: 'xterm',
  LC_ALL: 'C.UTF-8',
}
const terminal = spawn('script', ['-qefc', `${SCREEN}; profanity -l DEBUG -f ${log}`, '/dev/null'], {
  env,
  stdio: ['pipe', 'pipe', 'inherit'],
})
let screen = ''
terminal.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text))
const ended = new Promise<number | null>((resolve) => terminal.on('close', resolve))
void ended.then((code) => tell({ event: 'failed', why: `it ended with ${code}` }))
process.on('exit', () => {
  // Its terminal goes with it, and hangs up on Profanity.
  terminal.kill('SIGKILL')
  rmSync(home, { recursive: true, force: true })
})
process.on('SIGTERM', () => process.exit(1))

/** Debug log: `TIME: prof: DBG: what`. It puts it one way round for `available`, and the other for everything else. */
const PRESENCE = /: prof: DBG: (?:Presence )?(\w+) (?:presence )?handler fired for:? (.*)$/
const MECHANISM = /: xmpp: DBG: SASL (\S+) auth successful$/
/** Log of a chat: `TIME - who: text`, where we are `me`. */
const CHAT = /^\S+ - (.*?): (.*)$/
/** On the screen: `TIME -   jid - subscription`, and more when there is more to say. */
const CONTACT = /^\S+ - +(\S+@\S+) - (\w+)(.*)$/

const RESUMED = 'Session resumed successfully.'
const BOUND = 'Bind successful.'

let resumptions = 0
let newLogins = 0
let mechanism: string | undefined

function hear(line: string, file: string): void {
  if (file === log) hearLog(line)
  else if (file.endsWith('.log')) hearChat(line)
}

function hearLog(line: string): void {
  if (line.endsWith(RESUMED)) resumptions++
  if (line.endsWith(BOUND)) newLogins++
  mechanism ??= MECHANISM.exec(line)?.[1]
  const [, type, from] = PRESENCE.exec(line) ?? []
  if (type !== undefined) tell({ event: 'presence', from, type: type.toLowerCase() })
}

function hearChat(line: string): void {
  const [, from, body] = CHAT.exec(line) ?? []
  if (from !== undefined && from !== 'me') tell({ event: 'message', from, body })
}

/** The screen as lines of text, with blanks where the cursor was moved. */
function lines(since: number): string[] {
  return stripVTControlCharacters(
    screen
      .slice(since)
      .replaceAll('\x1b(B', '')
      .replaceAll(/\x1b\[[\d;]*[HGd]/g, '\n'),
  )
    .split(/[\r\n]+/)
    .map((line) => line.trimEnd())
}

async function until<T>(look: () => T | undefined): Promise<T> {
  for (;;) {
    const found = look()
    if (found !== undefined) return found
    await once(tail, 'look')
  }
}

const says = (text: string, since = 0) => until(() => (screen.slice(since).includes(text) ? true : undefined))

function type(line: string): void {
  terminal.stdin.write(`${line}\r`)
}

async function roster(): Promise<unknown> {
  const since = screen.length
  type('/roster')
  // What it says of the next command comes behind the whole list.
  type('/enough')
  await says('Unknown command', since)
  const found = lines(since).flatMap((line) => {
    const [, contact = '', subscription, more = ''] = CONTACT.exec(line) ?? []
    return subscription === undefined
      ? []
      : [[contact, { subscription, ask: more.includes('request sent') ? 'subscribe' : null }]]
  })
  return Object.fromEntries(found) as unknown
}

const subscribing: Readonly<Record<string, string>> = {
  subscribe: 'request',
  subscribed: 'allow',
  unsubscribed: 'deny',
}

/** Its first presence it sends by itself. */
function presence({ to, type: kind }: { readonly to?: string; readonly type?: string }): void {
  if (to === undefined && kind === undefined) return
  const word = subscribing[kind ?? '']
  if (to === undefined || word === undefined) throw new Error(`cannot send presence ${kind} to ${to}`)
  type(`/sub ${word} ${to}`)
}

/** It notices by itself that its connection is gone, and tries again each second. */
async function resume(): Promise<boolean> {
  const [resumed, logins] = [resumptions, newLogins]
  cable.mend()
  return until(() => (resumptions > resumed ? true : newLogins > logins ? false : undefined))
}

const cable = new Cable(host, Number(port))
const tail = new Tail(home, hear)
await says("Type '/help'")
type(`/connect ${jid} server 127.0.0.1 port ${await cable.laid()} tls force`)
await says('Enter password')
type(password)
await says('logged in successfully')
await until(() => mechanism)
tell({ event: 'online', jid, mechanism, tls: 'TLS' })
await obey({ roster, presence, message: ({ to, body }) => type(`/msg ${to} ${body}`), cut: () => cable.cut(), resume })
type('/quit')
process.exitCode = (await ended) ?? 1
tail.stop()
cable.remove()
