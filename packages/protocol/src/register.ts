/** XEP-0077 2.4: In-Band Registration. */
import { type Element, tag, text } from '@meerkat/xml'
import { findForm, parseForm } from './data-form.ts'

const NS = 'jabber:iq:register'

export const RegisterQuery = tag(NS, 'query')
/** The stream feature of a server that lets people register (XEP-0077 §7). */
export const RegisterFeature = tag('http://jabber.org/features/iq-register', 'register')
const Instructions = tag(NS, 'instructions')
const Registered = tag(NS, 'registered')
const Remove = tag(NS, 'remove')

/** What a registration query says. */
export interface Registration {
  /** The values of the fields, such as `username`, `password`, `email`; '' for one that is only asked for. */
  readonly fields: ReadonlyMap<string, string>
  readonly instructions?: string | undefined
  /** Whether the asking user has an account (XEP-0077 §3.1.1). */
  readonly registered: boolean
  /** Whether the account is to be deleted (XEP-0077 §3.2). */
  readonly remove: boolean
}

/** Reads a query in either direction. */
export function parseRegister(query: Element): Registration {
  const fields = new Map<string, string>()
  for (const child of query.elements()) {
    if (child.ns === NS && !isMarker(child)) fields.set(child.name, text(child))
  }
  // XEP-0077 §4: a form goes before the fields
  for (const [name, [value = '']] of submittedForm(query)) fields.set(name, value)
  const instructions = Instructions.in(query)
  return {
    fields,
    instructions: instructions && text(instructions),
    registered: Registered.in(query) !== undefined,
    remove: Remove.in(query) !== undefined,
  }
}

/** Builds a query: a server's list of fields (with '' as values) or a client's values. */
export function buildRegister(registration: Partial<Registration>): Element {
  const { fields = new Map<string, string>(), instructions, registered = false, remove = false } = registration
  return RegisterQuery(
    {},
    instructions === undefined ? undefined : Instructions({}, instructions),
    registered ? Registered() : undefined,
    ...Array.from(fields, ([name, value]) => tag(NS, name)({}, value || undefined)),
    remove ? Remove() : undefined,
  )
}

/** The fields of a form that was filled in (XEP-0077 §4). Throws `bad-request` for one that is no form. */
function submittedForm(query: Element): ReadonlyMap<string, readonly string[]> {
  const form = findForm(query, NS) ?? findForm(query, `${NS}:changepassword`)
  const parsed = form && parseForm(form)
  return parsed?.type === 'submit' ? parsed.values : new Map()
}

function isMarker(child: Element): boolean {
  return Instructions.is(child) || Registered.is(child) || Remove.is(child)
}
