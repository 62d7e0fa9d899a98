/** What the tests of the archive share: Romeo and Juliet with archives, and reading them. */
import assert from 'node:assert/strict'
import {
  type FormField,
  Iq,
  Message,
  type RsmRequest,
  buildMamQuery,
  buildRsmRequest,
  parseMamFin,
  parseMamResult,
  payload,
  Body,
} from '@meerkat/protocol'
import { type Element, text } from '@meerkat/xml'
import type { ModuleDeclaration } from '../../core/module.ts'
import { type Device, type Story, type StoryOptions, story } from '../../testing/story.ts'
import messages from '../messages.ts'
import mam from './index.ts'

/** The rules of a configuration that does not name any. */
export const OWN = { mam_lookup_messages: 'default', mam_set_prefs: 'default', mam_get_prefs: 'default' }

type Cast = StoryOptions['modules'][number]

/** A story with archives; `pm` is the section of the same name. */
export async function verona(
  t: { after(end: () => Promise<void>): void },
  pm: Record<string, unknown> = {},
  more: readonly Cast[] | readonly [ModuleDeclaration][] = [],
  access: Record<string, string> = {},
): Promise<{ scene: Story; romeo: Device; juliet: Device }> {
  const scene = await story(t, {
    modules: [[messages], [mam, { pm }], ...more],
    users: ['romeo/orchard', 'juliet/balcony'],
    absent: ['mercutio'],
    access: { ...OWN, ...access },
  })
  return { scene, romeo: scene.device('romeo/orchard'), juliet: scene.device('juliet/balcony') }
}

export const ROMEO = 'romeo@example.com'
export const JULIET = 'juliet@example.com'

/** A chat message. */
export const chat = (to: string, words: string, ...children: Element[]): Element =>
  Message({ to, type: 'chat', id: 'm1' }, Body({}, words), ...children)

/** What a query asks for. */
export interface Ask {
  readonly fields?: Readonly<Record<string, string | readonly string[]>>
  readonly rsm?: RsmRequest
  readonly flipPage?: boolean
  readonly ns?: string
  readonly to?: string
}

/** Sends a query and returns the answer as it came. */
export function ask(device: Device, { fields = {}, rsm, to, ...extra }: Ask = {}): Promise<Element> {
  const values = Object.entries(fields).map(([name, value]): FormField => ({ var: name, value }))
  const paged = rsm === undefined ? extra : { ...extra, rsm: buildRsmRequest(rsm) }
  return device.request(Iq({ type: 'set', to }, buildMamQuery('f27', values, paged)))
}

/** Sends a query that must succeed, and takes its results in the order in which they came. */
export async function read(device: Device, asked: Ask = {}) {
  device.take()
  const answer = await ask(device, asked)
  assert.equal(answer.attr('type'), 'result')
  const results = device.take().map((message) => parseMamResult(message, asked.ns)!)
  const fin = parseMamFin(payload(answer)!)
  return { results, fin, ids: results.map(({ id }) => id), bodies: results.map(bodyOf) }
}

/** What a result says. */
export const bodyOf = ({ message }: { message: Element }): string => text(Body.in(message))

/** Sends `count` messages with the numbers from 1 as their words. */
export async function talk(from: Device, to: string, count: number): Promise<void> {
  for (let i = 1; i <= count; i++) await from.send(chat(to, String(i)))
}
