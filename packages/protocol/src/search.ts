/** XEP-0055 1.3: Jabber Search. */
import { type Element, type Node, tag, text } from '@meerkat/xml'
import { DataForm, parseForm } from './data-form.ts'
import { StanzaError } from './errors.ts'

export const SEARCH_NS = 'jabber:iq:search'
export const SearchQuery = tag(SEARCH_NS, 'query')
const Instructions = tag(SEARCH_NS, 'instructions')
const ItemTag = tag(SEARCH_NS, 'item')

/** XEP-0055 §5.2: the fields of a search without a data form. */
export const PLAIN_SEARCH_FIELDS = ['first', 'last', 'nick', 'email'] as const

/** What is searched for. */
export interface Search {
  /** Values by field; fields without a value are left out. */
  readonly values: ReadonlyMap<string, string>
  /** Whether it came as a data form, so that the answer is one too. */
  readonly asForm: boolean
}

/** Reads a search; throws `bad-request` for a form that was not submitted, and where there is neither a form nor a field. */
export function parseSearch(query: Element): Search {
  const form = DataForm.in(query)
  const given = form === undefined ? plainValues(query) : submitted(form)
  return { values: new Map(given.filter(([, value]) => value !== '')), asForm: form !== undefined }
}

function submitted(form: Element): [string, string][] {
  // As in MongooseIM, a field without a name asks for nothing.
  const named = form.elements().filter((child) => child.name !== 'field' || child.attr('var') !== undefined)
  const { type, values } = parseForm(form.withChildren(named))
  if (type !== 'submit') throw new StanzaError('modify', 'bad-request', 'The form is not submitted.')
  return Array.from(values, ([name, [value = '']]) => [name, value])
}

function plainValues(query: Element): [string, string][] {
  const fields = PLAIN_SEARCH_FIELDS.flatMap((name) => tag(SEARCH_NS, name).in(query) ?? [])
  if (fields.length === 0) throw new StanzaError('modify', 'bad-request', 'There is nothing to search for.')
  return fields.map((field) => [field.name, text(field)])
}

/** Builds what a service says of its fields: the plain ones, and the form. */
export function buildSearchFields(instructions: string, form: Element): Element {
  const plain = PLAIN_SEARCH_FIELDS.map((name) => tag(SEARCH_NS, name)())
  return SearchQuery({}, Instructions({}, instructions), ...plain, form)
}

/** Builds the answer to a search without a form; what else there is, such as a page's description, comes behind. */
export function buildSearchItems(
  found: readonly ReadonlyMap<string, string>[],
  ...more: readonly (Node | undefined)[]
): Element {
  const items = found.map((row) => {
    const fields = PLAIN_SEARCH_FIELDS.map((name) => tag(SEARCH_NS, name)({}, row.get(name) || undefined))
    return ItemTag({ jid: row.get('jid') }, ...fields)
  })
  return SearchQuery({}, ...items, ...more)
}

/** Reads the answer to a search without a form. */
export function parseSearchItems(query: Element): ReadonlyMap<string, string>[] {
  return ItemTag.all(query).map((item) => {
    const fields = PLAIN_SEARCH_FIELDS.map((name): [string, string] => [name, text(tag(SEARCH_NS, name).in(item))])
    return new Map([['jid', item.attr('jid') ?? ''], ...fields])
  })
}
