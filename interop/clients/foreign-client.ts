/**
 * XMPP clients that are not ours, each a process of its own. We write orders to it and it writes what comes of them
 * and what it sees, all as lines of JSON:
 *
 *     {"id": 1, "do": "roster"}                            {"id": 1, "result": {"bob@localhost": {"subscription": "both", "ask": null}}}
 *     {"id": 2, "do": "presence", "to": …, "type": …}      {"id": 2, "result": null}, or {"id": 2, "error": "…"}
 *     {"id": 3, "do": "message", "to": …, "body": …}       {"event": "message", "from": …, "to": …, "type": "chat", "body": …}
 *     {"id": 4, "do": "archive", "after": …}               {"id": 4, "result": [{"id": …, "from": …, "body": …}]}
 *     {"id": 5, "do": "cut"}, {"id": 6, "do": "resume"}    {"id": 6, "result": true}
 *
 * Events are `online` (with `jid`, `mechanism`, `tls`), `failed`, `message`, `presence` and `roster`. At the end of its
 * input the client leaves. Not every client can do everything.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { isDeepStrictEqual } from 'node:util'
import { Change } from '../../e2e/waiting.ts'
import type { Archived } from './orders.ts'

/** What a client tells. */
export type Line = Readonly<Record<string, unknown>>

/** How a client logs in. */
export interface Login {
  /** With the resource. */
  readonly jid: string
  readonly password: string
  readonly host: string
  readonly port: number
  /** The file of the certificate to trust, in PEM. */
  readonly certificate: string
  /** The client's own certificate and its key, as files in PEM, for SASL EXTERNAL. */
  readonly own?: { readonly cert: string; readonly key: string }
  /** More of the environment. */
  readonly env?: Readonly<Record<string, string>>
}

/** Where a client over WebSocket logs in: `url` instead of host and port. */
export interface WebSocketLogin extends Omit<Login, 'host' | 'port' | 'own' | 'env'> {
  readonly url: string
}

/** Contacts by their address. */
export type Contacts = Readonly<Record<string, { readonly subscription: string; readonly ask: string | null }>>

/** slixmpp, from Debian's own Python. Resolves when it is online. */
export function slixmpp({ jid, password, host, port, certificate, own, env }: Login): Promise<ForeignClient> {
  const program = join(import.meta.dirname, 'slixmpp', 'client.py')
  const args = [program, jid, password, host, String(port), certificate, ...(own ? [own.cert, own.key] : [])]
  return ForeignClient.online(spawn('/usr/bin/python3', args, { stdio: 'pipe', env: { ...process.env, ...env } }))
}

/** xmpp.js, from npm. Resolves when it is online. */
export function xmppjs({ jid, password, host, port, certificate }: Login): Promise<ForeignClient> {
  return inNode('xmppjs', certificate, [jid, password, host, String(port)])
}

/** Profanity, from Debian, in a terminal of its own. Resolves when it is online. */
export function profanity({ jid, password, host, port, certificate }: Login): Promise<ForeignClient> {
  return inNode('profanity', certificate, [jid, password, host, String(port), certificate])
}

/** stanza, from npm. Resolves when it is online. */
export function stanza({ jid, password, url, certificate }: WebSocketLogin): Promise<ForeignClient> {
  return inNode('stanza', certificate, [jid, password, url])
}

/** strophe.js, from npm. Resolves when it is online. */
export function strophe({ jid, password, url, certificate }: WebSocketLogin): Promise<ForeignClient> {
  return inNode('strophe', certificate, [jid, password, url])
}

function inNode(folder: string, certificate: string, args: readonly string[]): Promise<ForeignClient> {
  const program = join(import.meta.dirname, folder, 'client.ts')
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: certificate }
  return ForeignClient.online(spawn(process.execPath, [program, ...args], { env }))
}

/** A client in its process. */
export class ForeignClient {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: Line[] = []
  readonly #closed: Promise<number | null>
  #lastId = 0
  #errors = ''
  #session: Line = {}
  readonly #change = new Change()

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#errors += text))
    // What has gone wrong is seen when the process ends.
    child.stdin.on('error', () => undefined)
    createInterface({ input: child.stdout }).on('line', (line) => this.#hear(JSON.parse(line) as Line))
    this.#closed = new Promise((resolve) => child.on('close', resolve))
    void this.#closed.then((code) => this.#hear({ event: 'ended', code }))
  }

  /** Wraps a process. Rejects when it does not get online. */
  static async online(child: ChildProcessWithoutNullStreams): Promise<ForeignClient> {
    const client = new ForeignClient(child)
    try {
      client.#session = await client.sees({ event: 'online' })
      return client
    } catch (error) {
      child.kill()
      throw error
    }
  }

  /** What it has told of its login: `jid`, `mechanism` of SASL, and the version of `tls`. */
  get session(): Line {
    return this.#session
  }

  /** Its contacts, as the server lists them. */
  async roster(): Promise<Contacts> {
    return (await this.#order({ do: 'roster' })) as Contacts
  }

  /** Sends presence. */
  async presence(presence: { readonly to?: string; readonly type?: string } = {}): Promise<void> {
    await this.#order({ do: 'presence', ...presence })
  }

  /** Sends a chat message. */
  async message(to: string, body: string): Promise<void> {
    await this.#order({ do: 'message', to, body })
  }

  /** What its archive has after the message of that id, or all of it, page by page (XEP-0313). */
  async archive(after?: string): Promise<readonly Archived[]> {
    return (await this.#order({ do: 'archive', after })) as readonly Archived[]
  }

  /** Breaks its connection off, without a word to the server. */
  async cut(): Promise<void> {
    await this.#order({ do: 'cut' })
  }

  /** Connects again; true when that has resumed its session (XEP-0198 §5), false when it has a new one. */
  async resume(): Promise<boolean> {
    return (await this.#order({ do: 'resume' })) === true
  }

  /** The first event, of those not asked for yet, which has all the given values. Rejects when none comes. */
  async sees(wanted: Line): Promise<Line> {
    const fits = (line: Line) => Object.entries(wanted).every(([key, value]) => isDeepStrictEqual(line[key], value))
    const index = await this.#change.until(
      () => {
        const at = this.#lines.findIndex(fits)
        return at < 0 && !this.#hasEnded() ? undefined : at
      },
      () => this.#story(wanted),
    )
    if (index < 0) throw new Error(this.#story(wanted))
    return this.#lines.splice(index, 1)[0]!
  }

  /** The events of that kind which nobody has asked for. */
  unseen(event: string): readonly Line[] {
    return this.#lines.filter((line) => line['event'] === event)
  }

  /** Lets it leave in good order; answers the exit code. */
  leave(): Promise<number | null> {
    this.#child.stdin.end()
    return this.#closed
  }

  /** Ends it, whatever it is doing. */
  kill(): void {
    this.#child.kill()
  }

  async #order(order: Line): Promise<unknown> {
    const id = ++this.#lastId
    this.#child.stdin.write(`${JSON.stringify({ id, ...order })}\n`)
    const { error, result } = await this.sees({ id })
    if (error !== undefined) throw new Error(`${JSON.stringify(order)}: ${JSON.stringify(error)}`)
    return result
  }

  #hear(line: Line): void {
    this.#lines.push(line)
    this.#change.happened()
  }

  #hasEnded(): boolean {
    return this.#lines.some(({ event }) => event === 'ended' || event === 'failed')
  }

  #story(missing: Line): string {
    const seen = this.#lines.map((line) => JSON.stringify(line)).join('\n  ')
    return `the client did not tell ${JSON.stringify(missing)}, but\n  ${seen}\n${this.#errors}`
  }
}
