/** What a client asks of an archive (XEP-0313 §4, §5; XEP-0441 §3). */
import {
  type ArchiveQuery,
  FULL_TEXT_FIELD,
  type Jid,
  MAM_NS,
  MAM_V1_NS,
  Message,
  StanzaError,
  buildMamFields,
  buildMamFin,
  buildMamMetadata,
  buildMamPrefs,
  buildMamResult,
  buildRsmPage,
  parseMamPrefs,
  parseMamQuery,
  payload,
  result,
} from '@meerkat/protocol'
import { type Element, tag } from '@meerkat/xml'
import { type Host, type IqRequest, type IqRoute, iqGet, iqSet } from '../../core/module.ts'
import { encodeId, microsOf } from '../../core/message-ids.ts'
import { type Page, type PageLimits, lookUp } from './lookup.ts'
import type { ArchiveFigures } from './figures.ts'
import type { Preferences } from './prefs.ts'
import { type Row, archive, readRows } from './rows.ts'
import type { ArchiveStore } from './store.ts'
import type { Throttle } from './throttle.ts'

/** What answering needs. */
export interface Answering {
  readonly host: Host
  readonly store: ArchiveStore
  readonly prefs: Preferences | undefined
  readonly limits: PageLimits & { readonly full_text_search: boolean }
  readonly throttle: Throttle
  readonly figures: ArchiveFigures
}

/** The routes of users' archives, in both versions of the protocol. */
export function archiveRoutes(answering: Answering): IqRoute[] {
  const fields = answering.limits.full_text_search ? [{ var: FULL_TEXT_FIELD, type: 'text-single' as const }] : []
  const versions = [MAM_NS, MAM_V1_NS].flatMap((ns) => [
    iqGet(tag(ns, 'query'), (iq) => result(iq, buildMamFields(ns, fields)), ACCOUNT),
    iqSet(tag(ns, 'query'), (iq, request) => answerQuery(answering, iq, request), ACCOUNT),
    iqGet(tag(ns, 'prefs'), (iq, request) => getPrefs(answering, iq, request), ACCOUNT),
    iqSet(tag(ns, 'prefs'), (iq, request) => setPrefs(answering, iq, request), ACCOUNT),
  ])
  const metadata = iqGet(
    tag(MAM_NS, 'metadata'),
    async (iq, request) => {
      await admit(answering, 'mam_lookup_messages', request)
      return result(iq, await metadataOf(answering.store, request.to.bare))
    },
    ACCOUNT,
  )
  return [...versions, metadata]
}

const ACCOUNT = ['account'] as const

/** Whose archives a user may use: one's own, unless a rule of `[access]` says allow or deny (S61). */
function requireAccess(host: Host, rule: string, { from, to }: IqRequest): void {
  const value = host.access(rule, from, to.domain, 'default')
  if (value === 'allow' || (value === 'default' && from.bare.equals(to.bare))) return
  throw new StanzaError('auth', 'forbidden')
}

/** Lets those in who may use the archive, and not more often than they may. */
async function admit({ host, throttle, figures }: Answering, action: string, request: IqRequest): Promise<void> {
  requireAccess(host, action, request)
  try {
    await throttle.pass(action, request.from, request.to.domain)
  } catch (error) {
    figures.refused.value++
    throw error
  }
}

/** XEP-0313 §4.2 and §4.4: the messages, then the result that says where the page stands. */
async function answerQuery(answering: Answering, iq: Element, request: IqRequest): Promise<Element> {
  const { host, store, limits, figures } = answering
  await admit(answering, 'mam_lookup_messages', request)
  const query = parseMamQuery(payload(iq)!)
  if (query.fullText !== undefined && !limits.full_text_search)
    throw new StanzaError('cancel', 'feature-not-implemented', 'Full text search is not supported.')
  const owner = request.to.bare
  const began = host.clock.monotonic()
  const page = await lookUp(store, owner, query, limits)
  figures.found(page.rows.length, began, query.simple || limits.enforce_simple_queries)
  // XEP-0313 §4.1.6: a flipped page has the same messages, sent newest first
  for (const row of query.flipPage ? page.rows.toReversed() : page.rows) {
    const handed = hand(host, request, Message({ from: owner, to: request.from }, resultOf(row, query)))
    if (handed !== undefined) await handed
  }
  return result(iq, buildMamFin({ complete: page.complete }, pageOf(page), query.ns))
}

/** Sends to whoever has asked; the answer to the request follows on the same way. */
function hand(host: Host, { from, to, delivery }: IqRequest, message: Element): undefined | Promise<void> {
  if (delivery.session === undefined) return host.send(message, to.bare, from)
  delivery.session.deliver(message)
  // S52: whoever fills an archive with large messages must not end the connections of whom it belongs to
  return delivery.session.ready()
}

function resultOf({ id, message }: Row, { queryid, ns }: ArchiveQuery): Element {
  return buildMamResult({ id: encodeId(id), queryid, message, stamp: microsOf(id) }, ns)
}

function pageOf({ rows, count, index }: Page): Element {
  const [first, last] = [rows[0], rows.at(-1)]
  if (first === undefined || last === undefined) return buildRsmPage({ count })
  return buildRsmPage({ first: encodeId(first.id), index, last: encodeId(last.id), count })
}

/** XEP-0313 §5: the ends of the archive. */
async function metadataOf(store: ArchiveStore, owner: Jid): Promise<Element> {
  const number = await store.numberOf(owner)
  if (number === undefined) return buildMamMetadata()
  const [[first], [last]] = await Promise.all([
    readRows(store.db, archive(number), 'oldest', 1),
    readRows(store.db, archive(number), 'newest', 1),
  ])
  if (first === undefined || last === undefined) return buildMamMetadata()
  const end = ({ id }: Row) => ({ id: encodeId(id), stamp: microsOf(id) })
  return buildMamMetadata({ start: end(first), end: end(last) })
}

async function getPrefs(answering: Answering, iq: Element, request: IqRequest): Promise<Element> {
  await admit(answering, 'mam_get_prefs', request)
  const prefs = await chosen(answering.prefs).of(request.to.bare)
  answering.figures.gotPrefs.value++
  return result(iq, buildMamPrefs(prefs, payload(iq)!.ns))
}

/** XEP-0441 §3: the answer tells what was set. */
async function setPrefs(answering: Answering, iq: Element, request: IqRequest): Promise<Element> {
  await admit(answering, 'mam_set_prefs', request)
  const wanted = parseMamPrefs(payload(iq)!)
  await chosen(answering.prefs).set(request.to.bare, wanted)
  answering.figures.setPrefs.value++
  return result(iq, buildMamPrefs(wanted, payload(iq)!.ns))
}

/** Reference §7.2: without `user_prefs_store` there are no preferences. */
function chosen(prefs: Preferences | undefined): Preferences {
  if (prefs === undefined) throw new StanzaError('cancel', 'feature-not-implemented')
  return prefs
}
