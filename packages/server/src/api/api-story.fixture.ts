/** Stories with an API: what the tests of this folder share. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { makeJid } from '@meerkat/protocol'
import messages from '../modules/messages.ts'
import { DOMAIN, type Story, type StoryOptions, story } from '../testing/story.ts'
import { ADMIN_PARTS, adminSchema } from './admin.ts'
import type { ApiContext } from './context.ts'
import { type ApiAnswer, executeRequest, executeStream } from './execute.ts'
import {
  type ArchivedFile,
  type Backup,
  type LogLevel,
  type NodeControl,
  type Phase,
  type ReloadReport,
  nodeControl,
} from './node-control.ts'
import { userSchema } from './user.ts'

export { ADMIN_PARTS }

/** The user schema, assembled once for all tests. */
export const USER_API = userSchema()

/** The admin schema, assembled once for all tests. */
export const API = adminSchema()

/** A node that notes its orders instead of following them, with files in memory. */
export class FakeNode implements NodeControl {
  phase: Phase = 'started'
  readonly version = '1.2.3'
  readonly commitHash = 'abcdef'
  readonly startedAt = Date.UTC(2026, 0, 1)
  readonly logFiles = ['/var/log/meerkat.log']
  readonly services = ['service_domain_db']
  readonly internalDatabases: string[] = []
  logLevel: LogLevel = 'NOTICE'
  readonly orders: string[] = []
  readonly files = new Map<string, string>()
  /** Files that cannot be written, with the code of the file system. */
  readonly unwritable = new Map<string, string>()

  setLogLevel(level: LogLevel): void {
    this.logLevel = level
  }

  async readText(file: string): Promise<string> {
    const text = this.files.get(file)
    if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
    return text
  }

  async writeArchive(file: string, files: AsyncIterable<ArchivedFile>): Promise<void> {
    const code = this.unwritable.get(file)
    if (code !== undefined) throw Object.assign(new Error(code), { code })
    for await (const { name, text } of files) {
      let all = ''
      for await (const piece of text) all += piece
      this.files.set(`${file}/${name}`, all)
    }
  }

  stop(): void {
    this.orders.push('stop')
  }

  restart(): void {
    this.orders.push('restart')
  }

  async reload(): Promise<ReloadReport> {
    this.orders.push('reload')
    return { ok: true, applied: ['general.loglevel'], restart: [], problems: [], notices: [] }
  }

  async backup(file: string): Promise<Backup> {
    this.orders.push(`backup ${file}`)
    return { file, bytes: 4096 }
  }
}

/** A story whose server is asked through the API. */
export interface ApiStory {
  readonly story: Story
  readonly node: FakeNode
  /** Executes a request, as admin over the control socket unless `caller` says otherwise. */
  readonly ask: (query: string, caller?: Partial<ApiContext>, variables?: Record<string, unknown>) => Promise<ApiAnswer>
  /** Opens the stream of a subscription. */
  readonly watch: (query: string, caller?: Partial<ApiContext>) => ReturnType<typeof executeStream>
  /** The user schema, asked as a user of the story, or as somebody else. */
  readonly as: (user: string, caller?: Partial<ApiContext>) => Asking
}

/** Ways to ask an endpoint. */
export interface Asking {
  readonly ask: (query: string, variables?: Record<string, unknown>) => Promise<ApiAnswer>
  readonly watch: (query: string) => ReturnType<typeof executeStream>
}

/** Begins a story with an API on `example.com`. */
export async function apiStory(t: TestContext, options: Partial<StoryOptions> = {}): Promise<ApiStory> {
  const told = await story(t, { modules: [[messages]], ...options })
  const node = new FakeNode()
  told.kernel.share(nodeControl, node)
  const context = (caller: Partial<ApiContext>): ApiContext => ({
    kernel: told.kernel,
    role: 'admin',
    method: 'cli',
    ...caller,
  })
  return {
    story: told,
    node,
    ask: (query, caller = {}, variables = {}) => executeRequest(API, { query, variables }, context(caller)),
    watch: (query, caller = {}) => executeStream(API, { query }, context(caller)),
    as: (name, caller = {}) => {
      const user = context({ role: 'user', user: makeJid(name, DOMAIN), method: 'http', ...caller })
      return {
        ask: (query, variables = {}) => executeRequest(USER_API, { query, variables }, user),
        watch: (query) => executeStream(USER_API, { query }, user),
      }
    },
  }
}

/** The data of an answer as plain objects; fails when there are errors. */
export function dataOf({ body }: ApiAnswer): unknown {
  assert.deepEqual(body.errors ?? [], [])
  return JSON.parse(JSON.stringify(body.data))
}

/** The first error's code, or undefined. */
export const codeOf = (answer: ApiAnswer): unknown => answer.body.errors?.[0]?.extensions['code']
