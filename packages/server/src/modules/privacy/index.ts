/** XEP-0016: Privacy Lists. */
import {
  PrivacyActive,
  PrivacyDefault,
  PrivacyQuery,
  StanzaError,
  buildPrivacyList,
  parsePrivacyGet,
  parsePrivacySet,
  result,
} from '@meerkat/protocol'
import { type Element, serialize } from '@meerkat/xml'
import {
  type Host,
  type IqHandler,
  type IqRequest,
  type Session,
  accountRemoved,
  backend,
  defineModule,
  integer,
  iqGet,
  iqSet,
  isUnwanted,
  keptEntries,
  personalData,
  userReceive,
  userSend,
  wordOfNode,
  xep,
} from '../../core/module.ts'
import { provideBlockLists } from './api.ts'
import { Guard, activeOf } from './guard.ts'
import { ASKED, Keeper } from './keeper.ts'
import { PrivacyLists, type UserLists } from './lists.ts'

export default defineModule({
  key: 'mod_privacy',
  summary: 'Lets users decide by lists whose stanzas reach them and who sees them.',
  specs: [xep(16, '1.7'), xep(126, '1.1')],
  requires: ['mod_presence'],
  keeps: [keptEntries('privacy')],
  config: {
    backend: backend(['mnesia', 'rdbms'], 'mnesia'),
    max_lists: integer(20, 'How many lists a user may have.', { min: 1 }),
    max_items: integer(2000, 'How many items the lists of a user may have together.', { min: 1 }),
    cached_items: integer(
      200_000,
      'How many items of all users together are kept in memory; a user without lists counts as one.',
      { min: 1 },
    ),
  },

  start(host, config) {
    const lists = new PrivacyLists(host, config.cached_items)
    const keeper = new Keeper(host, lists, config)
    const guard = new Guard(host, lists)
    provideBlockLists(host, keeper)
    return {
      features: [PrivacyQuery.ns],
      iq: [
        iqGet(PrivacyQuery, reading(host, lists), ['account']),
        iqSet(PrivacyQuery, writing(host, keeper), ['account']),
      ],
      hooks: [
        userSend.on((delivery) => guard.leaving(delivery), 'early'),
        userReceive.on((delivery) => guard.arriving(delivery), 'early'),
        wordOfNode.on((word) => lists.heard(word)),
        isUnwanted.on((user, other, kind) => guard.unwanted(user, other, kind)),
        accountRemoved.on((writes, user) => [...writes, lists.clear(user)]),
        personalData.on(async (data, user) => {
          const { standard, lists: all } = await lists.of(user)
          const rows = Array.from(all, ([name, { items }]) => {
            return [name, name === standard ? 'default' : '', serialize(buildPrivacyList(name, items))]
          })
          return [...data, { group: 'privacy', columns: ['name', 'default', 'xml'], rows }]
        }),
      ],
      stop: () => provideBlockLists(host, undefined),
    }
  },
})

/** XEP-0016 §2.3. */
function reading(host: Host, lists: PrivacyLists): IqHandler {
  const asked = host.metrics.counter('mod_privacy_get')
  return async (iq, request) => {
    owner(host, request)
    asked.value++
    const wanted = parsePrivacyGet(PrivacyQuery.in(iq)!)
    const known = await lists.of(request.to)
    if (wanted === undefined) return result(iq, names(known, activeOf(host.directory.find(request.from))))
    const rules = known.lists.get(wanted)
    if (rules === undefined) throw new StanzaError('cancel', 'item-not-found')
    return result(iq, PrivacyQuery({}, buildPrivacyList(wanted, rules.items)))
  }
}

function names({ standard, lists }: UserLists, chosen: string | undefined): Element {
  return PrivacyQuery(
    {},
    chosen === undefined ? undefined : PrivacyActive({ name: chosen }),
    standard === undefined ? undefined : PrivacyDefault({ name: standard }),
    ...Array.from(lists.keys(), (name) => buildPrivacyList(name)),
  )
}

/** XEP-0016 §2.4 to §2.8. */
function writing(host: Host, keeper: Keeper): IqHandler {
  const counters = {
    list: host.metrics.counter('mod_privacy_set'),
    active: host.metrics.counter('mod_privacy_set', 'active_count'),
    default: host.metrics.counter('mod_privacy_set', 'default_count'),
  }
  return async (iq, request) => {
    const session = owner(host, request)
    const user = request.to
    const change = parsePrivacySet(PrivacyQuery.in(iq)!)
    counters[change.what].value++
    if (change.what === 'default') await keeper.choose(user, change.name, session)
    else if (change.what === 'list' && change.items.length > 0) await keeper.edit(user, change.name, change.items)
    else if (change.what === 'list') await keeper.remove(user, change.name, session)
    else if (session === undefined) throw new StanzaError('cancel', 'not-allowed')
    else await keeper.activate(session, change.name)
    return result(iq)
  }
}

/** The session that asks about its user's lists; they are for nobody else. */
function owner(host: Host, { from, to, delivery }: IqRequest): Session | undefined {
  if (!from.bare.equals(to)) throw new StanzaError('auth', 'forbidden')
  if (delivery.session !== undefined) host.directory.mark(delivery.session, ASKED, true)
  return delivery.session
}
