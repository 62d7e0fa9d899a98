/** Chromium without a window, over its DevTools protocol: pages are opened, asked, typed into and photographed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Change } from '../../../e2e/waiting.ts'

/** An answer of the browser, or an event. */
interface Answer {
  readonly id?: number
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: { readonly message: string }
}

const FLAGS = [
  '--headless',
  '--no-sandbox', // root has no other way
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-port=0',
  '--window-size=1100,720',
]

/** How often a page is looked at, in milliseconds. */
const LOOK_MS = 100

/** A browser with one page. */
export class Browser {
  readonly #child: ChildProcess
  readonly #profile: string
  readonly #answers = new Map<number, Answer>()
  readonly #change = new Change()
  #socket!: WebSocket
  #session = ''
  #lastId = 0
  #said = ''

  private constructor(trusted: string) {
    this.#profile = mkdtempSync(join(tmpdir(), 'chromium-'))
    const args = [...FLAGS, `--user-data-dir=${this.#profile}`, `--ignore-certificate-errors-spki-list=${trusted}`]
    this.#child = spawn('chromium', args, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text
      this.#change.happened()
    })
  }

  /** Starts one with a blank page. `trusted` is the SHA-256 of a public key that any certificate may have, in base64. */
  static async start(trusted: string): Promise<Browser> {
    const browser = new Browser(trusted)
    try {
      await browser.#connect()
      return browser
    } catch (error) {
      await browser.close()
      throw error
    }
  }

  /** Goes to a page. */
  async open(url: string): Promise<void> {
    await this.#call('Page.navigate', { url })
  }

  /** What an expression of JavaScript, or the promise that it is, comes to in the page. Rejects when it throws there. */
  async evaluate(expression: string): Promise<unknown> {
    const answer = await this.#call('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
    if (answer['exceptionDetails'] !== undefined) throw new Error(`${expression}: ${JSON.stringify(answer)}`)
    return (answer['result'] as { readonly value?: unknown }).value
  }

  /** Resolves when the expression is true in the page. Rejects with what the page shows when that takes a minute. */
  async until(expression: string): Promise<void> {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => reject(new Error(`${expression} is not true`)), 60_000)
    try {
      while ((await Promise.race([this.evaluate(`Boolean(${expression})`), late])) !== true)
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    } catch (error) {
      throw new Error(`the page shows ${String(await this.evaluate('document.body.innerText'))}`, { cause: error })
    } finally {
      clearTimeout(timer)
    }
  }

  /** Types text where the cursor is, and presses Enter. */
  async type(text: string): Promise<void> {
    await this.#call('Input.insertText', { text })
    const enter = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13, text: '\r' }
    await this.#call('Input.dispatchKeyEvent', { type: 'keyDown', ...enter })
    await this.#call('Input.dispatchKeyEvent', { type: 'keyUp', ...enter })
  }

  /** What the page looks like, as PNG. */
  async screenshot(): Promise<Buffer> {
    const { data } = await this.#call('Page.captureScreenshot', { format: 'png' })
    return Buffer.from(data as string, 'base64')
  }

  /** Ends it. */
  async close(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit')
      this.#child.kill()
      await ended
    }
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10 })
  }

  async #connect(): Promise<void> {
    const listening = /DevTools listening on (ws:\S+)/
    const url = await this.#change.until(
      () => listening.exec(this.#said)?.[1],
      () => `Chromium says ${this.#said}`,
    )
    this.#socket = new WebSocket(url)
    this.#socket.addEventListener('message', ({ data }) => this.#hear(JSON.parse(String(data)) as Answer))
    await once(this.#socket, 'open')
    const { targetId } = await this.#call('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await this.#call('Target.attachToTarget', { targetId, flatten: true })
    this.#session = sessionId as string
  }

  #hear(answer: Answer): void {
    if (answer.id === undefined) return
    this.#answers.set(answer.id, answer)
    this.#change.happened()
  }

  async #call(method: string, params: object): Promise<Readonly<Record<string, unknown>>> {
    const id = ++this.#lastId
    this.#socket.send(JSON.stringify({ id, method, params, ...(this.#session && { sessionId: this.#session }) }))
    const { result, error } = await this.#change.until(
      () => this.#answers.get(id),
      () => `Chromium does not answer to ${method}: ${this.#said}`,
    )
    this.#answers.delete(id)
    if (result === undefined) throw new Error(`${method}: ${error?.message}`)
    return result
  }
}
