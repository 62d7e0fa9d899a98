/** Private XML (XEP-0049): reading and setting what clients keep. */
import { Iq, type Jid, PrivateQuery, StanzaError, payload } from '@meerkat/protocol'
import { Element, isXmlText } from '@meerkat/xml'
import { Delivery } from '../core/delivery.ts'
import { type ApiContext, hostOf } from './context.ts'
import { ApiError } from './errors.ts'
import { type ApiPart, resolver } from './part.ts'

/** Asks for the user, as a client of the user would. */
async function request(context: ApiContext, user: Jid, type: 'get' | 'set', element: Element): Promise<Element> {
  const host = hostOf(context, user)
  const details = { user: user.toString() }
  if (host === undefined || !(await host.accounts.exists(user.bare)))
    throw new ApiError('not_found', `User ${user.bare} does not exist`, details)
  const iq = Iq({ type, id: 'api', from: user.bare, to: user.bare }, PrivateQuery({}, element))
  try {
    const delivery = new Delivery(iq, user.bare, user.bare, 'api', host.clock.micros())
    return await host.iq.answer('account', delivery)
  } catch (error) {
    if (!(error instanceof StanzaError)) throw error
    throw new ApiError(error.condition.replaceAll('-', '_'), error.message, details)
  }
}

interface Get {
  readonly user: Jid
  readonly element: string
  readonly nameSpace: string
}

/** Answers `getPrivate`, for whoever may ask about this user. */
export async function getPrivate({ user, element, nameSpace }: Get, context: ApiContext): Promise<Element> {
  const isName = /^[\p{L}_][\p{L}\p{N}._-]*$/u.test(element)
  if (!isName || !isXmlText(nameSpace))
    throw new ApiError('bad_request', 'No XML element can have this name', { user: user.toString() })
  const answer = await request(context, user, 'get', new Element(element, nameSpace, [], []))
  return payload(answer)!.elements()[0]!
}

/** Answers `setPrivate`, for whoever may set it. */
export async function setPrivate(args: { user: Jid; elementString: Element }, context: ApiContext): Promise<Element> {
  await request(context, args.user, 'set', args.elementString)
  return args.elementString
}

/** The part with the category `private`. */
export const privatePart: ApiPart = {
  category: 'private',
  sdl: `
extend type AdminQuery {
  "Private XML of users"
  private: PrivateAdminQuery @protected
}

extend type AdminMutation {
  "Private XML of users"
  private: PrivateAdminMutation @protected
}

"Reads private XML."
type PrivateAdminQuery {
  "Get what a user keeps under the name and namespace of an element; the empty element when there is nothing"
  getPrivate(user: JID!, element: String!, nameSpace: NonEmptyString!): XmlElement
    @protected(type: DOMAIN, args: ["user"])
    @use(modules: ["mod_private"], args: ["user"])
}

"Changes private XML."
type PrivateAdminMutation {
  "Set what a user keeps under the name and namespace of an element"
  setPrivate(user: JID!, elementString: XmlElement!): XmlElement
    @protected(type: DOMAIN, args: ["user"])
    @use(modules: ["mod_private"], args: ["user"])
}
`,
  resolvers: {
    PrivateAdminQuery: { getPrivate: resolver(getPrivate) },
    PrivateAdminMutation: { setPrivate: resolver(setPrivate) },
  },
}
