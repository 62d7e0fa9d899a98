/** XEP-0030: Service Discovery, for the served domains and for accounts; XEP-0157: contact addresses of the server. */
import {
  DiscoInfo,
  DiscoItems,
  type EntityItem,
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
  flag,
  iqGet,
  iqdisc,
  list,
  maySeePresence,
  required,
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
    const { name } = host.shared(softwareKey)
    return {
      identities: [{ category: 'server', type: 'im', name }],
      accountIdentities: [{ category: 'account', type: 'registered' }],
      features: [DiscoInfo.ns, DiscoItems.ns],
      accountFeatures: [DiscoInfo.ns, DiscoItems.ns],
      iq: [
        iqGet(DiscoInfo, (iq) => result(iq, serverInfo(host, config, nodeOf(iq, DiscoInfo))), ['server']),
        iqGet(DiscoItems, (iq) => result(iq, serverItems(host, config, nodeOf(iq, DiscoItems))), ['server']),
        iqGet(DiscoInfo, async (iq, request) => result(iq, await accountInfo(host, request, nodeOf(iq, DiscoInfo))), [
          'account',
        ]),
        iqGet(
          DiscoItems,
          async (iq, request) => result(iq, await accountItems(host, request, nodeOf(iq, DiscoItems))),
          ['account'],
        ),
      ],
    }
  },
})

/** XEP-0030 §7: a node that is not there. No module of this kind of host has one; those that do answer for themselves. */
function nodeOf(iq: Element, query: typeof DiscoInfo): undefined {
  const node = query.in(iq)?.attr('node')
  if (node !== undefined && node !== '') throw new StanzaError('cancel', 'item-not-found')
}

function serverInfo(host: Host, config: Values<typeof settings>, node: undefined): Element {
  const contacts = config.server_info.filter(({ modules }) => modules.length === 0 || modules.includes('mod_disco'))
  return buildDiscoInfo({
    node,
    identities: host.serverIdentities.list(),
    features: host.serverFeatures.list(),
    forms: contacts.length === 0 ? [] : [contactForm(contacts)],
  })
}

/** XEP-0157 §3: one field for each kind of contact. */
function contactForm(contacts: Values<typeof settings>['server_info']): Element {
  const fields = contacts.map(({ name, urls }) => ({ var: name, type: 'list-multi' as const, value: urls }))
  return buildForm({ type: 'result', formType: 'http://jabber.org/network/serverinfo' }, fields)
}

function serverItems(host: Host, config: Values<typeof settings>, node: undefined): Element {
  const seen = host.services.list().filter(({ hidden }) => hidden !== true || config.users_can_see_hidden_services)
  const domains = [...seen.map((service) => service.domain), ...config.extra_domains]
  return buildDiscoItems(
    [...new Set(domains)].map((jid) => ({ jid })),
    node,
  )
}

async function accountInfo(host: Host, request: IqRequest, node: undefined): Promise<Element> {
  await checkAccess(host, request)
  return buildDiscoInfo({ node, identities: host.accountIdentities.list(), features: host.accountFeatures.list() })
}

/** XEP-0030 §8: an account's items are its available resources. */
async function accountItems(host: Host, request: IqRequest, node: undefined): Promise<Element> {
  await checkAccess(host, request)
  const resources = host.directory.of(request.to).filter(({ priority }) => priority !== undefined)
  return buildDiscoItems(
    resources.map(({ jid }): EntityItem => ({ jid: jid.toString() })),
    node,
  )
}

/** XEP-0030 §8: an account shows itself to its owner and to those who see its presence; for others it is as if there were none. */
async function checkAccess(host: Host, { from, to }: IqRequest): Promise<void> {
  if (from.bare.equals(to)) return
  if ((await host.hooks.first(maySeePresence, to, from.bare)) !== true)
    throw new StanzaError('cancel', 'service-unavailable')
}
