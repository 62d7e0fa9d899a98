/** Messages for users who are away: removing those that nobody wants any more. */
import { type MailboxControl, mailboxesOf } from '../modules/offline/api.ts'
import type { ApiContext } from './context.ts'
import { ApiError } from './errors.ts'
import { type ApiPart, resolver } from './part.ts'

const DAY = 86_400_000_000

function mailboxesAt({ kernel }: ApiContext, domain: string): MailboxControl {
  const host = kernel.hosts.of(domain)
  const mailboxes = host && mailboxesOf(host)
  if (mailboxes === undefined) throw new ApiError('domain_not_found', 'Unknown domain', { domain })
  return mailboxes
}

const told = (count: number): string => `Removed ${count} messages`

const deleteExpiredMessages = async ({ domain }: { domain: string }, context: ApiContext): Promise<string> =>
  told(await mailboxesAt(context, domain).removeExpired(domain))

async function deleteOldMessages({ domain, days }: { domain: string; days: number }, context: ApiContext) {
  const before = context.kernel.clock.micros() - days * DAY
  return told(await mailboxesAt(context, domain).removeOlderThan(domain, before))
}

/** The part with the category `offline`. */
export const offlinePart: ApiPart = {
  category: 'offline',
  sdl: `
extend type AdminMutation {
  "Messages for users who are away"
  offline: OfflineAdminMutation @protected
}

"Removes messages that are kept for users who are away."
type OfflineAdminMutation {
  "Remove the messages that have expired"
  deleteExpiredMessages(domain: DomainName!): String
    @protected(type: DOMAIN, args: ["domain"])
    @use(modules: ["mod_offline"], args: ["domain"])
  "Remove the messages that have been kept for so many days"
  deleteOldMessages(domain: DomainName!, days: PosInt!): String
    @protected(type: DOMAIN, args: ["domain"])
    @use(modules: ["mod_offline"], args: ["domain"])
}
`,
  resolvers: {
    OfflineAdminMutation: {
      deleteExpiredMessages: resolver(deleteExpiredMessages),
      deleteOldMessages: resolver(deleteOldMessages),
    },
  },
}
