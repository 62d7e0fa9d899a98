/** Scenes for the tests of stream management. */
import { Body, Delay, Message, Presence, SmAck, SmEnable, SmEnabled, SmResume, formatDateTime } from '@meerkat/protocol'
import { type Element, text } from '@meerkat/xml'
import type { Database } from '../../core/database.ts'
import type { ModuleDeclaration } from '../../core/module.ts'
import { memoryDatabase } from '../../storage/memory.ts'
import { DOMAIN, type Device, type Story, type Visitor, story } from '../../testing/story.ts'
import mam from '../mam/index.ts'
import messages from '../messages.ts'
import presence from '../presence/index.ts'
import streamManagement from './index.ts'

export const JULIET = `juliet@${DOMAIN}`

/** A server that asks for nothing. */
export const DEAF = { ack: false }
/** Messages are archived, so they wait for a commit. */
export const archived = [[mam, { pm: {} }]] as const

export interface SceneOptions {
  /** Settings of mod_stream_management. */
  readonly section?: Record<string, unknown>
  /** More modules. */
  readonly more?: readonly (readonly [ModuleDeclaration, Record<string, unknown>?])[]
  readonly storage?: Database
}

/** Romeo, and Juliet with stream management enabled. */
export async function balcony(t: { after(end: () => Promise<void>): void }, options: SceneOptions = {}) {
  const { section = {}, more = [], storage } = options
  const scene = await story(t, {
    modules: [[messages], [presence], [streamManagement, section], ...more],
    users: ['romeo/1', 'juliet/1'],
    access: { max_user_offline_messages: 'infinity', mam_lookup_messages: 'default' },
    ...(storage === undefined ? {} : { storage }),
  })
  const [romeo, juliet] = [scene.device('romeo/1'), scene.device('juliet/1')]
  await juliet.send(Presence())
  juliet.take()
  const id = await enable(juliet)
  return { scene, romeo, juliet, id }
}

/** Enables resumption; the id for that. */
export async function enable(device: Device): Promise<string> {
  await device.say(SmEnable({ resume: 'true' }))
  return SmEnabled.is(device.received.at(-1)) ? (device.received.pop()!.attr('id') ?? '') : ''
}

/** Somebody tries to resume a session of `user`. */
export async function resume(scene: Story, previd: string, h: number | string, user = 'juliet'): Promise<Visitor> {
  const visitor = scene.newcomer(user)
  await visitor.say(SmResume({ previd, h }))
  return visitor
}

export const chat = (body: string, ...more: Element[]): Element =>
  Message({ to: JULIET, type: 'chat' }, Body({}, body), ...more)

/** The bodies of the messages among these. */
export const bodies = (stanzas: readonly Element[]): string[] =>
  stanzas.filter(({ name }) => name === 'message').map((message) => text(Body.in(message)))

/** The counts in the acknowledgements among these. */
export const counts = (elements: readonly Element[]): (string | undefined)[] =>
  elements.filter((element) => SmAck.is(element)).map((ack) => ack.attr('h'))

/** Since when a message waits by its own words, to the second. */
export const since = (message: Element | undefined): (string | undefined)[] =>
  message === undefined ? [] : Delay.all(message).map((delay) => delay.attr('stamp')?.slice(0, 19))

/** A time of the story's clock as `since` gives it. */
export const stampOf = (milliseconds: number): string => formatDateTime(milliseconds * 1000).slice(0, 19)

/** A store whose commits wait while it is held, and fail until that is taken back. */
export function heldDatabase(): Database & { hold(): () => void; fail(): () => void } {
  const inner = memoryDatabase()
  let open = Promise.resolve()
  let failing = false
  return {
    commit: (writes) =>
      open.then(() => {
        if (failing) throw new Error('disk full')
        return inner.commit(writes)
      }),
    query: (sql, ...params) => inner.query(sql, ...params),
    close: () => inner.close(),
    hold() {
      const held = Promise.withResolvers<void>()
      open = held.promise
      return held.resolve
    },
    fail() {
      failing = true
      return () => void (failing = false)
    },
  }
}
