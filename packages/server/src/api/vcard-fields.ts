/** vCards (XEP-0054) as the API tells them, and back: the properties by their names in the schema. */
import { VCard, vcardTag } from '@meerkat/protocol'
import { type Element, text } from '@meerkat/xml'

/** A vCard as the API has it. */
export type VCardFields = Readonly<Record<string, unknown>>

/** A part of a property: its name in the schema and in XML; `many` for a list of them. */
interface Part {
  readonly field: string
  readonly tag: string
  readonly many?: boolean
}

/** A property. Those without parts are text. */
interface Property extends Part {
  readonly parts?: readonly Part[]
  /** Empty elements in it that say of which kind it is. */
  readonly kinds?: readonly string[]
  /** The type of a value, where the schema has several. */
  readonly typeOf?: (value: VCardFields) => string
}

const one = (field: string, tag = field.toUpperCase()): Part => ({ field, tag })
const several = (field: string, tag = field.toUpperCase()): Part => ({ field, tag, many: true })

const HOME = ['HOME', 'WORK']
const ADDRESS = [...HOME, 'POSTAL', 'PARCEL', 'DOM', 'PREF', 'INTL']
const TELEPHONE = [...HOME, 'VOICE', 'FAX', 'PAGER', 'MSG', 'CELL', 'VIDEO', 'BBS', 'MODEM', 'ISDN', 'PCS', 'PREF']
const EMAIL = [...HOME, 'INTERNET', 'PREF', 'X400']

const EXTERNAL = one('extValue', 'EXTVAL')
const BINARY = one('binValue', 'BINVAL')
const isSet = (value: unknown): boolean => value !== undefined && value !== null
const image = {
  parts: [one('type'), BINARY, EXTERNAL],
  typeOf: ({ extValue }: VCardFields) => (isSet(extValue) ? 'External' : 'ImageData'),
}

/** The agent's own vCard is no text. */
const AGENT = 'AGENT'

/** All properties that the schema knows, in the order in which they are written. */
const PROPERTIES: readonly Property[] = [
  one('formattedName', 'FN'),
  {
    ...one('nameComponents', 'N'),
    parts: [one('family'), one('givenName', 'GIVEN'), one('middleName', 'MIDDLE'), one('prefix'), one('suffix')],
  },
  several('nickname'),
  { ...several('photo'), ...image },
  several('birthday', 'BDAY'),
  {
    ...several('address', 'ADR'),
    kinds: ADDRESS,
    parts: [
      ...['pobox', 'extadd', 'street', 'locality', 'region', 'pcode'].map((field) => one(field)),
      one('country', 'CTRY'),
    ],
  },
  { ...several('label'), kinds: ADDRESS, parts: [several('line')] },
  { ...several('telephone', 'TEL'), kinds: TELEPHONE, parts: [one('number')] },
  { ...several('email'), kinds: EMAIL, parts: [one('userId')] },
  several('jabberId'),
  several('mailer'),
  several('timeZone', 'TZ'),
  { ...several('geo'), parts: [one('lat'), one('lon')] },
  several('title'),
  several('role'),
  { ...several('logo'), ...image },
  {
    ...several('agent', AGENT),
    parts: [EXTERNAL],
    typeOf: ({ vcard }) => (isSet(vcard) ? 'AgentVcard' : 'External'),
  },
  { ...several('org'), parts: [one('orgname'), several('orgunit')] },
  { ...several('categories'), parts: [several('keyword')] },
  several('note'),
  several('prodId'),
  several('rev'),
  several('sortString', 'SORT-STRING'),
  {
    ...several('sound'),
    parts: [one('phonetic'), BINARY, EXTERNAL],
    typeOf: ({ phonetic, extValue }) => (isSet(phonetic) ? 'Phonetic' : isSet(extValue) ? 'External' : 'BinValue'),
  },
  several('uid'),
  several('url'),
  several('desc'),
  { ...several('class'), kinds: ['PUBLIC', 'PRIVATE', 'CONFIDENTIAL'], parts: [] },
  { ...several('key'), parts: [one('type'), one('credential', 'CRED')] },
]

const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value.filter(isSet) : isSet(value) ? [value] : []

/** Makes a vCard of what the schema took. */
export function vcardOf(fields: VCardFields): Element {
  const all = PROPERTIES.flatMap((property) => listOf(fields[property.field]).map((value) => write(property, value)))
  return VCard({}, ...all)
}

function write({ tag, parts, kinds }: Property, value: unknown): Element {
  if (parts === undefined) return vcardTag(tag)({}, String(value))
  const given = value as VCardFields
  const flags = kinds === undefined ? [] : listOf(given['tags']).map((kind) => vcardTag(String(kind))())
  const inner = parts.flatMap((part) => listOf(given[part.field]).map((each) => vcardTag(part.tag)({}, String(each))))
  const agents = tag === AGENT ? listOf(given['vcard']).map((vcard) => vcardOf(vcard as VCardFields)) : []
  return vcardTag(tag)({}, ...flags, ...inner, ...agents)
}

/** Reads a vCard; what the schema has no place for is left out. */
export function readVCard(vcard: Element): VCardFields {
  return Object.fromEntries(
    PROPERTIES.flatMap((property): [string, unknown][] => {
      const values = vcardTag(property.tag)
        .all(vcard)
        .map((element) => read(property, element))
      if (values.length === 0) return []
      return [[property.field, property.many === true ? values : values[0]]]
    }),
  )
}

function read({ tag, parts, kinds, typeOf }: Property, element: Element): unknown {
  if (parts === undefined) return text(element)
  const value: Record<string, unknown> = {}
  if (kinds !== undefined) value['tags'] = kinds.filter((kind) => vcardTag(kind).in(element) !== undefined)
  for (const part of parts) {
    const found = vcardTag(part.tag).all(element).map(text)
    if (found.length > 0) value[part.field] = part.many === true ? found : found[0]
  }
  const agent = tag === AGENT ? element.elements().find((child) => VCard.is(child)) : undefined
  if (agent !== undefined) value['vcard'] = readVCard(agent)
  return typeOf === undefined ? value : { ...value, __typename: typeOf(value) }
}
