/** vCards: reading and setting them. */
import { type Jid, StanzaError } from '@meerkat/protocol'
import { XmlError } from '@meerkat/xml'
import { type VCards, vcardsOf } from '../modules/vcard/api.ts'
import { type ApiContext, hostOf } from './context.ts'
import { ApiError } from './errors.ts'
import { type ApiPart, resolver } from './part.ts'
import { type VCardFields, readVCard, vcardOf } from './vcard-fields.ts'
import { VCARD_TYPES } from './vcard-types.ts'

/** The vCards at the domain of a user who exists. */
async function cardsFor(context: ApiContext, user: Jid): Promise<VCards> {
  const details = { user: user.toString() }
  const host = hostOf(context, user)
  if (host === undefined) throw new ApiError('user_not_found', "User's domain does not exist", details)
  if (!(await host.accounts.exists(user.bare)))
    throw new ApiError('user_not_found', 'Given user does not exist', details)
  const cards = vcardsOf(host)
  if (cards === undefined)
    throw new ApiError('vcard_not_configured_error', 'Mod_vcard is not loaded for this host', details)
  return cards
}

/** Answers `getVcard`, for whoever may ask about this user. */
export async function getVcard({ user }: { user: Jid }, context: ApiContext): Promise<VCardFields> {
  const vcard = await (await cardsFor(context, user)).get(user.bare)
  if (vcard === undefined) throw new ApiError('vcard_not_found', 'Vcard for user not found', { user: user.toString() })
  return readVCard(vcard)
}

/** Answers `setVcard`, for whoever may set it. */
export async function setVcard(args: { user: Jid; vcard: VCardFields }, context: ApiContext): Promise<VCardFields> {
  const cards = await cardsFor(context, args.user)
  try {
    await cards.set(args.user.bare, vcardOf(args.vcard))
  } catch (error) {
    // A character that XML cannot carry, or a vCard that is too large.
    if (!(error instanceof StanzaError) && !(error instanceof XmlError)) throw error
    throw new ApiError(error.condition.replaceAll('-', '_'), error.message, { user: args.user.toString() })
  }
  return getVcard(args, context)
}

/** The part with the category `vcard`. */
export const vcardPart: ApiPart = {
  category: 'vcard',
  sdl: `
extend type AdminQuery {
  "vCards"
  vcard: VcardAdminQuery @protected
}

extend type AdminMutation {
  "vCards"
  vcard: VcardAdminMutation @protected
}

"Reads vCards."
type VcardAdminQuery {
  "Get a user's vCard"
  getVcard(user: JID!): Vcard
    @protected(type: DOMAIN, args: ["user"])
    @use(modules: ["mod_vcard"], args: ["user"])
}

"Changes vCards."
type VcardAdminMutation {
  "Set a user's vCard; what it had is gone"
  setVcard(user: JID!, vcard: VcardInput!): Vcard
    @protected(type: DOMAIN, args: ["user"])
    @use(modules: ["mod_vcard"], args: ["user"])
}
${VCARD_TYPES}`,
  resolvers: {
    VcardAdminQuery: { getVcard: resolver(getVcard) },
    VcardAdminMutation: { setVcard: resolver(setVcard) },
  },
}
