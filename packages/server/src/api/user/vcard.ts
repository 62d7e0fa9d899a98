/** vCards, as users see them and set their own. */
import type { Jid } from '@meerkat/protocol'
import { type ApiContext, callerOf } from '../context.ts'
import { ApiError } from '../errors.ts'
import { type ApiPart, resolver } from '../part.ts'
import { getVcard, setVcard } from '../vcard.ts'
import type { VCardFields } from '../vcard-fields.ts'
import { VCARD_TYPES } from '../vcard-types.ts'

/** XEP-0054 §3.3: of others nobody learns whether they have no vCard or do not exist. */
async function get({ user }: { user?: Jid | null }, context: ApiContext): Promise<VCardFields> {
  const caller = callerOf(context)
  if (user == null || user.bare.equals(caller)) return getVcard({ user: caller }, context)
  const notFound = new ApiError('vcard_not_found', 'Vcard for user not found', { user: user.toString() })
  if (isApart(context, caller, user)) throw notFound
  return getVcard({ user }, context).catch((error: unknown) => {
    throw error instanceof ApiError && error.code === 'user_not_found' ? notFound : error
  })
}

/** What mod_domain_isolation keeps from each other over XMPP stays apart here, too. */
function isApart(context: ApiContext, caller: Jid, user: Jid): boolean {
  const isIsolated = ({ domain }: Jid): boolean => {
    const host = context.kernel.hosts.of(domain)
    return host !== undefined && context.kernel.modules.running(host, 'mod_domain_isolation')
  }
  return caller.domain !== user.domain && (isIsolated(caller) || isIsolated(user))
}

const set = ({ vcard }: { vcard: VCardFields }, context: ApiContext): Promise<VCardFields> =>
  setVcard({ user: callerOf(context), vcard }, context)

/** The part with the category `vcard`. */
export const vcardUserPart: ApiPart = {
  category: 'vcard',
  sdl: `
extend type UserQuery {
  "vCards"
  vcard: VcardUserQuery @protected
}

extend type UserMutation {
  "vCards"
  vcard: VcardUserMutation @protected
}

"Reads vCards."
type VcardUserQuery @protected @use(modules: ["mod_vcard"]) {
  "Get somebody's vCard; the own one, when the user is omitted"
  getVcard(user: JID): Vcard @use(modules: ["mod_vcard"], args: ["user"])
}

"Changes the own vCard."
type VcardUserMutation @protected @use(modules: ["mod_vcard"]) {
  "Set the own vCard; what it had is gone"
  setVcard(vcard: VcardInput!): Vcard
}
${VCARD_TYPES}`,
  resolvers: { VcardUserQuery: { getVcard: resolver(get) }, VcardUserMutation: { setVcard: resolver(set) } },
}
