/** XEP-0030: Service Discovery, for the served domains and for accounts; XEP-0157: contact addresses of the server. */
import {
  DiscoInfo,
  DiscoItems,
  type EntityItem,
  type Jid,
  StanzaError,
  buildDiscoInfo,
  buildDiscoItems,
  buildForm,
  result,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import {
  type Host,
  type IqRequest,
  type Values,
  defineModule,
  domain,
  expandHost,
  flag,
  iqGet,
  iqdisc,
  list,
  maySeePresence,
  nodeInfo,
  nodeItems,
  required,
  rootItems,
  serviceForms,
  softwareKey,
  tables,
  text,
  xep,
} from '../core/module.ts'

const settings = {
  extra_domains: list(domain(), [], 'Domains that are listed among the items of the server.', { unique: true }),
  server_info: tables(
    {
      name: required(text(undefined, 'The kind of contact, such as `abuse-addresses`.')),
      urls: required(list(text(), [], 'Addresses as URLs.')),
      modules: list(text(), [], 'Modules whose services show these addresses; all of them when empty.'),
    },
    'Contact addresses (XEP-0157).',
  ),
  users_can_see_hidden_services: flag(true, 'List hidden services to users, not only to administrators.'),
  iqdisc,
}

export default defineModule({
  key: 'mod_disco',
  summary: 'Tells clients what the server, its services and accounts can do.',
  specs: [xep(30, '2.5.0'), xep(157, '1.1.1')],
  config: settings,

  start(host, config) {
    host.metrics.counter('mod_disco_roster_get')
    const { name } = host.shared(softwareKey)
    return {
      identities: [{ category: 'server', type: 'im', name }],
      accountIdentities: [{ category: 'account', type: 'registered' }],
      features: [DiscoInfo.ns, DiscoItems.ns],
      accountFeatures: [DiscoInfo.ns, DiscoItems.ns],
      iq: [
        iqGet(DiscoInfo, async (iq, request) => result(iq, await info(host, config, request, nodeOf(iq, DiscoInfo)))),
        iqGet(DiscoItems, async (iq, request) =>
          result(iq, await items(host, config, request, nodeOf(iq, DiscoItems))),
        ),
      ],
      hooks: [
        serviceForms.on((forms, module) => {
          const contacts = contactsOf(config, module)
          return contacts.length === 0 ? forms : [...forms, contactForm(contacts)]
        }),
      ],
    }
  },
})

type Config = Values<typeof settings>

/** The node that is asked; undefined for the entity itself. */
function nodeOf(iq: Element, query: typeof DiscoInfo): string | undefined {
  const node = query.in(iq)?.attr('node')
  return node === '' ? undefined : node
}

async function info(host: Host, config: Config, { from, to }: IqRequest, node: string | undefined): Promise<Element> {
  await checkAccess(host, from, to)
  if (node !== undefined)
    return buildDiscoInfo({ ...(await known(host.hooks.first(nodeInfo, { from, to, node }))), node })
  if (to.local === '') return serverInfo(host, config)
  return buildDiscoInfo({ identities: host.accountIdentities.list(), features: host.accountFeatures.list() })
}

async function items(host: Host, config: Config, { from, to }: IqRequest, node: string | undefined): Promise<Element> {
  await checkAccess(host, from, to)
  if (node !== undefined) return buildDiscoItems(await known(host.hooks.first(nodeItems, { from, to, node })), node)
  const own = to.local === '' ? serverItems(host, config, to) : accountItems(host, to)
  return buildDiscoItems(await host.hooks.fold(rootItems, own, from, to))
}

/** XEP-0030 §7: a node that nobody has. */
async function known<T>(found: T | undefined | Promise<T | undefined>): Promise<T> {
  const answer = await found
  if (answer === undefined) throw new StanzaError('cancel', 'item-not-found')
  return answer
}

function serverInfo(host: Host, config: Config): Element {
  const contacts = contactsOf(config, 'mod_disco')
  return buildDiscoInfo({
    identities: host.serverIdentities.list(),
    features: host.serverFeatures.list(),
    forms: contacts.length === 0 ? [] : [contactForm(contacts)],
  })
}

/** The contacts that a module's service shows. */
const contactsOf = ({ server_info: contacts }: Config, module: string): Config['server_info'] =>
  contacts.filter(({ modules }) => modules.length === 0 || modules.includes(module))

/** XEP-0157 §3: one field for each kind of contact. */
function contactForm(contacts: Config['server_info']): Element {
  const fields = contacts.map(({ name, urls }) => ({ var: name, type: 'list-multi' as const, value: urls }))
  return buildForm({ type: 'result', formType: 'http://jabber.org/network/serverinfo' }, fields)
}

/** Of the services of a host type those that belong to the domain asked, and those that belong to none. */
function serverItems(host: Host, config: Config, { domain: asked }: Jid): EntityItem[] {
  const seen = host.services
    .list()
    .filter(({ hidden }) => hidden !== true || config.users_can_see_hidden_services)
    .map(({ domain: place, name }) => ({ jid: expandHost(place, asked), name }))
    .filter(({ jid }) => (host.homeOf(jid) ?? asked) === asked)
  const places = new Map<string, EntityItem>()
  for (const item of [...seen, ...config.extra_domains.map((jid) => ({ jid }))])
    if (!places.has(item.jid)) places.set(item.jid, item)
  return [...places.values()]
}

/** XEP-0030 §8: an account's items are its available resources. */
function accountItems(host: Host, account: Jid): EntityItem[] {
  const resources = host.directory.of(account).filter(({ priority }) => priority !== undefined)
  return resources.map(({ jid }) => ({ jid: jid.toString() }))
}

/** XEP-0030 §8: an account shows itself to its owner and to those who see its presence; for others it is as if there were none. */
async function checkAccess(host: Host, from: Jid, to: Jid): Promise<void> {
  if (to.local === '' || from.bare.equals(to)) return
  host.metrics.counter('mod_disco_roster_get').value++
  if ((await host.hooks.first(maySeePresence, to, from.bare)) !== true)
    throw new StanzaError('cancel', 'service-unavailable')
}
