/** The search service (XEP-0055) over the vCards of its domains. */
import {
  DiscoInfo,
  DiscoItems,
  type FormField,
  type Jid,
  type RsmPage,
  type RsmRequest,
  SEARCH_NS,
  SearchQuery,
  StanzaError,
  VCard,
  buildDiscoInfo,
  buildDiscoItems,
  buildForm,
  buildFormTable,
  buildRsmPage,
  buildSearchFields,
  buildSearchItems,
  makeJid,
  parseRsmRequest,
  parseSearch,
  result,
  vcardTag,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { type IqRoute, iqGet, iqSet } from '../../core/module.ts'
import { SEARCH_FIELDS } from './fields.ts'
import type { Found, SearchIndex } from './search-index.ts'

/** What a search service needs. */
export interface Directory {
  readonly index: SearchIndex
  /** The domains whose users the service on a domain finds. */
  readonly domainsOf: (service: string) => readonly string[]
  /** How many users a search finds at most. */
  readonly matches: number
  /** What discovery shows besides. */
  readonly forms: () => readonly Element[] | Promise<readonly Element[]>
}

/** A line of the result: the values of a user's fields, and the user's JID. */
type Row = ReadonlyMap<string, string>

const REPORTED: readonly FormField[] = [
  { var: 'jid', type: 'jid-single', label: 'Jabber ID' },
  ...SEARCH_FIELDS.flatMap(({ name, reported }): FormField[] =>
    reported === undefined ? [] : [{ var: name, type: 'text-single', label: reported }],
  ),
]

/** What the service answers to. */
export function directoryRoutes(directory: Directory): IqRoute[] {
  const known = (iq: Element, query: typeof DiscoInfo): void => {
    if (query.in(iq)?.attr('node')) throw new StanzaError('cancel', 'item-not-found')
  }
  return [
    iqGet(DiscoInfo, async (iq) => {
      known(iq, DiscoInfo)
      return result(iq, buildDiscoInfo({ ...IDENTITY, forms: await directory.forms() }))
    }),
    iqGet(DiscoItems, (iq) => (known(iq, DiscoItems), result(iq, buildDiscoItems([])))),
    iqGet(VCard, (iq) => result(iq, VCard({}, vcardTag('FN')({}, IDENTITY_NAME)))),
    iqGet(SearchQuery, (iq, { to }) => result(iq, fieldsForm(to))),
    iqSet(SearchQuery, async (iq, { to }) => result(iq, await search(directory, SearchQuery.in(iq)!, to))),
  ]
}

/** What the service is called. */
export const IDENTITY_NAME = 'vCard User Search'
const IDENTITY = {
  identities: [{ category: 'directory', type: 'user', name: IDENTITY_NAME }],
  features: [DiscoInfo.ns, DiscoItems.ns, SEARCH_NS, VCard.ns],
}

function fieldsForm(service: Jid): Element {
  const words = 'Fill in one or more fields. A * at the end of a value stands for anything.'
  const frame = { type: 'form', formType: SEARCH_NS, title: `Search users in ${service}`, instructions: words } as const
  const fields = SEARCH_FIELDS.map(({ name, label }) => ({ var: name, type: 'text-single', label }) as const)
  return buildSearchFields(words, buildForm(frame, fields))
}

async function search({ index, domainsOf, matches }: Directory, query: Element, service: Jid): Promise<Element> {
  const { values, asForm } = parseSearch(query)
  const page = parseRsmRequest(query)
  const names = new Set(SEARCH_FIELDS.map(({ name }) => name))
  const wanted = new Map([...values].filter(([name]) => names.has(name)))
  const found: Found[] = []
  for (const domain of domainsOf(service.domain))
    found.push(...(await index.find(domain, wanted, matches - found.length)))
  const rows = found.map(rowOf).toSorted((one, other) => (one.get('jid')! < other.get('jid')! ? -1 : 1))
  const [shown, described] = cut(rows, page)
  const more = page === undefined ? undefined : buildRsmPage(described)
  if (!asForm) return buildSearchItems(shown, more)
  return SearchQuery({}, buildFormTable(SEARCH_NS, REPORTED, shown, `Search Results for ${service}`), more)
}

/** XEP-0055 §3: every reported field, empty where the user has none. */
function rowOf({ user, domain, fields }: Found): Row {
  const cells = REPORTED.map(({ var: name = '' }): [string, string] => [name, fields.get(name) ?? ''])
  return new Map([...cells, ['jid', makeJid(user, domain).toString()]])
}

/** XEP-0059 §2: the page of the rows that is wanted; JIDs are the ids. */
function cut(rows: readonly Row[], page: RsmRequest = {}): [readonly Row[], RsmPage] {
  const { max = rows.length, before, after, index } = page
  const end = before === undefined || before === '' ? rows.length : placeOf(rows, before)
  const begin = after === undefined ? (index ?? 0) : placeOf(rows, after) + 1
  const from = before === undefined ? begin : Math.max(begin, end - max)
  const shown = rows.slice(from, Math.min(end, from + max))
  const [first, last] = [shown[0]?.get('jid'), shown.at(-1)?.get('jid')]
  return [shown, { count: rows.length, first, last, index: first === undefined ? undefined : from }]
}

/** XEP-0059 §2.1: an id that is not there. */
function placeOf(rows: readonly Row[], jid: string): number {
  const place = rows.findIndex((row) => row.get('jid') === jid)
  if (place < 0) throw new StanzaError('cancel', 'item-not-found')
  return place
}
