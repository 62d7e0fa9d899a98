/** XEP-0012: when users were last there, and how long the server has been running. */
import { type Jid, LastQuery, StanzaError, Status, buildLast, isRequest, payload, result } from '@meerkat/protocol'
import { text } from '@meerkat/xml'
import {
  type Delivery,
  type Host,
  accountRemoved,
  backend,
  defineModule,
  iqGet,
  iqdisc,
  keptByName,
  maySeePresence,
  personalData,
  sessionClosed,
  sessionLost,
  sessionSlot,
  timeOf,
  userReceive,
  when,
  xep,
} from '../../core/module.ts'
import { userUnavailable } from '../presence/hooks.ts'
import { provideLastActivity } from './api.ts'
import { LastRecords } from './records.ts'

/** How much of a status is kept. */
const STATUS_LENGTH = 1024

/** The status of a session's last unavailable presence. */
const left = sessionSlot(() => ({ status: '' }))

export default defineModule({
  key: 'mod_last',
  summary: 'Tells when users were last there, and how long the server has been running.',
  specs: [xep(12, '2.0')],
  requires: ['mod_presence'],
  keeps: [keptByName('last')],
  config: { backend: backend(['mnesia', 'rdbms'], 'mnesia'), iqdisc },

  start(host) {
    const records = new LastRecords(host)
    provideLastActivity(host, records)
    const now = (): number => Math.floor(host.clock.now() / 1000)
    const note = (user: Jid, status: string): void => records.note(user, { seconds: now(), status })

    return {
      features: [LastQuery.ns],
      accountFeatures: [LastQuery.ns],
      iq: [
        iqGet(LastQuery, (iq) => result(iq, buildLast({ seconds: now() - Math.floor(host.startedAt / 1000) })), [
          'server',
        ]),
        iqGet(
          LastQuery,
          async (iq, { from, to }) => {
            await check(host, from, to)
            // XEP-0012 §3: a user who is connected is there
            if (host.directory.of(to).length > 0) return result(iq, buildLast({ seconds: 0 }))
            const seen = await records.of(to)
            if (seen === undefined) throw new StanzaError('cancel', 'service-unavailable')
            return result(iq, buildLast({ seconds: Math.max(0, now() - seen.seconds), status: seen.status }))
          },
          ['account'],
        ),
      ],
      hooks: [
        userReceive.on((delivery) => guardResource(host, delivery)),
        userUnavailable.on((session, presence) => {
          // A text that was cut in a character is mended.
          const status = text(Status.in(presence)).slice(0, STATUS_LENGTH).toWellFormed()
          session.slot(left).status = status
          note(session.jid.bare, status)
        }),
        // Early: while mod_presence still says whether the session was available, and so has left without a word.
        sessionClosed.on((session) => {
          note(session.jid.bare, session.presence === undefined ? (session.peek(left)?.status ?? '') : '')
        }, 'early'),
        // A node that has gone tells nothing of its sessions.
        sessionLost.on(({ jid }) => note(jid.bare, '')),
        accountRemoved.on((writes, user) => [...writes, records.remove(user)]),
        personalData.on(async (data, user) => {
          const seen = await records.of(user)
          const rows = seen === undefined ? [] : [[timeOf(seen.seconds * 1_000_000), seen.status]]
          return [...data, { group: 'last', columns: ['timestamp', 'status'], rows }]
        }),
      ],
      async stop() {
        await records.flush()
        provideLastActivity(host, undefined)
      },
    }
  },
})

/** XEP-0012 §4: what a client tells of its user, it tells only to those who may know. */
function guardResource(host: Host, { stanza, from, to }: Delivery): undefined | Promise<undefined> {
  if (stanza.name !== 'iq' || to.resource === '' || !isRequest(stanza) || !LastQuery.is(payload(stanza)))
    return undefined
  return when(check(host, from, to.bare), () => undefined)
}

/** XEP-0012 §8: whoever may not see a user's presence may not learn this way whether the user is there. */
function check(host: Host, from: Jid, to: Jid): void | Promise<void> {
  if (from.bare.equals(to)) return
  return when(host.hooks.first(maySeePresence, to, from.bare), (may) => {
    if (may !== true) throw new StanzaError('auth', 'forbidden')
  })
}
