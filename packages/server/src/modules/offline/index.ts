/** XEP-0160 1.0.1: messages for users who are away are kept, and delivered when they come back. */
import { type Jid, StanzaError } from '@meerkat/protocol'
import { serialize } from '@meerkat/xml'
import {
  type Delivery,
  type Host,
  accountRemoved,
  backend,
  defineModule,
  flag,
  messageUndelivered,
  text,
  xep,
} from '../../core/module.ts'
import { userArriving, userAvailable } from '../presence/hooks.ts'
import { Mailboxes } from './mailboxes.ts'
import { isKept } from './kept.ts'

/** How many messages are kept for a user for whom the rule gives no number. */
const DEFAULT_LIMIT = 100

export default defineModule({
  key: 'mod_offline',
  summary: 'Keeps messages for users who are away.',
  specs: [
    xep(160, '1.0.1'),
    xep(23, '1.3', { status: 'partial', note: 'expired messages are not delivered' }),
    xep(203, '2.0'),
  ],
  requires: ['mod_presence'],
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
    const full = new StanzaError('wait', 'resource-constraint', "The recipient's mailbox is full.")

    const keep = (delivery: Delivery): boolean => {
      if (!isKept(delivery.stanza, config.store_groupchat_messages)) return false
      const owner = delivery.to.bare
      const limit = limitOf(host, config.access_max_user_messages, owner)
      const quota = limit === Infinity ? {} : { limit, refused: full }
      const value = serialize(delivery.stanza)
      // The quota refuses the whole unit, so that a message is not archived either when its sender is told that it failed.
      delivery.keep(mailboxes.store.append(owner.toString(), value, { ...quota, at: delivery.receivedAt }))
      // The user may have come back while this was being stored, and have found nothing yet.
      delivery.afterwards(() => mailboxes.deliverIfAvailable(owner))
      return true
    }

    return {
      features: ['msgoffline'],
      hooks: [
        messageUndelivered.on(keep),
        userArriving.on((session) => mailboxes.arriving(session)),
        userAvailable.on((session) => mailboxes.arrived(session)),
        accountRemoved.on((writes, user) => [...writes, mailboxes.store.clear(user.toString())]),
      ],
      stop: () => mailboxes.stop(),
    }
  },
})

function limitOf(host: Host, rule: string, user: Jid): number {
  const value = host.access(rule, user, user.domain)
  if (typeof value === 'number') return value
  return value === 'infinity' ? Infinity : DEFAULT_LIMIT
}
