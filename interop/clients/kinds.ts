/** The foreign clients that are tried, and what each of them can do. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import {
  type ForeignClient,
  type Login,
  profanity,
  slixmpp,
  stanza,
  strophe,
  type WebSocketLogin,
  xmppjs,
} from './foreign-client.ts'

/** One client program. */
export interface Kind {
  readonly name: string
  /** How it connects. */
  readonly transport: 'TCP with STARTTLS' | 'WebSocket with TLS'
  /** Which version is installed; undefined when none is. */
  readonly version: string | undefined
  /** The best mechanism of SASL that it knows. */
  readonly mechanism: RegExp
  /** Whether it can catch up with the archive and resume its session, with its own means or by what it lets a program say. */
  readonly canCatchUp: boolean
  readonly canResume: boolean
  /** Of the stanzas that it got before it resumes, how many it forgets to count (XEP-0198 §4), so that they come again. */
  readonly uncounted: number
  readonly start: (login: Login & WebSocketLogin) => Promise<ForeignClient>
}

/** All of them. */
export const kinds: readonly Kind[] = [
  {
    name: 'slixmpp',
    transport: 'TCP with STARTTLS',
    version: printed('/usr/bin/python3', '-c', 'import slixmpp; print(slixmpp.__version__)'),
    mechanism: /^SCRAM-SHA-512/,
    canCatchUp: true,
    canResume: true,
    uncounted: 0,
    start: slixmpp,
  },
  {
    name: 'xmpp.js',
    transport: 'TCP with STARTTLS',
    version: installed('@xmpp/client'),
    mechanism: /^SCRAM-SHA-1$/,
    canCatchUp: true,
    canResume: true,
    // Answers to its own requests, such as two for the roster, never get as far as its counter.
    uncounted: 2,
    start: xmppjs,
  },
  {
    name: 'Profanity',
    transport: 'TCP with STARTTLS',
    version: printed('profanity', '--version'),
    mechanism: /^SCRAM-SHA-512/,
    canCatchUp: false,
    canResume: true,
    uncounted: 0,
    start: profanity,
  },
  {
    name: 'stanza',
    transport: 'WebSocket with TLS',
    version: installed('stanza'),
    mechanism: /^SCRAM-SHA-256$/,
    canCatchUp: true,
    canResume: true,
    uncounted: 0,
    start: stanza,
  },
  {
    name: 'strophe.js',
    transport: 'WebSocket with TLS',
    version: installed('strophe.js'),
    mechanism: /^SCRAM-SHA-512$/,
    canCatchUp: true,
    canResume: true,
    uncounted: 0,
    start: strophe,
  },
]

/** The version that a program prints. */
function printed(program: string, ...args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8' })
  return status === 0 ? /\d+(?:\.\d+)+/.exec(stdout)?.[0] : undefined
}

/** The version of a package from npm. */
function installed(name: string): string | undefined {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? []
  for (const folder of folders) {
    try {
      return (JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')) as { version: string }).version
    } catch {
      // It may be in the next one.
    }
  }
  return undefined
}
