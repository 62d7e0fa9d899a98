/** XEP-0441 0.2.0: archiving preferences; XEP-0313 1.1.3 §5: archive metadata. */
import { type Element, tag, text } from '@meerkat/xml'
import { formatDateTime, parseDateTime } from './datetime.ts'
import { StanzaError } from './errors.ts'
import { type Jid, tryJid } from './jid.ts'
import { MAM_NS, MAM_V1_NS } from './mam.ts'

export const MamPrefs = tag(MAM_NS, 'prefs')
export const MamPrefsV1 = tag(MAM_V1_NS, 'prefs')
export const MamMetadata = tag(MAM_NS, 'metadata')
const Start = tag(MAM_NS, 'start')
const End = tag(MAM_NS, 'end')

/** What is archived when neither list names the other party; `roster`: what is exchanged with contacts. */
export type ArchiveDefault = 'always' | 'never' | 'roster'

/** A user's wishes about the own archive. */
export interface ArchivePrefs {
  readonly default: ArchiveDefault
  readonly always: readonly Jid[]
  readonly never: readonly Jid[]
}

/** The ends of an archive. */
export interface ArchiveEnd {
  readonly id: string
  /** Microseconds since the epoch. */
  readonly stamp: number
}

/** Reads a `<prefs/>`; throws `bad-request` for an unknown default, `jid-malformed` for an address that is none. */
export function parseMamPrefs(prefs: Element): ArchivePrefs {
  const choice = prefs.attr('default')
  if (choice !== 'always' && choice !== 'never' && choice !== 'roster') {
    throw new StanzaError('modify', 'bad-request', 'The default is always, never or roster.')
  }
  return { default: choice, always: readList(prefs, 'always'), never: readList(prefs, 'never') }
}

/** Builds a `<prefs/>`. */
export function buildMamPrefs({ default: choice, always, never }: ArchivePrefs, ns: string = MAM_NS): Element {
  const list = (name: string, jids: readonly Jid[]): Element =>
    tag(ns, name)({}, ...jids.map((jid) => tag(ns, 'jid')({}, jid.toString())))
  return tag(ns, 'prefs')({ default: choice }, list('always', always), list('never', never))
}

/** Builds the answer to a metadata query; without ends for an empty archive. */
export function buildMamMetadata(ends?: { readonly start: ArchiveEnd; readonly end: ArchiveEnd }): Element {
  const attributes = ({ id, stamp }: ArchiveEnd) => ({ id, timestamp: formatDateTime(stamp) })
  return MamMetadata({}, ends && Start(attributes(ends.start)), ends && End(attributes(ends.end)))
}

/** Reads the answer to a metadata query; undefined for an empty archive. */
export function parseMamMetadata(metadata: Element): { start: ArchiveEnd; end: ArchiveEnd } | undefined {
  const [start, end] = [readEnd(Start.in(metadata)), readEnd(End.in(metadata))]
  return start && end && { start, end }
}

function readEnd(element: Element | undefined): ArchiveEnd | undefined {
  const id = element?.attr('id')
  const stamp = parseDateTime(element?.attr('timestamp') ?? '')
  return id === undefined || stamp === undefined ? undefined : { id, stamp }
}

function readList(prefs: Element, name: string): Jid[] {
  const list = tag(prefs.ns, name).in(prefs)
  if (list === undefined) return []
  return tag(prefs.ns, 'jid')
    .all(list)
    .map((element) => {
      const jid = tryJid(text(element).trim())
      if (jid === undefined) throw new StanzaError('modify', 'jid-malformed')
      return jid
    })
}
