/** Checks that look at more than one section. */

import { type Values } from '../settings.ts'
import { noticeWeakCertificates } from './certificate-notices.ts'
import { type generalSettings } from './declarations/general.ts'
import { listenerSettings } from './declarations/listeners.ts'
import { type Document } from './document.ts'
import { poolsOfAuth } from './read-auth.ts'
import { type Sections } from './read-host-types.ts'
import { type References, checkModules, checkShaper } from './read-modules.ts'
import { type Path, valueAt } from './read-settings.ts'
import { checkTlsVersions } from './tls-versions.ts'

/** There must be something to serve, and a name is either a domain or a host type. */
export function checkHostTypes(document: Document, general: Values<typeof generalSettings>): void {
  if (general.hosts.length + general.host_types.length === 0) {
    document.problem({ path: ['general'], message: 'wants at least one domain in hosts or one name in host_types' })
  }
  general.host_types.forEach((name, index) => {
    if (!general.hosts.includes(name)) return
    document.problem({ path: ['general', 'host_types', index], message: 'is one of hosts already', value: name })
  })
}

/** The sections that refer to something. */
export interface Parts {
  readonly common: Sections
  /** By host type. */
  readonly own: ReadonlyMap<string, Sections>
  /** Whether domains may be added while the server runs. */
  readonly dynamicDomains: boolean
}

/** Refuses shapers and pools that are named but not written. One that is written with a mistake has its own problem. */
export function checkReferences(document: Document, { common, own, dynamicDomains }: Parts): void {
  const shapers = Object.keys(valueAt(document.root, ['shaper']) ?? {})
  for (const kind of Object.keys(listenerSettings)) {
    tablesOf(valueAt(document.root, ['listen', kind])).forEach((listener, index) => {
      checkShaper(document, ['listen', kind, index, 'shaper'], valueAt(listener, ['shaper']), shapers)
    })
  }
  for (const { path } of [common, ...own.values()])
    checkShaper(
      document,
      [...path, 's2s', 'outgoing', 'shaper'],
      valueAt(document.root, [...path, 's2s', 'outgoing', 'shaper']),
      shapers,
    )
  noticeUnknownRules(document)
  noticeWeakCertificates(
    document,
    [common, ...own.values()].map(({ path }) => path),
  )
  checkTlsVersions(document, tlsSections(document, [common, ...own.values()]))
  const everywhere = [common, ...own.values()]
  // A common section may use pools that only host types have: those without may replace the section.
  checkSections(document, common, { shapers, dynamicDomains, hasPool: poolsIn(document, everywhere) })
  for (const sections of own.values()) {
    checkSections(document, sections, { shapers, dynamicDomains, hasPool: poolsIn(document, [common, sections]) })
  }
}

/** Where TLS with clients and servers is set. */
function tlsSections(document: Document, sections: readonly Sections[]): Path[] {
  const listeners = Object.keys(listenerSettings).flatMap((kind) =>
    tablesOf(valueAt(document.root, ['listen', kind])).map((_, index): Path => ['listen', kind, index, 'tls']),
  )
  return [...listeners, ...sections.map(({ path }): Path => [...path, 's2s', 'outgoing', 'tls'])]
}

/** A rule that isn't written denies, which is accepted but seldom meant. */
function noticeUnknownRules(document: Document): void {
  const written = [valueAt(document.root, []), ...tablesOf(valueAt(document.root, ['host_config']))]
  const rules = new Set(['all', 'none', ...written.flatMap((top) => Object.keys(valueAt(top, ['access']) ?? {}))])
  for (const kind of Object.keys(listenerSettings)) {
    tablesOf(valueAt(document.root, ['listen', kind])).forEach((listener, index) => {
      const rule = valueAt(listener, ['access'])
      if (typeof rule !== 'string' || rules.has(rule)) return
      document.notice(
        ['listen', kind, index, 'access'],
        'is a rule that is not written in [access], so it denies everyone',
        rule,
      )
    })
  }
}

const tablesOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

function poolsIn(document: Document, sections: readonly Sections[]): References['hasPool'] {
  return (type, tag) =>
    sections.some(({ path }) => valueAt(document.root, [...path, 'outgoing_pools', type, tag]) !== undefined)
}

function checkSections(document: Document, { path, auth, modules }: Sections, has: References): void {
  checkModules(document, [...path, 'modules'], modules ?? new Map(), has)
  for (const { at, type, tag } of auth === undefined ? [] : poolsOfAuth(auth, [...path, 'auth'])) {
    if (has.hasPool(type, tag)) continue
    document.problem({ path: at, message: `needs the pool [outgoing_pools.${type}.${tag}], which is missing` })
  }
}
