/** XEP-0059 1.0: Result Set Management. */
import { type Element, tag, text } from '@meerkat/xml'
import { StanzaError } from './errors.ts'

const NS = 'http://jabber.org/protocol/rsm'

export const RsmSet = tag(NS, 'set')
const Max = tag(NS, 'max')
const Before = tag(NS, 'before')
const After = tag(NS, 'after')
const Index = tag(NS, 'index')
const First = tag(NS, 'first')
const Last = tag(NS, 'last')
const Count = tag(NS, 'count')

/** Which page of a result is wanted. */
export interface RsmRequest {
  /** The most items wanted; 0 asks for the count only (XEP-0059 §2.7). */
  readonly max?: number | undefined
  /** The page ends before this item; '' is the last page (XEP-0059 §2.5). */
  readonly before?: string | undefined
  /** The page begins after this item. */
  readonly after?: string | undefined
  /** The page begins at this place, the first being 0 (XEP-0059 §2.6). */
  readonly index?: number | undefined
}

/** Which page of a result was given. */
export interface RsmPage {
  /** Id of the first item; undefined for an empty page. */
  readonly first?: string | undefined
  /** Place of the first item in the whole result. */
  readonly index?: number | undefined
  readonly last?: string | undefined
  /** Size of the whole result. */
  readonly count?: number | undefined
}

/** Reads the request in `parent`; undefined when there is none; throws `bad-request` when a number is none. */
export function parseRsmRequest(parent: Element): RsmRequest | undefined {
  const set = RsmSet.in(parent)
  if (set === undefined) return undefined
  const before = Before.in(set)
  // An empty <after/> names no item: the page begins at the beginning.
  const after = text(After.in(set))
  return {
    max: numberIn(Max.in(set), 'max'),
    before: before && text(before),
    after: after === '' ? undefined : after,
    index: numberIn(Index.in(set), 'index'),
  }
}

/** Builds a request. */
export function buildRsmRequest({ max, before, after, index }: RsmRequest): Element {
  return RsmSet(
    {},
    max === undefined ? undefined : Max({}, String(max)),
    before === undefined ? undefined : Before({}, before || undefined),
    after === undefined ? undefined : After({}, after),
    index === undefined ? undefined : Index({}, String(index)),
  )
}

/** Builds the description of a page that goes with its items. */
export function buildRsmPage({ first, index, last, count }: RsmPage): Element {
  return RsmSet(
    {},
    first === undefined ? undefined : First({ index }, first),
    last === undefined ? undefined : Last({}, last),
    count === undefined ? undefined : Count({}, String(count)),
  )
}

/** Reads the description of a page in `parent`; undefined when there is none; throws `bad-request` when a number is none. */
export function parseRsmPage(parent: Element): RsmPage | undefined {
  const set = RsmSet.in(parent)
  if (set === undefined) return undefined
  const [first, last] = [First.in(set), Last.in(set)]
  const index = first?.attr('index')
  return {
    first: first && text(first),
    index: index === undefined ? undefined : wholeNumber(index, 'index'),
    last: last && text(last),
    count: numberIn(Count.in(set), 'count'),
  }
}

function numberIn(element: Element | undefined, what: string): number | undefined {
  return element === undefined ? undefined : wholeNumber(text(element), what)
}

/** XEP-0059 §2.1: sizes and places are whole numbers from 0. */
function wholeNumber(digits: string, what: string): number {
  const value = Number(digits)
  if (Number.isSafeInteger(value) && value >= 0 && String(value) === digits) return value
  throw new StanzaError('modify', 'bad-request', `<${what}/> is not a whole number from 0.`)
}
