/** XEP-0054: vCards of users and of the server; XEP-0055: searching for users by them. */
import { StanzaError, VCard, result, vcardTag } from '@meerkat/protocol'
import { serialize } from '@meerkat/xml'
import {
  type Host,
  type ServiceAddition,
  type Values,
  accountRemoved,
  defineModule,
  hostIn,
  iqGet,
  iqSet,
  personalData,
  requestService,
  serviceForms,
  softwareKey,
  xep,
} from '../../core/module.ts'
import { provideVCards } from './api.ts'
import { IDENTITY_NAME, directoryRoutes } from './directory.ts'
import { VCARDS } from './keeps.ts'
import { settings } from './settings.ts'
import { VCardStore } from './store.ts'

export default defineModule({
  key: 'mod_vcard',
  summary: 'Keeps the vCards of users, and finds users by them.',
  specs: [
    xep(54, '1.3.0'),
    xep(55, '1.3', { file: 'vcard/directory.ts' }),
    xep(153, '1.1.1', { note: 'avatars: clients tell of them, vCards hold them' }),
    xep(59, '1.0', { note: 'pages of what a search finds', file: 'vcard/directory.ts' }),
  ],
  config: settings,
  keeps: VCARDS,

  start(host, config) {
    const store = new VCardStore(host, config.max_size)
    const { name } = host.shared(softwareKey)
    provideVCards(host, store)
    return {
      features: [VCard.ns],
      accountFeatures: [VCard.ns],
      services: config.search ? [directory(host, config, store)] : [],
      iq: [
        iqGet(VCard, (iq) => result(iq, VCard({}, vcardTag('FN')({}, name))), ['server']),
        iqGet(
          VCard,
          async (iq, { from, to }) => {
            const vcard = await store.get(to)
            if (vcard !== undefined) return result(iq, vcard)
            // XEP-0054 §3.3: of others nobody learns whether they have no vCard or do not exist
            if (from.bare.equals(to)) throw new StanzaError('cancel', 'item-not-found')
            throw new StanzaError('cancel', 'service-unavailable', 'User not found')
          },
          ['account'],
        ),
        iqSet(VCard, async (iq, { from, to }) => {
          // XEP-0054 §3.2: everybody changes the own one only
          if (!from.bare.equals(to)) throw new StanzaError('cancel', 'not-allowed')
          await store.set(to, VCard.in(iq)!)
          return result(iq)
        }),
      ],
      hooks: [
        accountRemoved.on(async (writes, user) => [...writes, ...(await store.remove(user))]),
        personalData.on(async (data, user) => {
          const vcard = await store.get(user)
          const rows = vcard === undefined ? [] : [[user.toString(), serialize(vcard)]]
          return [...data, { group: 'vcard', columns: ['jid', 'vcard'], rows }]
        }),
      ],
      stop: () => provideVCards(host, undefined),
    }
  },
})

/** The search service: one beside each domain, or one for all when its name does not depend on them. */
function directory(host: Host, config: Values<typeof settings>, { index }: VCardStore): ServiceAddition {
  const domainsOf = (service: string): readonly string[] => {
    const own = hostIn(config.host, service)
    return own === undefined ? host.domains : [own]
  }
  const forms = () => host.hooks.fold(serviceForms, [], 'mod_vcard')
  const routes = directoryRoutes({ index, domainsOf, matches: config.matches, forms })
  return { domain: config.host, name: IDENTITY_NAME, service: requestService(host, routes), shared: true }
}
