/** XEP-0079: rules of senders about what becomes of their messages. */
import {
  AMP_NS,
  AmpFeature,
  type AmpRule,
  buildAmpError,
  buildAmpNotice,
  makeJid,
  parseAmp,
  withoutAmp,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import {
  DROP,
  type Delivery,
  type Host,
  type Verdict,
  defineModule,
  flag,
  maySeePresence,
  messageHandedOver,
  messageRefused,
  messageStored,
  nodeInfo,
  streamFeatures,
  userSend,
  when,
  wouldBeStored,
  xep,
} from '../../core/module.ts'
import { type Fate, decide, refusalOf } from './rules.ts'

/** XEP-0079 §2.1.1: what is followed, as MongooseIM tells it. */
const FEATURES = [
  AMP_NS,
  ...['action=drop', 'action=notify', 'action=error', 'condition=deliver', 'condition=match-resource'].map(
    (word) => `${AMP_NS}?${word}`,
  ),
]

/** The rules of messages that wait for what becomes of them. */
const waiting = new WeakMap<Delivery, readonly AmpRule[]>()

export default defineModule({
  key: 'mod_amp',
  summary: 'Tells senders, as they ask, whether their messages are delivered or stored, or keeps them from that.',
  specs: [
    xep(79, '1.2', {
      status: 'partial',
      note: 'no expire-at, alert and per-hop; other servers do not learn of rules',
      file: 'amp/index.ts',
    }),
  ],
  config: {
    only_contacts: flag(
      false,
      'Refuse rules of senders who may not see the presence of the recipient, as they would tell it (XEP-0079 §9).',
    ),
  },

  start(host, config) {
    return {
      features: [AMP_NS],
      hooks: [
        streamFeatures.on((features) => [...features, AmpFeature()]),
        nodeInfo.on(({ to, node }) =>
          to.local === '' && node === AMP_NS
            ? { identities: [{ category: 'server', type: 'im' }], features: FEATURES }
            : undefined,
        ),
        userSend.on((delivery) => take(host, delivery, config.only_contacts), 'early'),
        messageHandedOver.on((delivery) => void become(host, delivery, 'direct')),
        messageStored.on((delivery) => void become(host, delivery, 'stored')),
        messageRefused.on((delivery, durable) =>
          become(host, delivery, durable && delivery.archived ? 'stored' : 'none'),
        ),
      ],
    }
  },
})

/** XEP-0079 §2.2: takes the rules from a message, and follows those that can be followed before it is on its way. */
function take(host: Host, delivery: Delivery, onlyContacts: boolean): Verdict | Promise<Verdict> {
  const { stanza, from, to } = delivery
  if (stanza.name !== 'message' || delivery.origin !== 'client') return undefined
  const parsed = parseAmp(stanza)
  if (parsed === undefined) return undefined
  const refusal = refusalOf(parsed)
  if (refusal !== undefined) return refuse(host, delivery, buildAmpError(stanza, refusal.fault, refusal.rules))
  const open = !onlyContacts || to.bare.equals(from.bare)
  return when(open || host.hooks.first(maySeePresence, to.bare, from.bare), (may) => {
    if (may !== true) return refuse(host, delivery, buildAmpError(stanza, 'invalid-rules', parsed.rules))
    const resources = host.directory.of(to)
    return when(host.hooks.first(wouldBeStored, stanza), (would) => {
      const { met, waiting: left } = decide(parsed.rules, { to, resources, stored: would === true })
      if (met?.action === 'drop') return DROP
      if (met?.action === 'error') return refuse(host, delivery, buildAmpError(stanza, 'failed-rules', [met]))
      if (met !== undefined) tell(host, delivery, buildAmpNotice(stanza, met))
      if (left.length > 0) waiting.set(delivery, left)
      return withoutAmp(stanza)
    })
  })
}

function refuse(host: Host, delivery: Delivery, error: Element): typeof DROP {
  tell(host, delivery, error)
  return DROP
}

/** Sends words about a message to its sender. */
function tell(host: Host, { from }: Delivery, words: Element): void {
  host.send(words, makeJid('', from.domain), from).catch((error: unknown) => host.report('amp_notice_failed', error))
}

/** Follows the first rule about what has become of a message; true when its sender need not be told of its failure besides. */
function become(host: Host, delivery: Delivery, fate: Fate): boolean {
  const rules = waiting.get(delivery)
  waiting.delete(delivery)
  const met = rules?.find(({ value }) => value === fate)
  if (met === undefined) return false
  if (met.action === 'notify') tell(host, delivery, buildAmpNotice(delivery.stanza, met))
  else if (met.action === 'error') tell(host, delivery, buildAmpError(delivery.stanza, 'failed-rules', [met]))
  return met.action !== 'notify'
}
