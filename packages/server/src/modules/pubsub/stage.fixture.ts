/** What the tests of publish-subscribe share: people with personal nodes, and how they ask for things. */
import assert from 'node:assert/strict'
import {
  EventItem,
  EventItems,
  Iq,
  type Jid,
  NODE_CONFIG_FORM,
  PUBLISH_OPTIONS_FORM,
  Presence,
  Pubsub,
  PubsubConfigure,
  PubsubCreate,
  PubsubEvent,
  PubsubItem,
  PubsubItems,
  PubsubOwner,
  PubsubPublish,
  PubsubSubscribe,
  PublishOptions,
  OwnerConfigure,
  buildCaps,
  buildDiscoInfo,
  buildForm,
  capsHash,
  DiscoInfo,
  payload,
  parseJid,
  PUBSUB_ERRORS_NS,
  errorCondition,
  ErrorTag,
} from '@meerkat/protocol'
import { type Element, tag } from '@meerkat/xml'
import type { ModuleDeclaration } from '../../core/module.ts'
import { DOMAIN, type Device, type Story, type StoryOptions, settle, story } from '../../testing/story.ts'
import caps from '../caps/index.ts'
import disco from '../disco.ts'
import messages from '../messages.ts'
import presence from '../presence/index.ts'
import { rostersOf } from '../roster/api.ts'
import roster from '../roster/index.ts'
import pubsub from './index.ts'

export const TUNE = 'http://jabber.org/protocol/tune'
export const JULIET = `juliet@${DOMAIN}`
export const ROMEO = `romeo@${DOMAIN}`

const Tune = tag(TUNE, 'tune')
const Title = tag(TUNE, 'title')
/** A payload. */
export const tune = (title: string): Element => Tune({}, Title({}, title))

interface Options {
  /** The section of mod_pubsub. */
  readonly section?: Record<string, unknown>
  readonly more?: readonly (readonly [ModuleDeclaration, Record<string, unknown>?])[]
  readonly story?: Partial<StoryOptions>
}

/** Juliet, Romeo, the Nurse and Benvolio on a server with personal nodes. */
export function capulets(t: { after(end: () => Promise<void>): void }, options: Options = {}): Promise<Story> {
  const { section = {}, more = [], story: others = {} } = options
  return story(t, {
    modules: [[messages], [presence], [roster], [disco], [caps], [pubsub, section], ...more],
    users: ['juliet/balcony', 'romeo/orchard', 'nurse/chamber', 'benvolio/street'],
    ...others,
  })
}

/** Makes two people see each other's presence. */
export async function befriend(
  scene: Story,
  one: string,
  other: string,
  groups: readonly string[] = [],
): Promise<void> {
  const rosters = rostersOf(scene.host)!
  const [a, b] = [parseJid(one), parseJid(other)]
  await rosters.set(a, { jid: b, name: '', groups } as never)
  await rosters.put(a, b, 'both')
  await rosters.put(b, a, 'both')
  await settle()
}

const clientWith = (features: readonly string[]): Element =>
  buildDiscoInfo({
    identities: [{ category: 'client', type: 'pc' }],
    features: ['http://jabber.org/protocol/caps', ...features],
  })

/** Sends a presence of a client with these features, answers what the server asks about them, and forgets what came. */
export async function arrive(device: Device, ...features: readonly string[]): Promise<void> {
  await come(device, ...features)
  device.take()
}

/** The same, and nothing is forgotten but the question. */
export async function come(device: Device, ...features: readonly string[]): Promise<void> {
  const info = clientWith(features)
  await device.send(Presence({}, buildCaps('sha-1', 'http://client.example', capsHash(info, 'v1', 'sha-1')!)))
  const asked = device.received.findIndex((stanza) => DiscoInfo.in(stanza) !== undefined)
  if (asked < 0) return
  const [iq] = device.received.splice(asked, 1)
  await device.send(Iq({ type: 'result', id: iq!.attr('id'), to: DOMAIN }, info))
}

type Values = Readonly<Record<string, string | readonly string[]>>

const fieldsOf = (values: Values) => Object.entries(values).map(([name, value]) => ({ var: `pubsub#${name}`, value }))

const options = (values: Values | undefined): Element | undefined =>
  values && PublishOptions({}, buildForm({ type: 'submit', formType: PUBLISH_OPTIONS_FORM }, fieldsOf(values)))

export const configForm = (values: Values): Element =>
  buildForm({ type: 'submit', formType: NODE_CONFIG_FORM }, fieldsOf(values))

/** Publishes an item. */
export function publish(
  device: Device,
  node: string,
  item: Element | undefined,
  { to, id, with: values }: { to?: string; id?: string; with?: Values } = {},
): Promise<Element> {
  const words = PubsubPublish({ node }, PubsubItem({ id }, item))
  return device.request(Iq({ type: 'set', to }, Pubsub({}, words, options(values))))
}

/** Makes a node. */
export function create(device: Device, node: string | undefined, values?: Values, to?: string): Promise<Element> {
  const form = values && PubsubConfigure({}, configForm(values))
  return device.request(Iq({ type: 'set', to }, Pubsub({}, PubsubCreate({ node }), form)))
}

export const configure = (device: Device, node: string, values: Values, to?: string): Promise<Element> =>
  device.request(Iq({ type: 'set', to }, PubsubOwner({}, OwnerConfigure({ node }, configForm(values)))))

export const subscribe = (device: Device, to: string, node: string, jid: string | Jid = device.jid.bare) =>
  device.request(Iq({ type: 'set', to }, Pubsub({}, PubsubSubscribe({ node, jid }))))

/** Asks for items; `query` goes beside them. */
export const read = (device: Device, to: string | undefined, node: string, attrs = {}, ...query: readonly Element[]) =>
  device.request(Iq({ type: 'get', to }, Pubsub({}, PubsubItems({ node, ...attrs }), ...query)))

/** The ids of the items in an answer. */
export const idsIn = (answer: Element): (string | undefined)[] => {
  succeeded(answer)
  return PubsubItem.all(PubsubItems.in(Pubsub.in(answer)!)!).map((item) => item.attr('id'))
}

/** Expects success; what the result holds. */
export function succeeded(answer: Element): Element | undefined {
  assert.equal(answer.attr('type'), 'result', errorOf(answer))
  return payload(answer)
}

/** The condition of an error, and XEP-0060's own behind a space. */
export function errorOf(answer: Element): string | undefined {
  const own = ErrorTag.in(answer)
    ?.elements()
    .find((child) => child.ns === PUBSUB_ERRORS_NS)
  return [errorCondition(answer), own?.name].filter(Boolean).join(' ')
}

/** The events that a device was sent, each as the node and what came of it; they are taken out. */
export function events(device: Device): string[] {
  const told = device.take().flatMap((stanza) => PubsubEvent.in(stanza)?.elements() ?? [])
  return told.map((event) => {
    const what = event.elements().map((child) => `${child.name} ${child.attr('id') ?? ''}`.trim())
    return `${event.name} ${event.attr('node')}${what.length > 0 ? `: ${what.join(', ')}` : ''}`
  })
}

/** The payload that an event message carries. */
export const payloadOf = (message: Element): Element | undefined =>
  EventItem.in(EventItems.in(PubsubEvent.in(message)!)!)?.elements()[0]

/** Juliet and Romeo are friends, and both want to hear tunes. */
export async function verona(t: { after(end: () => Promise<void>): void }, section: Record<string, unknown> = {}) {
  const scene = await capulets(t, { section })
  const [juliet, romeo] = [scene.device('juliet/balcony'), scene.device('romeo/orchard')]
  await befriend(scene, JULIET, ROMEO, ['Friends'])
  await arrive(juliet, `${TUNE}+notify`)
  await arrive(romeo, `${TUNE}+notify`)
  juliet.take()
  return { scene, juliet, romeo, benvolio: scene.device('benvolio/street'), nurse: scene.device('nurse/chamber') }
}
