/**
 * XMPP clients that are not ours, each a process of its own. We write orders to it and it writes what comes of them
 * and what it sees, all as lines of JSON:
 *
 *     {"id": 1, "do": "roster"}                            {"id": 1, "result": {"bob@localhost": {"subscription": "both", "ask": null}}}
 *     {"id": 2, "do": "presence", "to": …, "type": …}      {"id": 2, "result": null}, or {"id": 2, "error": "…"}
 *     {"id": 3, "do": "message", "to": …, "body": …}       {"event": "message", "from": …, "to": …, "type": "chat", "body": …}
 *
 * Events are `online` (with `jid`, `mechanism`, `tls`), `failed`, `message`, `presence` and `roster`. At the end of its
 * input the client leaves.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { isDeepStrictEqual } from 'node:util'
import { Change } from '../waiting.ts'

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
}

/** Contacts by their address. */
export type Contacts = Readonly<Record<string, { readonly subscription: string; readonly ask: string | null }>>

/** slixmpp, from Debian's own Python. Resolves when it is online. */
export function slixmpp({ jid, password, host, port, certificate }: Login): Promise<ForeignClient> {
  const program = join(import.meta.dirname, 'slixmpp', 'client.py')
  const args = [program, jid, password, host, String(port), certificate]
  return ForeignClient.online(spawn('/usr/bin/python3', args, { stdio: 'pipe' }))
}

/** xmpp.js, from npm. Resolves when it is online. */
export function xmppjs({ jid, password, host, port, certificate }: Login): Promise<ForeignClient> {
  const program = join(import.meta.dirname, 'xmppjs', 'client.ts')
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: certificate }
  return ForeignClient.online(spawn(process.execPath, [program, jid, password, host, String(port)], { env }))
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

  /** Lets it leave in good order; answers the exit code. */
  leave(): Promise<number | null> {
    this.#child.stdin.end()
    return this.#closed
  }

  /** Ends it, whatever it is doing. */
  kill(): void {
    this.#child.kill('SIGKILL')
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
