/** The API's scalars (as in MongooseIM): what comes in is checked and prepared once, so resolvers see only what is valid. */
import { Jid, makeJid, tryJid } from '@meerkat/protocol'
import { Element, parseElement, serialize } from '@meerkat/xml'
import { GraphQLError, GraphQLScalarType, type GraphQLSchema } from 'graphql'

/** The scalars' schema text. */
export const SCALARS = `
"A date and time of RFC 3339, such as 2024-05-17T09:30:00Z."
scalar DateTime
"An XML element as text."
scalar XmlElement
"An address with a user name, with or without a resource: user@domain or user@domain/resource."
scalar JID
"An address without a resource."
scalar BareJID
"An address with a resource."
scalar FullJID
"The part of an address before the @."
scalar UserName
"The part of a room's address before the @."
scalar RoomName
"The domain of an address."
scalar DomainName
"The resource of an address."
scalar ResourceName
"The name of a node, or self."
scalar NodeName
"A text that is not empty."
scalar NonEmptyString
"A whole number above 0."
scalar PosInt
"A whole number, 0 or more."
scalar NonNegInt
`

/** Says why a value is refused; the message around it is made by `named`. */
class Refused extends Error {}

type Read = (value: unknown) => unknown
type Write = (value: unknown) => unknown

const READERS: Readonly<Record<string, Read>> = {
  DateTime: (value) => readTime(textOf(value, 'failed_to_parse_datetime')),
  XmlElement: (value) => readElement(textOf(value, 'failed_to_parse_xml')),
  JID: (value) => readUser(value),
  BareJID: (value) => {
    const jid = readUser(value)
    return jid.resource === '' ? jid : refuse('jid_with_resource')
  },
  FullJID: (value) => {
    const jid = readUser(value)
    return jid.resource === '' ? refuse('jid_without_resource') : jid
  },
  UserName: (value) => part(value, 'user_name', (text) => makeJid(text, 'domain').local),
  RoomName: (value) => part(value, 'room_name', (text) => makeJid(text, 'domain').local),
  DomainName: (value) => part(value, 'domain_name', (text) => makeJid('', text).domain),
  ResourceName: (value) => part(value, 'resource_name', (text) => makeJid('user', 'domain', text).resource),
  NodeName: (value) => readNode(textOf(value, 'incorrect_node_name')),
  NonEmptyString: (value) => textOf(value, 'Given string is empty') || refuse('Given string is empty'),
  PosInt: (value) => (isCount(value, 1) ? value : refuse('Value is not a positive integer')),
  NonNegInt: (value) => (isCount(value, 0) ? value : refuse('Value is not a non-negative integer')),
}

const WRITERS: Readonly<Record<string, Write>> = {
  DateTime: (value) => writeTime(Number(value)),
  XmlElement: (value) => (value instanceof Element ? serialize(value) : String(value)),
  BareJID: (value) => (value instanceof Jid ? value.bare.toString() : String(value)),
}

/** Gives the scalars of an assembled schema their meaning; a scalar that is declared and not known here is a fault of the schema. */
export function defineScalars(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!(type instanceof GraphQLScalarType) || BUILT_IN.has(type.name)) continue
    const read = READERS[type.name]
    if (read === undefined) throw new Error(`nobody defines the scalar ${type.name}`)
    type.coerceInputValue = named(type.name, read)
    type.parseValue = type.coerceInputValue
    type.coerceOutputValue = WRITERS[type.name] ?? plain
    type.serialize = type.coerceOutputValue
  }
}

const BUILT_IN = new Set(['String', 'Int', 'Float', 'Boolean', 'ID'])

/** Numbers stay numbers; whatever else has a text form is told as text. */
const plain: Write = (value) => (typeof value === 'number' ? value : String(value))

function named(type: string, read: Read): Read {
  return (value) => {
    try {
      return read(value)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      const told = JSON.stringify(value)
      throw new GraphQLError(
        `Input coercion failed for type ${type} with value ${told}. The reason it failed is: ${error.message}`,
        { extensions: { code: 'input_coercion' } },
      )
    }
  }
}

function refuse(reason: string): never {
  throw new Refused(reason)
}

function textOf(value: unknown, reason: string): string {
  return typeof value === 'string' ? value : refuse(reason)
}

const isCount = (value: unknown, least: number): boolean => Number.isSafeInteger(value) && Number(value) >= least

function readUser(value: unknown): Jid {
  const jid = tryJid(textOf(value, 'failed_to_parse_jid')) ?? refuse('failed_to_parse_jid')
  return jid.local === '' ? refuse('jid_without_local_part') : jid
}

function part(value: unknown, name: string, prepare: (text: string) => string): string {
  const text = textOf(value, `failed_to_parse_${name}`)
  if (text === '') refuse(`empty_${name}`)
  try {
    return prepare(text)
  } catch {
    return refuse(`failed_to_parse_${name}`)
  }
}

function readNode(text: string): string {
  if (text === 'self') return text
  const [name, host, ...more] = text.split('@')
  return name && host && more.length === 0 ? text : refuse('incorrect_node_name')
}

function readElement(text: string): Element {
  try {
    return parseElement(text)
  } catch {
    return refuse('failed_to_parse_xml')
  }
}

const TIME = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/

/** Microseconds since the epoch. `Date` knows milliseconds only, so the fraction is read apart. */
function readTime(text: string): number {
  const match = TIME.exec(text) ?? refuse('failed_to_parse_datetime')
  const fraction = match[1] ?? ''
  const whole = Date.parse(text.replace(fraction, '').replace(' ', 'T').toUpperCase())
  if (Number.isNaN(whole)) refuse('failed_to_parse_datetime')
  return whole * 1000 + Number(fraction.slice(1, 7).padEnd(6, '0'))
}

/** UTC with microseconds: `2024-05-17T09:30:00.000001Z`. */
function writeTime(micros: number): string {
  const seconds = Math.floor(micros / 1e6)
  const fraction = String(micros - seconds * 1e6).padStart(6, '0')
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${fraction}Z`
}
