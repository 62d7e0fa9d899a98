/** XEP-0160 1.0.1: messages for users who are away are kept, and delivered when they come back. */
import { type Jid, StanzaError } from '@meerkat/protocol'
import { parseElement, serialize } from '@meerkat/xml'
import {
  type Delivery,
  type Host,
  accountRemoved,
  backend,
  defineModule,
  flag,
  keptLog,
  messageHandedOver,
  messageObsolete,
  messageStored,
  messageToSleepers,
  messageUndelivered,
  messagesAcknowledged,
  messagesHeld,
  type PersonalData,
  personalData,
  sessionArrived,
  sessionClosed,
  sessionKept,
  sessionLeft,
  sessionOpened,
  sessionPacked,
  text,
  timeOf,
  wordOfNode,
  wouldBeStored,
  xep,
} from '../../core/module.ts'
import { userArriving, userAvailable } from '../presence/hooks.ts'
import { provideMailboxes } from './api.ts'
import { removeFrom } from './cleaning.ts'
import { Mailboxes } from './mailboxes.ts'
import { gateIn } from './gate.ts'
import { isKept } from './kept.ts'
import { Reserve } from './reserve.ts'

/** How many messages are kept for a user for whom the rule gives no number. */
const DEFAULT_LIMIT = 100

export default defineModule({
  key: 'mod_offline',
  summary: 'Keeps messages for users who are away.',
  specs: [
    xep(160, '1.0.1', { note: 'what has no meaning later, such as a chat state alone, is dropped without an error' }),
    xep(23, '1.3', { status: 'partial', note: 'expired messages are not delivered' }),
    xep(203, '2.0'),
  ],
  requires: ['mod_presence'],
  keeps: [keptLog('offline')],
  config: {
    access_max_user_messages: text(
      'max_user_offline_messages',
      'The access rule that says how many messages are kept for a user: a number or "infinity"; 100 when it says neither.',
      { nonEmpty: true },
    ),
    backend: backend(['mnesia', 'rdbms'], 'mnesia'),
    store_groupchat_messages: flag(false, 'Also keep what rooms send (only useful for MUC Light).'),
  },

  start(host, config) {
    const mailboxes = new Mailboxes(host)
    const reserve = new Reserve(host, mailboxes, (message) => isKept(message, false))
    const full = new StanzaError('wait', 'resource-constraint', "The recipient's mailbox is full.")

    const keep = (delivery: Delivery): boolean => {
      if (!isKept(delivery.stanza, config.store_groupchat_messages)) return false
      const owner = delivery.to.bare
      if (reserve.adopt(owner.toString(), delivery.receivedAt)) {
        delivery.afterwards(() => void reserve.settled().then(() => mailboxes.deliverIfAvailable(owner)))
        return true
      }
      const limit = limitOf(host, config.access_max_user_messages, owner)
      const quota = limit === Infinity ? {} : { limit, refused: full }
      const value = serialize(delivery.stanza)
      // The quota refuses the whole unit, so that a message is not archived either when its sender is told that it failed.
      delivery.keep(mailboxes.append(owner.toString(), value, { ...quota, at: delivery.receivedAt }))
      // The user may have come back while this was being stored, and have found nothing yet.
      delivery.afterwards(() => {
        void host.hooks.notify(messageStored, delivery)
        mailboxes.deliverIfAvailable(owner)
      })
      return true
    }

    provideMailboxes(host, {
      removeExpired: (domain) => removeFrom(host, mailboxes, domain, 'expired'),
      removeOlderThan: (domain, at) => removeFrom(host, mailboxes, domain, { olderThan: at }),
    })
    return {
      features: ['msgoffline'],
      hooks: [
        messageUndelivered.on(keep),
        wouldBeStored.on((message) => isKept(message, config.store_groupchat_messages) || undefined),
        sessionOpened.on(({ jid }) => mailboxes.foresight.look(jid.bare)),
        userArriving.on((session) => mailboxes.arriving(session)),
        userAvailable.on((session) => mailboxes.arrived(session)),
        wordOfNode.on((word) => mailboxes.heard(word)),
        messageToSleepers.on((delivery, sleepers) => reserve.toSleepers(delivery, sleepers)),
        messagesHeld.on((session, messages) => reserve.held(session, messages)),
        // What waits behind a mailbox that is handed over.
        sessionKept.on((session) => reserve.held(session, gateIn(session)?.held() ?? [])),
        messagesAcknowledged.on((session, stanzas) => reserve.acknowledged(session, stanzas)),
        sessionClosed.on((session) => {
          mailboxes.foresight.used(session.jid.bare.toString())
          reserve.closed(session)
        }),
        sessionPacked.on((memory, session) => reserve.pack(memory, session)),
        sessionLeft.on((session) => reserve.left(session)),
        sessionArrived.on((session, memory) => reserve.arrived(session, memory)),
        // Its node may have been handing over what is kept.
        sessionArrived.on(({ jid }) => mailboxes.deliverIfAvailable(jid.bare)),
        messageHandedOver.on(({ to, receivedAt }) => reserve.handedOver(to, receivedAt)),
        messageObsolete.on((user, at) => reserve.handedOver(user, at)),
        personalData.on((data, user) => [...data, tableOf(mailboxes, user)]),
        accountRemoved.on((writes, user) => {
          reserve.clear(user.toString())
          return [...writes, mailboxes.store.clear(user.toString())]
        }),
      ],
      async stop() {
        provideMailboxes(host, undefined)
        await mailboxes.stop()
        await reserve.settled()
      },
    }
  },
})

function tableOf({ store }: Mailboxes, user: Jid): PersonalData {
  const rows = async function* (): AsyncGenerator<string[]> {
    let page = await store.read(user.toString())
    while (page.length > 0) {
      for (const { value, at } of page)
        yield [timeOf(at), parseElement(value).attr('from') ?? '', user.toString(), value]
      page = await store.read(user.toString(), { after: page.at(-1)! })
    }
  }
  return { group: 'offline', columns: ['timestamp', 'from', 'to', 'packet'], rows: rows() }
}

function limitOf(host: Host, rule: string, user: Jid): number {
  const value = host.access(rule, user, user.domain)
  if (typeof value === 'number') return value
  return value === 'infinity' ? Infinity : DEFAULT_LIMIT
}
