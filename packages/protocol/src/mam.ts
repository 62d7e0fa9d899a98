/** XEP-0313 1.1.3: Message Archive Management, queries and results; preferences (XEP-0441) are in mam-prefs.ts. */
import { type Element, tag } from '@meerkat/xml'
import { buildForm, findForm, type FormField, parseForm, parseFormBoolean } from './data-form.ts'
import { parseDateTime } from './datetime.ts'
import { StanzaError } from './errors.ts'
import { buildForwarded, type ForwardedStanza, parseForwarded } from './forward.ts'
import { type Jid, tryJid } from './jid.ts'
import { parseRsmPage, parseRsmRequest, type RsmPage, type RsmRequest } from './rsm.ts'

/** The present protocol. */
export const MAM_NS = 'urn:xmpp:mam:2'
/** The protocol before it, which differs in what the query form can ask. */
export const MAM_V1_NS = 'urn:xmpp:mam:1'
/** The feature of servers which know `ids`, `before-id`, `after-id`, `<flip-page/>` and metadata (XEP-0313 §4.1.5). */
export const MAM_EXTENDED = 'urn:xmpp:mam:2#extended'

export const MamQuery = tag(MAM_NS, 'query')
export const MamQueryV1 = tag(MAM_V1_NS, 'query')
export const MamResult = tag(MAM_NS, 'result')
export const MamResultV1 = tag(MAM_V1_NS, 'result')
export const MamFin = tag(MAM_NS, 'fin')
export const MamFinV1 = tag(MAM_V1_NS, 'fin')

/** XEP-0431: the feature of archives that can be searched for words. */
export const FULL_TEXT_FEATURE = 'urn:xmpp:fulltext:0'
/** XEP-0431: the field with the words to search for. */
export const FULL_TEXT_FIELD = `{${FULL_TEXT_FEATURE}}fulltext`
/** What the same field was called before. */
const OLD_FULL_TEXT_FIELDS = ['{https://erlang-solutions.com/}full-text-search', 'full-text-search']

/** The fields that a query may have; `opt_count` is MongooseIM's, and asks for nothing that is not done anyway. */
const FIELDS = new Set(
  'with start end ids before-id after-id from-id to-id include-groupchat simple opt_count'
    .split(' ')
    .concat(FULL_TEXT_FIELD, OLD_FULL_TEXT_FIELDS),
)

/** Which messages of an archive are wanted. Times are microseconds since the epoch. */
export interface ArchiveQuery {
  /** The namespace that the answer must have. */
  readonly ns: string
  readonly queryid: string | undefined
  readonly with: Jid | undefined
  /** Not before this time. */
  readonly start: number | undefined
  /** Not after this time. */
  readonly end: number | undefined
  /** Exactly these messages (XEP-0313 §4.1.4). */
  readonly ids: readonly string[] | undefined
  readonly beforeId: string | undefined
  readonly afterId: string | undefined
  /** MongooseIM's fields: like `afterId` and `beforeId`, but the message that is named is among those found. */
  readonly fromId: string | undefined
  readonly toId: string | undefined
  readonly includeGroupchat: boolean | undefined
  /** Words to search for (XEP-0431). */
  readonly fullText: string | undefined
  /** Whether the client can do without count and index, which are expensive. */
  readonly simple: boolean
  /** Whether the page is to be sent newest first (XEP-0313 §4.1.6). */
  readonly flipPage: boolean
  readonly rsm: RsmRequest | undefined
}

/** Reads the query of an IQ set; throws `bad-request` for a field that is wrong, `feature-not-implemented` for one that is unknown (XEP-0313 §4.1). */
export function parseMamQuery(query: Element): ArchiveQuery {
  const form = findForm(query, query.ns)
  const values = form === undefined ? new Map<string, readonly string[]>() : parseForm(form).values
  const unknown = [...values.keys()].find((name) => !FIELDS.has(name))
  if (unknown !== undefined)
    throw new StanzaError('cancel', 'feature-not-implemented', `The field ${unknown.slice(0, 100)} is not supported.`)
  const one = (name: string): string | undefined => values.get(name)?.[0]
  return {
    ns: query.ns,
    queryid: query.attr('queryid'),
    with: read('with', one('with'), tryJid),
    start: read('start', one('start'), parseDateTime),
    end: read('end', one('end'), parseDateTime),
    ids: values.get('ids')?.length === 0 ? undefined : values.get('ids'),
    beforeId: one('before-id'),
    afterId: one('after-id'),
    fromId: one('from-id'),
    toId: one('to-id'),
    includeGroupchat: read('include-groupchat', one('include-groupchat'), parseFormBoolean),
    fullText: [FULL_TEXT_FIELD, ...OLD_FULL_TEXT_FIELDS].map(one).find((words) => words !== undefined && words !== ''),
    simple: read('simple', one('simple'), parseFormBoolean) ?? false,
    flipPage: tag(query.ns, 'flip-page').in(query) !== undefined,
    rsm: parseRsmRequest(query),
  }
}

/** Builds a query: a client's side of `parseMamQuery`. `values` are the form's fields as they go on the wire. */
export function buildMamQuery(
  queryid: string | undefined,
  values: readonly FormField[],
  extra: { readonly rsm?: Element; readonly flipPage?: boolean; readonly ns?: string } = {},
): Element {
  const { rsm, flipPage = false, ns = MAM_NS } = extra
  return tag(ns, 'query')(
    { queryid },
    buildForm({ type: 'submit', formType: ns }, values),
    rsm,
    flipPage ? tag(ns, 'flip-page')() : undefined,
  )
}

/** Builds the answer to an IQ get: the fields that a query may have (XEP-0313 §4.1.5), and the server's own `extra` ones. */
export function buildMamFields(ns: string, extra: readonly FormField[] = []): Element {
  const fields: FormField[] = [
    { var: 'with', type: 'jid-single' },
    { var: 'start', type: 'text-single' },
    { var: 'end', type: 'text-single' },
  ]
  if (ns === MAM_NS) {
    fields.push({ var: 'before-id', type: 'text-single' }, { var: 'after-id', type: 'text-single' })
    fields.push({ var: 'include-groupchat', type: 'boolean' }, { var: 'ids', type: 'list-multi', open: true })
  }
  return tag(ns, 'query')({}, buildForm({ type: 'form', formType: ns }, [...fields, ...extra]))
}

/** One archived message. */
export interface ArchivedMessage {
  readonly id: string
  readonly queryid: string | undefined
  readonly message: Element
  /** Microseconds since the epoch. */
  readonly stamp: number
}

/** Builds the `<result/>` that goes into a message to the asking client (XEP-0313 §4.2). */
export function buildMamResult({ id, queryid, message, stamp }: ArchivedMessage, ns: string = MAM_NS): Element {
  return (ns === MAM_V1_NS ? MamResultV1 : MamResult)({ queryid, id }, buildForwarded(message, { stamp }))
}

/** Reads the `<result/>` in a message; undefined when there is none or it is malformed. */
export function parseMamResult(message: Element, ns: string = MAM_NS): ArchivedMessage | undefined {
  const result = (ns === MAM_V1_NS ? MamResultV1 : MamResult).in(message)
  const id = result?.attr('id')
  const forwarded: ForwardedStanza | undefined = result && parseForwarded(result)
  if (id === undefined || forwarded?.delay === undefined) return undefined
  return { id, queryid: result?.attr('queryid'), message: forwarded.stanza, stamp: forwarded.delay.stamp }
}

/** How a page of results ended. */
export interface ArchiveFin {
  /** Whether there is nothing beyond this page in its direction. */
  readonly complete: boolean
  /** False when the archive may still change what it said (XEP-0313 §4.4); true unless given. */
  readonly stable?: boolean
  readonly queryid?: string | undefined
}

/** Builds the `<fin/>` of the IQ result; `page` comes from `buildRsmPage`. */
export function buildMamFin(
  { complete, stable = true, queryid }: ArchiveFin,
  page: Element,
  ns: string = MAM_NS,
): Element {
  const attributes = { complete: complete ? 'true' : undefined, stable: stable ? undefined : 'false', queryid }
  return (ns === MAM_V1_NS ? MamFinV1 : MamFin)(attributes, page)
}

/** Reads a `<fin/>`; throws `bad-request` when the page description is malformed. */
export function parseMamFin(fin: Element): ArchiveFin & { readonly page: RsmPage | undefined } {
  return {
    complete: parseFormBoolean(fin.attr('complete')) ?? false,
    stable: parseFormBoolean(fin.attr('stable')) ?? true,
    queryid: fin.attr('queryid'),
    page: parseRsmPage(fin),
  }
}

/** Reads a field that may be absent; throws when it is present and `parse` cannot read it. */
function read<T>(name: string, value: string | undefined, parse: (value: string) => T | undefined): T | undefined {
  if (value === undefined || value === '') return undefined
  const parsed = parse(value)
  if (parsed === undefined) throw new StanzaError('modify', 'bad-request', `The field ${name} is malformed.`)
  return parsed
}
