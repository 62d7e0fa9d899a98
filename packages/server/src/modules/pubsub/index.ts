/** XEP-0163: personal eventing, with the publish-subscribe of XEP-0060 on every account. */
import type { Jid } from '@meerkat/protocol'
import {
  DROP,
  type Delivery,
  type Verdict,
  type Write,
  accountRemoved,
  defineModule,
  nodeInfo,
  nodeItems,
  presenceToUser,
  personalData,
  rootItems,
  sessionArrived,
  sessionPacked,
  subscriptionChanged,
  userReceive,
  wordOfNode,
  xep,
} from '../../core/module.ts'
import { capsOf } from '../caps/api.ts'
import { featuresKnown } from '../caps/hooks.ts'
import { presenceChanged, userUnavailable } from '../presence/hooks.ts'
import { ownersOf } from './access.ts'
import { providePubsub } from './api.ts'
import { answerIn, decide } from './authorization.ts'
import { PERSONAL_FEATURES, PERSONAL_IDENTITY, infoOfNode, itemsOfNode, nodesOf } from './disco.ts'
import { type Engine, placeOf } from './engine.ts'
import { NODES } from './keeps.ts'
import { becameAvailable, featuresCame, forgetTold, packTold, subscriptionTurned, unpackTold } from './last-items.ts'
import { behind } from './notify.ts'
import { Nodes } from './nodes.ts'
import { tablesOf } from './personal.ts'
import { pubsubRoutes } from './routes.ts'
import { pubsubApi } from './service.ts'
import { personalRules, settings } from './settings.ts'
import { PubsubStore } from './store.ts'
import { Strangers, noteStranger } from './strangers.ts'

export default defineModule({
  key: 'mod_pubsub',
  summary: 'Lets users publish what their contacts want to know: avatars, bookmarks, keys, moods.',
  specs: [
    xep(60, '1.30.0', { status: 'partial', note: 'without collections, digests and leases' }),
    xep(163, '1.2.2', { note: 'without the address of the publishing resource' }),
    xep(59, '1.0', { note: 'pages of items', file: 'pubsub/items.ts' }),
    xep(84, '1.1.4', { note: 'nodes for avatars' }),
    xep(172, '1.1', { note: 'a node for the nickname' }),
    xep(223, '1.1.1', { note: 'private data in nodes' }),
    xep(277, '0.6.5', { note: 'a node for microblogs' }),
    xep(384, '0.9.1', { note: 'nodes for keys' }),
    xep(402, '1.2.0', { note: 'a node for bookmarks' }),
  ],
  requires: ['mod_caps', 'mod_presence'],
  config: settings,
  keeps: NODES,

  start(host, config) {
    const store = new PubsubStore(host.storage)
    const nodes = new Nodes(host, store, config.cached)
    const personal = personalRules(config)
    const caps = () => capsOf(host)
    const strangers = new Strangers()
    const engine: Engine = { host, store, nodes, caps, strangers, personal, services: new Map(), ignoreOffline: false }
    providePubsub(host, pubsubApi(engine))
    return {
      identities: [PERSONAL_IDENTITY],
      accountIdentities: [PERSONAL_IDENTITY],
      accountFeatures: PERSONAL_FEATURES,
      iq: pubsubRoutes(engine, ['account']),
      hooks: [
        ...discovery(engine),
        ...arrivals(engine),
        userReceive.on((delivery) => authorize(engine, delivery)),
        wordOfNode.on((word) => nodes.heard(word)),
        accountRemoved.on(async (writes, user) => [...writes, ...(await removal(engine, user))]),
        personalData.on((data, user) => [...data, ...tablesOf(engine, user)]),
      ],
      stop: () => providePubsub(host, undefined),
    }
  },
})

function discovery(engine: Engine) {
  const personal = (to: Jid) => (to.local === '' ? undefined : placeOf(engine, to))
  return [
    nodeInfo.on(async (query) => {
      const place = personal(query.to)
      return place && infoOfNode(engine, place, query)
    }),
    nodeItems.on(async (query) => {
      const place = personal(query.to)
      return place && itemsOfNode(engine, place, query)
    }),
    rootItems.on(async (items, from, to) => {
      const place = personal(to)
      return place === undefined ? items : [...items, ...(await nodesOf(engine, place, from))]
    }),
  ]
}

/** Those who come, and what they learn then. */
function arrivals(engine: Engine) {
  return [
    featuresKnown.on((session, features) => behind(engine, featuresCame(engine, session, features))),
    // Behind mod_caps, which may know at once what the client wants.
    presenceChanged.on((session, _, before) => {
      if (before === undefined) behind(engine, becameAvailable(engine, session))
    }, 'late'),
    presenceToUser.on((delivery) => noteStranger(engine, delivery), 'early'),
    userUnavailable.on(forgetTold),
    sessionPacked.on(packTold),
    sessionArrived.on(unpackTold),
    subscriptionChanged.on((...change) => behind(engine, subscriptionTurned(engine, ...change))),
  ]
}

/** The owner of an account answers, to the account, who may subscribe to its nodes. */
function authorize(engine: Engine, { stanza, from, to, origin }: Delivery): Verdict | Promise<Verdict> {
  if (stanza.name !== 'message' || to.resource !== '' || origin === 'server' || !from.bare.equals(to)) return undefined
  const form = answerIn(stanza)
  const place = form && placeOf(engine, to)
  return place && decide(engine, place, from, form).then(() => DROP)
}

/** How many nodes of others an account that goes is taken out of at a time. */
const MOST = 100_000

/** What goes with an account: its nodes, its part in others, and nodes elsewhere that nobody else owns. */
async function removal(engine: Engine, user: Jid): Promise<Write[]> {
  const { store, nodes } = engine
  const keys = [...(await store.subscriptionsOf(user, MOST)), ...(await store.affiliationsOf(user, MOST))]
  const writes: Write[] = []
  for (const key of keys) {
    const node = await nodes.get(key)
    const owners = node === undefined ? [] : ownersOf(node)
    if (node !== undefined && owners.length === 1 && owners[0]!.equals(user)) writes.push(...store.remove(node))
  }
  const [first, ...others] = store.forget(user)
  const forget = (): void => {
    for (const key of [...keys, { service: user, name: '' }]) nodes.forget(key)
  }
  return [...writes, { ...first!, committed: forget }, ...others]
}
