/** RFC 6121 §2 and §3: rosters, their versions (formerly XEP-0237), and the subscriptions that they hold. */
import {
  PreApproval,
  RosterQuery,
  RosterVersioning,
  StanzaError,
  buildRoster,
  parseRosterSet,
  payload,
  result,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import {
  type Counter,
  type Delivery,
  type IqHandler,
  type IqRequest,
  accountErasing,
  accountRemoved,
  backend,
  contactsOf,
  defineModule,
  flag,
  integer,
  integerOrInfinity,
  iqGet,
  iqSet,
  iqdisc,
  isSeen,
  keptEntries,
  maySeePresence,
  noEffect,
  type PersonalData,
  personalData,
  presenceToUser,
  rfc,
  sessionOpened,
  streamFeatures,
  userReceive,
  userSend,
  when,
  wordOfNode,
  xep,
} from '../../core/module.ts'
import { type RosterApi, provideRosters } from './api.ts'
import { Keeper } from './keeper.ts'
import type { Roster } from './roster.ts'
import { FAREWELLS, Rosters } from './rosters.ts'
import { arrive, leave } from './subscriptions.ts'

export default defineModule({
  key: 'mod_roster',
  summary: 'Keeps contact lists and presence subscriptions.',
  specs: [rfc(6121, { note: 'rosters and subscriptions, §2 and §3' }), xep(237, '1.3')],
  keeps: [keptEntries('roster'), keptEntries(FAREWELLS)],
  config: {
    versioning: flag(false, 'Let clients skip the roster that they already have.'),
    store_current_id: noEffect(flag(false)),
    backend: backend(['mnesia', 'rdbms'], 'mnesia'),
    iqdisc,
    max_items: integerOrInfinity(10_000, 'How many contacts a user may have.'),
    max_requests: integer(500, 'How many subscription requests wait for a user; further ones are ignored.'),
    cached_items: integer(200_000, 'How many contacts of all users together are kept in memory.'),
  },

  start(host, config) {
    const keeper = new Keeper(host, new Rosters(host, config.cached_items), config)
    provideRosters(host, api(keeper))
    host.metrics.counter('mod_roster_push')
    const features = config.versioning ? [RosterVersioning(), PreApproval()] : [PreApproval()]
    const { rosters } = keeper
    return {
      iq: [
        iqGet(RosterQuery, read(keeper, config.versioning, host.metrics.counter('mod_roster_get')), ['account']),
        iqSet(RosterQuery, write(keeper, host.metrics.counter('mod_roster_set')), ['account']),
      ],
      hooks: [
        userSend.on((delivery) => leave(keeper, delivery), 'late'),
        userReceive.on(refuseForged, 'early'),
        presenceToUser.on((delivery) => arrive(host, keeper, delivery), 'early'),
        streamFeatures.on((offered) => [...offered, ...features]),
        sessionOpened.on(({ jid }) => rosters.foresee(jid)),
        contactsOf.on((user) => rosters.of(user)),
        wordOfNode.on((word) => rosters.heard(word)),
        maySeePresence.on(
          (user, contact) =>
            user.equals(contact) || when(rosters.of(user), (roster) => isSeen(roster.get(contact)?.subscription)),
        ),
        accountRemoved.on(async (writes, user) => [...writes, ...(await keeper.removal(user))]),
        accountErasing.on((user) => keeper.makeUp(user)),
        personalData.on(async (data, user) => [...data, tableOf(await rosters.of(user))]),
      ],
      async stop() {
        provideRosters(host, undefined)
        // What contacts of removed users are told.
        await keeper.settled()
      },
    }
  },
})

/** RFC 6121 §2.2 and §2.6: a client reads the roster, and is told of changes from then on. */
function read(keeper: Keeper, versioning: boolean, asked: Counter): IqHandler {
  return (iq, request) => {
    requireOwner(request)
    asked.value++
    return when(keeper.rosters.of(request.to), (roster) => {
      const ver = versioning ? payload(iq)!.attr('ver') : undefined
      const { session } = request.delivery
      const known = session === undefined ? undefined : keeper.mark(session, ver !== undefined)
      // RFC 6121 §2.6.3: an empty result says that the client's roster is the present one
      if (ver !== undefined && ver === roster.version) return when(known, () => result(iq))
      const list = result(iq, buildRoster(roster.listed(), ver === undefined ? undefined : roster.version))
      return when(known, () => list)
    })
  }
}

/** RFC 6121 §2.3 to §2.5. */
function write(keeper: Keeper, changed: Counter): IqHandler {
  return async (iq, request) => {
    requireOwner(request)
    changed.value++
    await keeper.set(request.to, parseRosterSet(payload(iq)!))
    return result(iq)
  }
}

/** RFC 6121 §2.1.5 and §2.3.3: a roster is for nobody but its user. */
function requireOwner({ from, to }: IqRequest): void {
  if (!from.bare.equals(to)) throw new StanzaError('auth', 'forbidden')
}

/** S56: a roster push comes from the user's server only, so nobody's roster set is carried to a client. */
function refuseForged({ stanza, to }: Delivery): undefined {
  if (stanza.name !== 'iq' || to.resource === '' || stanza.attr('type') !== 'set') return
  if (stanza.elements().some((child: Element) => RosterQuery.is(child)))
    throw new StanzaError('cancel', 'service-unavailable')
}

/** The columns are MongooseIM's; `askmessage` is the request that waits for the user. */
function tableOf(roster: Roster): PersonalData {
  const columns = ['jid', 'name', 'subscription', 'ask', 'groups', 'askmessage', 'xs']
  const rows = Array.from(roster.all(), ({ jid, name, subscription, ask, groups, request = '' }) => {
    const asks = ask ? (request === '' ? 'out' : 'both') : request === '' ? 'none' : 'in'
    return [jid.toString(), name, subscription, asks, groups.join(';'), request, '']
  })
  return { group: 'roster', columns, rows }
}

function api(keeper: Keeper): RosterApi {
  return {
    list: async (user) => (await keeper.rosters.of(user)).listed(),
    all: async (user) => [...(await keeper.rosters.of(user)).all()],
    contact: async (user, contact) => (await keeper.rosters.of(user)).get(contact),
    set: (user, change) => keeper.set(user, change),
    subscribe: (user, contact, type) => keeper.act(user, contact, type),
    put: (user, contact, subscription) => keeper.put(user, contact, subscription),
  }
}
