/** XEP-0060 1.30.0: Publish-Subscribe; the same words serve XEP-0163 (personal eventing). */
import { type Element, tag } from '@meerkat/xml'
import { StanzaError, type StanzaCondition, type StanzaErrorType } from './errors.ts'

export const PUBSUB_NS = 'http://jabber.org/protocol/pubsub'
export const PUBSUB_OWNER_NS = `${PUBSUB_NS}#owner`
export const PUBSUB_EVENT_NS = `${PUBSUB_NS}#event`
export const PUBSUB_ERRORS_NS = `${PUBSUB_NS}#errors`
/** FORM_TYPEs (XEP-0060 §16.4). */
export const NODE_CONFIG_FORM = `${PUBSUB_NS}#node_config`
export const PUBLISH_OPTIONS_FORM = `${PUBSUB_NS}#publish-options`
export const NODE_META_DATA_FORM = `${PUBSUB_NS}#meta-data`
export const SUBSCRIBE_AUTHORIZATION_FORM = `${PUBSUB_NS}#subscribe_authorization`
export const SUBSCRIBE_OPTIONS_FORM = `${PUBSUB_NS}#subscribe_options`

/** What users ask of a service. */
export const Pubsub = tag(PUBSUB_NS, 'pubsub')
export const PubsubAffiliation = tag(PUBSUB_NS, 'affiliation')
export const PubsubAffiliations = tag(PUBSUB_NS, 'affiliations')
export const PubsubConfigure = tag(PUBSUB_NS, 'configure')
export const PubsubCreate = tag(PUBSUB_NS, 'create')
export const PubsubDefault = tag(PUBSUB_NS, 'default')
export const PubsubItem = tag(PUBSUB_NS, 'item')
export const PubsubItems = tag(PUBSUB_NS, 'items')
export const PubsubOptions = tag(PUBSUB_NS, 'options')
export const PubsubPublish = tag(PUBSUB_NS, 'publish')
export const PublishOptions = tag(PUBSUB_NS, 'publish-options')
export const PubsubRetract = tag(PUBSUB_NS, 'retract')
export const PubsubSubscribe = tag(PUBSUB_NS, 'subscribe')
export const PubsubSubscription = tag(PUBSUB_NS, 'subscription')
export const PubsubSubscriptions = tag(PUBSUB_NS, 'subscriptions')
export const PubsubUnsubscribe = tag(PUBSUB_NS, 'unsubscribe')

/** What owners ask. */
export const PubsubOwner = tag(PUBSUB_OWNER_NS, 'pubsub')
export const OwnerAffiliation = tag(PUBSUB_OWNER_NS, 'affiliation')
export const OwnerAffiliations = tag(PUBSUB_OWNER_NS, 'affiliations')
export const OwnerConfigure = tag(PUBSUB_OWNER_NS, 'configure')
export const OwnerDefault = tag(PUBSUB_OWNER_NS, 'default')
export const OwnerDelete = tag(PUBSUB_OWNER_NS, 'delete')
export const OwnerPurge = tag(PUBSUB_OWNER_NS, 'purge')
export const OwnerSubscription = tag(PUBSUB_OWNER_NS, 'subscription')
export const OwnerSubscriptions = tag(PUBSUB_OWNER_NS, 'subscriptions')

/** What subscribers are told. */
export const PubsubEvent = tag(PUBSUB_EVENT_NS, 'event')
export const EventConfiguration = tag(PUBSUB_EVENT_NS, 'configuration')
export const EventDelete = tag(PUBSUB_EVENT_NS, 'delete')
export const EventItem = tag(PUBSUB_EVENT_NS, 'item')
export const EventItems = tag(PUBSUB_EVENT_NS, 'items')
export const EventPurge = tag(PUBSUB_EVENT_NS, 'purge')
export const EventRetract = tag(PUBSUB_EVENT_NS, 'retract')

/** XEP-0060 §4.1: how somebody stands to a node. */
export type PubsubAffiliationName = 'owner' | 'publisher' | 'publish-only' | 'member' | 'none' | 'outcast'
/** XEP-0060 §4.2: the states of a subscription that are kept. */
export type PubsubSubscriptionState = 'subscribed' | 'pending'
/** XEP-0060 §4.5: who may subscribe to a node and read its items. */
export type PubsubAccessModel = 'open' | 'presence' | 'roster' | 'authorize' | 'whitelist'

/** What a subscription or an affiliation tells. */
export interface PubsubSubscriptionInfo {
  readonly node?: string | undefined
  readonly jid: string
  readonly state: PubsubSubscriptionState | 'none'
  readonly subid?: string | undefined
}

/** Builds what tells of a subscription, in the words for users. */
export const buildSubscription = ({ node, jid, state, subid }: PubsubSubscriptionInfo): Element =>
  PubsubSubscription({ node, jid, subscription: state, subid })

/** Reads the name of an affiliation; undefined when there is none of this name. */
export function parseAffiliation(name: string | undefined): PubsubAffiliationName | undefined {
  return name !== undefined && AFFILIATIONS.has(name) ? (name as PubsubAffiliationName) : undefined
}

const AFFILIATIONS: ReadonlySet<string> = new Set([
  'owner',
  'publisher',
  'publish-only',
  'member',
  'none',
  'outcast',
] satisfies PubsubAffiliationName[])

/** An error with a condition of XEP-0060's own (§16.3.4), which for `unsupported` names the feature. */
export function pubsubError(
  type: StanzaErrorType,
  condition: StanzaCondition,
  own: string,
  feature?: string,
): StanzaError {
  return new StanzaError(type, condition, undefined, tag(PUBSUB_ERRORS_NS, own)({ feature }))
}
