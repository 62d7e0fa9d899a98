/** XEP-0115 1.6.0: Entity Capabilities, and XEP-0390 0.3.2: Entity Capabilities 2.0, with hashes as in XEP-0300. */
import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { type Element, tag, text } from '@meerkat/xml'
import { DataForm } from './data-form.ts'
import { DiscoFeature, DiscoIdentity } from './disco.ts'

export const CAPS_NS = 'http://jabber.org/protocol/caps'
export const CAPS2_NS = 'urn:xmpp:caps'

export const Caps = tag(CAPS_NS, 'c')
export const Caps2 = tag(CAPS2_NS, 'c')
export const HashTag = tag('urn:xmpp:hashes:2', 'hash')
const Field = tag('jabber:x:data', 'field')
const Value = tag('jabber:x:data', 'value')

/** Which of the two protocols: XEP-0115 is v1, XEP-0390 is v2. */
export type CapsVersion = 'v1' | 'v2'

/** What a presence says of the features of its sender. */
export interface CapsHash {
  readonly version: CapsVersion
  /** The hash function as it is called on the wire; undefined in the form of XEP-0115 before 1.4, whose value is no hash. */
  readonly algo: string | undefined
  readonly value: string
  /** The node of service discovery under which the features are found. */
  readonly node: string
}

/** The functions of each version that can be computed here, the best first, by the names that Node has for them. */
const FUNCTIONS: Readonly<Record<CapsVersion, ReadonlyMap<string, string>>> = {
  v1: new Map([
    ['sha-512', 'sha512'],
    ['sha-384', 'sha384'],
    ['sha-256', 'sha256'],
    ['sha-224', 'sha224'],
    ['sha-1', 'sha1'],
  ]),
  v2: new Map([
    ['sha3-512', 'sha3-512'],
    ['sha3-256', 'sha3-256'],
    ['sha-512', 'sha512'],
    ['sha-256', 'sha256'],
  ]),
}

/** Reads what a presence, or a server's stream features, say of features: the best that one of `versions` offers; undefined when there is nothing. */
export function readCaps(parent: Element, versions: readonly CapsVersion[] = ['v1', 'v2']): CapsHash | undefined {
  return (
    (versions.includes('v2') ? readV2(parent) : undefined) ?? (versions.includes('v1') ? readV1(parent) : undefined)
  )
}

function readV1(parent: Element): CapsHash | undefined {
  const c = Caps.in(parent)
  const [node, ver] = [c?.attr('node'), c?.attr('ver')]
  if (c === undefined || !node || !ver) return undefined
  return { version: 'v1', algo: c.attr('hash'), value: ver, node: `${node}#${ver}` }
}

function readV2(parent: Element): CapsHash | undefined {
  const c = Caps2.in(parent)
  if (c === undefined) return undefined
  const offered = new Map(HashTag.all(c).map((hash) => [hash.attr('algo'), text(hash).trim()]))
  for (const algo of FUNCTIONS.v2.keys()) {
    const value = offered.get(algo)
    if (value) return { version: 'v2', algo, value, node: capsNode(algo, value) }
  }
  return undefined
}

/** XEP-0390 §4.3: the node of service discovery for a hash. */
export const capsNode = (algo: string, value: string): string => `${CAPS2_NS}#${algo}.${value}`

/** Builds what XEP-0115 puts into presence and stream features. */
export const buildCaps = (hash: string, node: string, ver: string): Element => Caps({ hash, node, ver })

/** Builds what XEP-0390 puts there. */
export const buildCaps2 = (algo: string, value: string): Element => Caps2({}, HashTag({ algo }, value))

/**
 * The hash of a disco#info answer; undefined when the function is not known or the answer is one of which no hash may be taken
 * (XEP-0115 §5.4, XEP-0390 §4.1).
 */
export function capsHash(query: Element, version: CapsVersion, algo: string): string | undefined {
  const name = FUNCTIONS[version].get(algo)
  if (name === undefined) return undefined
  const input = version === 'v1' ? inputV1(query) : inputV2(query)
  return input === undefined ? undefined : createHash(name).update(input).digest('base64')
}

/**
 * Whether the hash of XEP-0115 stands for this answer alone. Its parts are joined without telling them apart, so that others can be made with the
 * same hash: with `<` in a name, or with the last features dressed up as a form.
 */
export function isUnmistakable(query: Element): boolean {
  const identities = DiscoIdentity.all(query)
  const features = featuresOf(query).toSorted(byOctets)
  const fields = DataForm.all(query).flatMap((form) => Field.all(form))
  const parts = [...identities.flatMap(identityParts), ...features, ...fields.map(wordsOf)]
  if (parts.some((part) => part.includes('<'))) return false
  if (identities.some((identity) => !identity.attr('category') || !identity.attr('type'))) return false
  const [form] = hiddenForms(query) ?? []
  const last = features.at(-1)
  return form === undefined || (last !== undefined && byOctets(form.type, last) < 0)
}

/** All that a field holds. */
const wordsOf = (field: Element): string => [field.attr('var'), ...Value.all(field).map(text)].join(' ')

const featuresOf = (query: Element): string[] => DiscoFeature.all(query).map((feature) => feature.attr('var') ?? '')

const identityParts = (identity: Element): string[] =>
  ['category', 'type', 'xml:lang', 'name'].map((name) => identity.attr(name) ?? '')

/** The collation i;octet (RFC 4790 §9.3). */
const byOctets = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

const hasTwice = (values: readonly string[]): boolean => new Set(values).size !== values.length

/** XEP-0115 §5.1. */
function inputV1(query: Element): string | undefined {
  const identities = DiscoIdentity.all(query).map((identity) => identityParts(identity).join('/'))
  const features = featuresOf(query)
  const forms = hiddenForms(query)
  if (forms === undefined || hasTwice(identities) || hasTwice(features)) return undefined
  const parts = [...identities.toSorted(byOctets), ...features.toSorted(byOctets)]
  return parts.map((part) => `${part}<`).join('') + forms.map(({ input }) => input).join('')
}

interface HiddenForm {
  readonly type: string
  readonly input: string
}

/** XEP-0115 §5.4: the forms that count, in their order; undefined when they make the whole answer ill-formed. */
function hiddenForms(query: Element): HiddenForm[] | undefined {
  const forms: HiddenForm[] = []
  for (const form of DataForm.all(query)) {
    const fields = Field.all(form)
    const type = fields.find((field) => field.attr('var') === 'FORM_TYPE')
    if (type?.attr('type') !== 'hidden') continue
    const types = new Set(Value.all(type).map(text))
    if (types.size !== 1) return undefined
    const [name = ''] = types
    const others = fields.filter((field) => field.attr('var') !== 'FORM_TYPE')
    forms.push({ type: name, input: `${name}<${others.map(fieldV1).toSorted(byOctets).join('')}` })
  }
  if (hasTwice(forms.map(({ type }) => type))) return undefined
  return forms.toSorted((a, b) => byOctets(a.type, b.type))
}

function fieldV1(field: Element): string {
  const values = Value.all(field).map(text).toSorted(byOctets)
  return [field.attr('var') ?? '', ...values].map((part) => `${part}<`).join('')
}

/** XEP-0390 §4.1: everything ends with its own separator. */
function inputV2(query: Element): string | undefined {
  const known = (child: Element): boolean => DiscoIdentity.is(child) || DiscoFeature.is(child) || isPlainForm(child)
  if (!query.elements().every(known)) return undefined
  const features = featuresOf(query).map((feature) => `${feature}\u001F`)
  const identities = DiscoIdentity.all(query).map((identity) => {
    const parts = identityParts(identity).map((part) => `${part}\u001F`)
    return `${parts.join('')}\u001E`
  })
  const forms = DataForm.all(query).map((form) => `${joined(Field.all(form).map(fieldV2))}\u001D`)
  return [features, identities, forms].map((parts) => `${joined(parts)}\u001C`).join('')
}

const joined = (parts: readonly string[]): string => parts.toSorted(byOctets).join('')

function fieldV2(field: Element): string {
  const values = joined(Value.all(field).map((value) => `${text(value)}\u001F`))
  return `${field.attr('var') ?? ''}\u001F${values}\u001E`
}

/** A form with a FORM_TYPE and without rows. */
function isPlainForm(form: Element): boolean {
  if (!DataForm.is(form)) return false
  const fields = Field.all(form)
  const type = fields.find((field) => field.attr('var') === 'FORM_TYPE')
  if (type?.attr('type') !== 'hidden' || Value.all(type).length !== 1) return false
  return form.elements().every(({ name }) => name !== 'reported' && name !== 'item')
}
