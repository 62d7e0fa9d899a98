/** Requests of publish-subscribe, and who answers them. */
import {
  OwnerAffiliations,
  OwnerConfigure,
  OwnerDefault,
  OwnerDelete,
  OwnerPurge,
  OwnerSubscriptions,
  Pubsub,
  PubsubAffiliations,
  PubsubCreate,
  PubsubDefault,
  PubsubItems,
  PubsubOptions,
  PubsubOwner,
  PubsubPublish,
  PubsubRetract,
  PubsubSubscribe,
  PubsubSubscriptions,
  PubsubUnsubscribe,
  StanzaError,
  result,
} from '@meerkat/protocol'
import type { Element, Tag } from '@meerkat/xml'
import { type IqHandler, type IqRequest, type IqRoute, type IqTarget, iqGet, iqSet } from '../../core/module.ts'
import { type Asked, type Engine, type Place, placeOf } from './engine.ts'
import { items, retract } from './items.ts'
import { configuration, configure, create, defaultConfiguration, purge, remove } from './making.ts'
import { nodeAffiliations, nodeSubscriptions, setAffiliations, setSubscriptions } from './owners.ts'
import { publish } from './publishing.ts'
import {
  affiliations,
  defaultSubscriptionOptions,
  setSubscriptionOptions,
  subscribe,
  subscriptionOptions,
  subscriptions,
  unsubscribe,
} from './subscribing.ts'

/** Answers a request with what goes into the result. */
type Answer = (asked: Asked) => Element | undefined | Promise<Element | undefined>

/** The requests of one kind, by the element that says what is wanted. */
type Answers = readonly (readonly [words: Tag, answer: Answer])[]

const READS: Answers = [
  [PubsubItems, items],
  [PubsubSubscriptions, subscriptions],
  [PubsubAffiliations, affiliations],
  [PubsubOptions, subscriptionOptions],
  [PubsubDefault, defaultSubscriptionOptions],
]
const WRITES: Answers = [
  [PubsubPublish, publish],
  [PubsubRetract, retract],
  [PubsubSubscribe, subscribe],
  [PubsubUnsubscribe, unsubscribe],
  [PubsubCreate, create],
  [PubsubOptions, setSubscriptionOptions],
]
const OWNER_READS: Answers = [
  [OwnerConfigure, configuration],
  [OwnerDefault, defaultConfiguration],
  [OwnerAffiliations, nodeAffiliations],
  [OwnerSubscriptions, nodeSubscriptions],
]
const OWNER_WRITES: Answers = [
  [OwnerConfigure, configure],
  [OwnerDelete, remove],
  [OwnerPurge, purge],
  [OwnerAffiliations, setAffiliations],
  [OwnerSubscriptions, setSubscriptions],
]

/** The routes to all services of these targets. */
export function pubsubRoutes(engine: Engine, targets: readonly IqTarget[]): IqRoute[] {
  return [
    iqGet(Pubsub, handler(engine, Pubsub, READS), targets),
    iqSet(Pubsub, handler(engine, Pubsub, WRITES), targets),
    iqGet(PubsubOwner, handler(engine, PubsubOwner, OWNER_READS), targets),
    iqSet(PubsubOwner, handler(engine, PubsubOwner, OWNER_WRITES), targets),
  ]
}

function handler(engine: Engine, words: Tag, answers: Answers): IqHandler {
  return async (iq, request) => {
    const query = words.in(iq)!
    const answer = answers.find(([wanted]) => wanted.in(query) !== undefined)?.[1]
    if (answer === undefined) throw new StanzaError('modify', 'bad-request')
    return result(iq, await answer({ engine, place: there(engine, request), request, from: request.from, query }))
  }
}

function there(engine: Engine, { to }: IqRequest): Place {
  const place = placeOf(engine, to.bare)
  if (place === undefined) throw new StanzaError('cancel', 'service-unavailable')
  return place
}
