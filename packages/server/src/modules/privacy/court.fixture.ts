/** Romeo's and Juliet's server with privacy lists, for the tests of this folder and of mod_blocking. */
import { type Element, parseElement } from '@meerkat/xml'
import { Body, Iq, Message, Presence, makeJid } from '@meerkat/protocol'
import { DOMAIN, type Device, type Story, type StoryOptions, story } from '../../testing/story.ts'
import messages from '../messages.ts'
import presence from '../presence/index.ts'
import { rostersOf } from '../roster/api.ts'
import roster from '../roster/index.ts'
import privacy from './index.ts'

export const jid = (user: string) => makeJid(user, DOMAIN)

type Test = Parameters<typeof story>[0]

/** Begins a story in which those of `available` have sent presence and nothing of that is left in their inboxes. */
export async function court(
  t: Test,
  { available = [], modules = [[privacy]], ...options }: Partial<StoryOptions> & { available?: readonly string[] } = {},
): Promise<Story> {
  const scene = await story(t, { ...options, modules: [[messages], [roster], [presence], ...modules] })
  for (const name of available) await scene.device(name).send(Presence())
  for (const name of options.users ?? []) scene.device(name).take()
  return scene
}

/** Lets two users see each other's presence. */
export async function befriend(scene: Story, one: string, other: string): Promise<void> {
  const rosters = rostersOf(scene.host)!
  await rosters.put(jid(one), jid(other), 'both')
  await rosters.put(jid(other), jid(one), 'both')
}

/** A request about privacy lists. */
export const ask = (type: 'get' | 'set', inner: string): Element =>
  Iq({ type }, parseElement(`<query xmlns='jabber:iq:privacy'>${inner}</query>`))

/** Sets a list of one's own and makes it the default one. */
export async function setDefault(device: Device, items: string, name = 'public'): Promise<void> {
  await device.request(ask('set', `<list name='${name}'>${items}</list>`))
  await device.request(ask('set', `<default name='${name}'/>`))
  device.take()
}

export const chat = (to: string, words = 'O Romeo'): Element => Message({ type: 'chat', to, id: 'm1' }, Body({}, words))

/** What was received, in short: name, type and who from, without what is about lists. */
export const seen = (device: Device): string[] =>
  device
    .take()
    .filter((stanza) => !(stanza.name === 'iq' && stanza.attr('type') === 'set'))
    .map((stanza) =>
      [stanza.name, stanza.attr('type'), stanza.attr('from')].filter((part) => part !== undefined).join(' '),
    )
