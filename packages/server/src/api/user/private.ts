/** A user's own private XML (XEP-0049). */
import type { Element } from '@meerkat/xml'
import { type ApiContext, callerOf } from '../context.ts'
import { type ApiPart, resolver } from '../part.ts'
import { getPrivate, setPrivate } from '../private.ts'

const get = (args: { element: string; nameSpace: string }, context: ApiContext): Promise<Element> =>
  getPrivate({ ...args, user: callerOf(context) }, context)

const set = ({ elementString }: { elementString: Element }, context: ApiContext): Promise<Element> =>
  setPrivate({ user: callerOf(context), elementString }, context)

/** The part with the category `private`. */
export const privateUserPart: ApiPart = {
  category: 'private',
  sdl: `
extend type UserQuery {
  "The own private XML"
  private: PrivateUserQuery @protected
}

extend type UserMutation {
  "The own private XML"
  private: PrivateUserMutation @protected
}

"Reads private XML."
type PrivateUserQuery @protected @use(modules: ["mod_private"]) {
  "Get what is kept under the name and namespace of an element; the empty element when there is nothing"
  getPrivate(element: String!, nameSpace: NonEmptyString!): XmlElement
}

"Changes private XML."
type PrivateUserMutation @protected @use(modules: ["mod_private"]) {
  "Set what is kept under the name and namespace of an element"
  setPrivate(elementString: XmlElement!): XmlElement
}
`,
  resolvers: {
    PrivateUserQuery: { getPrivate: resolver(get) },
    PrivateUserMutation: { setPrivate: resolver(set) },
  },
}
