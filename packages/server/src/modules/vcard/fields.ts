/** What of a vCard can be searched for, under the names that MongooseIM's clients know. */
import { vcardText } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'

/** How much of a value is kept for searching, in characters. */
const VALUE_LENGTH = 250

interface SearchField {
  readonly name: string
  /** What the form for searching calls it. */
  readonly label: string
  /** What results call it; undefined when they do not tell it. */
  readonly reported?: string
  /** Where its value stands; the first place with a value counts. */
  readonly paths: readonly (readonly string[])[]
}

const field = (name: string, label: string, ...paths: readonly (readonly string[])[]): SearchField => ({
  name,
  label,
  reported: label,
  paths,
})

/** The fields of a search, in the order in which they are told. */
export const SEARCH_FIELDS: readonly SearchField[] = [
  { name: 'user', label: 'User', paths: [] },
  field('fn', 'Full Name', ['FN']),
  { ...field('first', 'Given Name', ['N', 'GIVEN']), reported: 'Name' },
  field('middle', 'Middle Name', ['N', 'MIDDLE']),
  field('last', 'Family Name', ['N', 'FAMILY']),
  field('nick', 'Nickname', ['NICKNAME']),
  field('bday', 'Birthday', ['BDAY']),
  field('ctry', 'Country', ['ADR', 'CTRY']),
  field('locality', 'City', ['ADR', 'LOCALITY']),
  field('email', 'Email', ['EMAIL', 'USERID'], ['EMAIL']),
  field('orgname', 'Organization Name', ['ORG', 'ORGNAME']),
  field('orgunit', 'Organization Unit', ['ORG', 'ORGUNIT']),
]

/** The values of a user's searchable fields, by name; fields without a value are left out. */
export type FieldValues = ReadonlyMap<string, string>

/** Reads what can be searched for of a user's vCard. */
export function fieldsOf(user: string, vcard: Element): FieldValues {
  const values = new Map([['user', user]])
  for (const { name, paths } of SEARCH_FIELDS) {
    const value = paths.map((path) => vcardText(vcard, ...path)).find((text) => text !== '')
    if (value !== undefined) values.set(name, value.slice(0, VALUE_LENGTH).toWellFormed())
  }
  return values
}

/** Case does not matter, and neither do forms of the same letter. */
export const folded = (value: string): string => value.normalize('NFKC').toLowerCase()
