/** `meerkat check`: looks at everything that a start needs, and says what is wrong and how to mend it. */
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { accessSync, constants, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import process from 'node:process'
import { ConfigError, printProblem } from '../core/config/index.ts'
import type { Config, Listener, Pool } from '../core/config/types.ts'
import { lockFolder } from '../storage/sqlite/folder-lock.ts'
import { remainingDays } from './certificate-watch.ts'
import { sqliteFile } from './storage.ts'

/** One thing that was looked at. */
export interface Finding {
  /** `note`: the server starts all the same. */
  readonly state: 'ok' | 'note' | 'wrong'
  readonly text: string
}

const ok = (text: string): Finding => ({ state: 'ok', text })
const note = (text: string): Finding => ({ state: 'note', text })
const wrong = (text: string, mend: string): Finding => ({ state: 'wrong', text: `${text}: ${mend}` })

/** How long a service may take to accept a connection, in milliseconds. */
const CONNECT_MS = 3000
const WARN_DAYS = 21

/** Looks at a configuration and what it names. `read` reads it; throws nothing. */
export async function checkServer(read: () => Config): Promise<Finding[]> {
  let config: Config
  try {
    config = read()
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map((problem) => ({ state: 'wrong', text: printProblem(problem) }))
    return [wrong(messageOf(error), 'name a file that can be read')]
  }
  const folder = checkFolder(config.general.data_dir)
  const running = folder.some(({ state, text }) => state === 'note' && text.includes('running'))
  return [
    ok(`${config.file} can be read`),
    ...config.notices.map(note),
    ...folder,
    ...checkStore(config),
    ...config.listen.flatMap(checkCertificate),
    // A running server holds its ports itself.
    ...(running ? [] : await Promise.all(config.listen.map(checkPort))),
    ...(await Promise.all(config.pools.flatMap(servicesOf).map(checkService))),
  ]
}

function checkFolder(folder: string): Finding[] {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.W_OK)
  } catch {
    const user = process.getuid?.() ?? 'this user'
    return [
      wrong(`the data folder ${folder} cannot be written to`, `let user ${user} own it, or name another data_dir`),
    ]
  }
  try {
    lockFolder(folder).release()
    return [ok(`the data folder ${folder} can be written to`)]
  } catch {
    return [note(`a server is running on the data folder ${folder}; its ports were not looked at`)]
  }
}

/** What is in the store is looked at when a server opens it: here only whether it can be. */
function checkStore(config: Config): Finding[] {
  try {
    const file = sqliteFile(config)
    if (file === undefined) return []
    if (!existsSync(file)) return [ok(`the store ${file} will be made at the first start`)]
    accessSync(file, constants.R_OK | constants.W_OK)
    return isSqlite(file)
      ? [ok(`the store ${file} can be opened`)]
      : [wrong(`${file} is no store`, 'put a backup in its place with "meerkat restore"')]
  } catch (error) {
    return [wrong(messageOf(error), 'let the user of the server own the store, or correct the configuration')]
  }
}

const isSqlite = (file: string): boolean => readFileSync(file).subarray(0, 15).toString('latin1') === 'SQLite format 3'

function checkCertificate({ settings: { tls }, kind, port }: Listener): Finding[] {
  if (tls?.certfile === undefined || tls.keyfile === undefined) return []
  const { certfile, keyfile, password } = tls
  const where = `the certificate ${certfile} of listen.${kind} on port ${port}`
  const days = remainingDays(certfile, Date.now())
  if (days === -32_768) return [wrong(`${where} cannot be read`, 'it must be PEM, and readable for this user')]
  if (days === -32_767) return [wrong(`${where} is not valid yet`, "set this machine's clock, or wait")]
  if (days < 0) return [wrong(`${where} has ended`, 'renew it')]
  try {
    const key = createPrivateKey({
      key: readFileSync(keyfile),
      ...(password !== undefined && { passphrase: password }),
    })
    if (!new X509Certificate(readFileSync(certfile)).checkPrivateKey(key))
      return [wrong(`the key ${keyfile} is not that of ${certfile}`, 'name the files that were made together')]
  } catch {
    return [
      wrong(`the key ${keyfile} cannot be read`, 'it must be PEM, readable for this user, and its password right'),
    ]
  }
  return [days < WARN_DAYS ? note(`${where} ends in ${days} days: renew it`) : ok(`${where} is valid for ${days} days`)]
}

function checkPort({ port, ip_address: address, kind }: Listener): Promise<Finding> {
  const where = `port ${port}${address === undefined ? '' : ` of ${address}`} for listen.${kind}`
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', ({ code, message }: NodeJS.ErrnoException) => {
      if (code === 'EADDRINUSE') resolve(wrong(`${where} is in use`, 'stop what listens there, or choose another port'))
      else if (code === 'EACCES')
        resolve(wrong(`${where} is not for this user`, 'choose a port above 1023, or grant CAP_NET_BIND_SERVICE'))
      else if (code === 'EADDRNOTAVAIL') resolve(wrong(`${where} is not this machine's`, 'correct ip_address'))
      else resolve(wrong(`${where} cannot be opened`, message))
    })
    server.listen({ port, host: address }, () => server.close(() => resolve(ok(`${where} is free`))))
  })
}

interface Service {
  readonly name: string
  readonly host: string
  readonly port: number
}

function servicesOf(pool: Pool): Service[] {
  const { connection } = pool.settings as { connection?: { host?: unknown; port?: unknown } }
  const { host, port } = connection ?? {}
  if (typeof host !== 'string' || typeof port !== 'number') return []
  return [{ name: `[outgoing_pools.${pool.type}.${pool.tag}]`, host, port }]
}

/** Whether something accepts connections there; whether it accepts the password shows when the server logs in. */
function checkService({ name, host, port }: Service): Promise<Finding> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const tell = (finding: Finding): void => {
      socket.destroy()
      resolve(finding)
    }
    const mend = 'start the service, or correct host and port'
    socket.setTimeout(CONNECT_MS, () => tell(wrong(`${name}: ${host}:${port} does not answer`, mend)))
    socket.once('connect', () => tell(ok(`${name}: ${host}:${port} accepts connections`)))
    socket.once('error', (error) => tell(wrong(`${name}: ${host}:${port} cannot be reached (${error.message})`, mend)))
  })
}

/** What is printed: a line for each, those that are wrong last. */
export function printFindings(findings: readonly Finding[]): string {
  const order = { ok: 0, note: 1, wrong: 2 }
  return findings
    .toSorted((one, other) => order[one.state] - order[other.state])
    .map(({ state, text }) => `${state.padEnd(6)} ${text}`)
    .join('\n')
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
