/** A user who leaves something in every place where modules keep anything, and who looks whether any of it is left. */
import { parseJid } from '@meerkat/protocol'
import { parseElement, serialize } from '@meerkat/xml'
import type { Database } from '../core/database.ts'
import { KERNEL_KEEPS } from '../core/eraser.ts'
import type { Keeping, ModuleDeclaration } from '../core/module.ts'
import { remembering } from '../modules/resent.ts'
import { type Story, settle, story } from '../testing/story.ts'
import { loadModules } from './modules.ts'

export const JULIET = parseJid('juliet@example.com')
export const ROMEO = parseJid('romeo@example.com')
const NURSE = parseJid('nurse@verona.lit')

/** All modules of this server. */
export const modules = await loadModules()

/** Everything that is declared. */
export const declared: readonly Keeping[] = [
  ...Array.from(modules.values(), ({ keeps = [] }: ModuleDeclaration) => keeps).flat(),
  ...KERNEL_KEEPS,
]

/** The modules that keep something, but not those that need brokers. */
const KEEPERS = [...modules.values()].filter(({ key, keeps }) => keeps !== undefined && key !== 'mod_event_pusher')

const SETTINGS: Readonly<Record<string, Record<string, unknown>>> = {
  mod_mam: { pm: { user_prefs_store: 'rdbms' } },
}

/** A server with Romeo and Juliet and with everything that keeps anything. */
export function verona(t: Parameters<typeof story>[0], storage?: Database): Promise<Story> {
  const needed = new Set(['mod_presence', 'mod_messages', 'mod_caps', ...KEEPERS.map(({ key }) => key)])
  const cast = Array.from(needed, (key) => [modules.get(key)!, SETTINGS[key] ?? {}] as const)
  const all = [...modules.values()].filter(({ key }) => !needed.has(key)).map((module) => [module] as const)
  const running = cast.toSorted(([one], [other]) => (one.requires?.length ?? 0) - (other.requires?.length ?? 0))
  return story(t, {
    modules: running,
    known: all.map(([module]) => module),
    users: ['juliet', 'romeo'],
    ...(storage && { storage }),
  })
}

/** Without origin-id: what others have sent is remembered for a day, whoever goes. */
const message = (body: string) => `<message xmlns="jabber:client" type="chat"><body>${body}</body></message>`

const iq = (content: string, to = '') =>
  parseElement(`<iq xmlns="jabber:client" type="set" id="fill"${to && ` to="${to}"`}>${content}</iq>`)

const REQUESTS = [
  iq('<query xmlns="jabber:iq:private"><notes xmlns="urn:test:notes">mine</notes></query>'),
  iq('<query xmlns="jabber:iq:roster"><item jid="nurse@verona.lit" name="Nurse"/></query>'),
  iq('<vCard xmlns="vcard-temp"><FN>A Capulet</FN><NICKNAME>Jule</NICKNAME></vCard>'),
  iq('<query xmlns="jabber:iq:privacy"><list name="all"><item action="deny" order="1"><iq/></item></list></query>'),
  iq('<prefs xmlns="urn:xmpp:mam:2" default="always"><always/><never/></prefs>'),
  iq('<pubsub xmlns="http://jabber.org/protocol/pubsub"><publish node="urn:test:n"><item id="1"/></publish></pubsub>'),
]

/** The user leaves something everywhere; what fails throws. */
export async function leaveTraces(scene: Story, name: string): Promise<void> {
  const device = scene.device(name)
  const user = device.jid.bare
  const { host } = scene
  for (const request of REQUESTS) {
    const answer = await device.request(request)
    if (answer.attr('type') !== 'result') throw new Error(`${serialize(request)}: ${serialize(answer)}`)
  }
  const slot = '<request xmlns="urn:xmpp:http:upload:0" filename="a" size="1"/>'
  await device.request(iq(slot, 'upload.example.com').with({ type: 'get' }))
  await device.send(parseElement('<presence xmlns="jabber:client"/>'))
  await host.send(parseElement(message('to-archive')), NURSE, user)
  await device.send(parseElement('<presence xmlns="jabber:client" type="unavailable"><status>bye</status></presence>'))
  await host.send(parseElement(message('to-mailbox')), NURSE, user)
  const at = host.clock.micros()
  await host.commit(
    remembering(user, NURSE, 'sent', at),
    ...['subscription', 'affiliation'].map((what) => partOfAnothersNode(what, user.toString())),
    { sql: `INSERT INTO users (server, username, password) VALUES (?, ?, '')`, params: [user.domain, user.local] },
    host.stores.keyValue('domain_admin').put(user.domain, 'keys'),
    host.stores.keyedSet('roster_farewells').put(user.toString(), 'tybalt@verona.lit', '{}'),
  )
  await settle()
}

function partOfAnothersNode(what: string, user: string) {
  const rest = what === 'subscription' ? 'subscriber, subscriber_resource, state, subid' : 'jid, affiliation'
  const values = what === 'subscription' ? [user, '', 'subscribed', 's'] : [user, 'owner']
  return {
    sql: `INSERT INTO pubsub_${what} (service_domain, service_user, node_id, ${rest})
      VALUES ('verona.lit', 'nurse', 'n', ${values.map(() => '?').join(', ')})`,
    params: values,
  }
}

/** The tables of the store, whatever the engine. */
export async function tablesOf(db: Database): Promise<string[]> {
  const names = await db
    .query<{ name: string }>(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
    .catch(() => db.query<{ name: string }>(`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`))
  return names.map(({ name }) => name).toSorted()
}

/**
 * Where something of an account or a domain is: places as they are declared, each once. The numbers of archives stand for their owners. A row
 * that names `another` is the other's.
 */
export async function tracesOf(db: Database, name: string, another = 'nobody else'): Promise<string[]> {
  const archives = await db.query<{ id: number }>('SELECT id FROM mam_server_user WHERE user_name = ?', another)
  const others = new Set(archives.map(({ id }) => id))
  const places = new Set<string>()
  for (const table of await tablesOf(db)) {
    const rows = await db.query<Record<string, unknown>>(`SELECT * FROM ${table}`)
    for (const row of rows) {
      const words = Object.values(row).map((value) =>
        value instanceof Uint8Array ? Buffer.from(value).toString() : String(value),
      )
      const { user_id: archive, store } = row
      const isTheirs =
        archive === undefined
          ? words.some((word) => word.includes(name)) && !words.some((word) => word.includes(another))
          : !others.has(Number(archive))
      if (isTheirs) places.add(typeof store === 'string' ? `${table} ${store}` : table)
    }
  }
  return [...places].toSorted()
}
