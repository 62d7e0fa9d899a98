/**
 * Access control by the sections `acl` and `access` of the configuration: classes of users, and rules that give each
 * class a value. Everything is compiled when the configuration is loaded; a check allocates nothing.
 *
 * Regular expressions come from the operator and run on addresses that users choose, which have at most 1023 bytes a
 * part. An expression with nested repetition, as `(a+)+`, can take very long on them: prefer globs, which cannot.
 */

import { type Jid, makeJid, tryJid } from '@meerkat/protocol'
import { type Glob, compileGlob, globMatches } from './config/glob.ts'
import { type Setting, type Values, either, integer, list, oneOf, required, section, text } from './settings.ts'

/** A regular expression; the case of what it is tried on does not matter. */
const regexp = (doc: string): Setting<string | undefined> => {
  const any = text(undefined, doc)
  const schema: typeof any.schema = (context) =>
    any.schema(context).refine((value) => isRegexp(String(value)), { error: 'wants a regular expression' })
  return { ...any, type: 'a regular expression', schema }
}

/** As in the reference, `(?i)` may stand at its beginning, and signs that mean nothing may be escaped, as in `\-`. Case never matters. */
function compileRegexp(source: string): RegExp {
  const pattern = source.replace(/^(\^?)\(\?i\)/, '$1')
  try {
    return new RegExp(pattern, 'iu')
  } catch {
    return new RegExp(pattern, 'i')
  }
}

function isRegexp(source: string): boolean {
  try {
    return compileRegexp(source) instanceof RegExp
  } catch {
    return false
  }
}

/** One entry of `[acl]`: all its conditions must hold. */
export const aclSettings = {
  match: oneOf(['current_domain', 'all', 'any_hosted_domain', 'none'], 'current_domain', 'Whose users are meant.'),
  user: text(undefined, 'The name of the user.'),
  server: text(undefined, 'The domain of the user.'),
  resource: text(undefined, 'The resource of the user.'),
  user_regexp: regexp('A regular expression for the name.'),
  server_regexp: regexp('A regular expression for the domain.'),
  resource_regexp: regexp('A regular expression for the resource.'),
  user_glob: text(undefined, 'A shell pattern for the name.'),
  server_glob: text(undefined, 'A shell pattern for the domain.'),
  resource_glob: text(undefined, 'A shell pattern for the resource.'),
}

/** One entry of `[access]`. */
export const accessSettings = {
  acl: required(text(undefined, 'The class that the value is for; "all" is everyone.')),
  value: required(either(text(undefined, 'What the rule says: "allow", "deny", a name or a number.'), integer())),
}

/** A class, `acl.NAME`. */
export const aclList = list(section(aclSettings))
/** A rule, `access.NAME`. */
export const accessList = list(section(accessSettings))

/** A written entry of a class. */
export type AclEntry = Values<typeof aclSettings>
/** A written entry of a rule. */
export type AccessEntry = Values<typeof accessSettings>

/** Compiled classes and rules of one host type. */
export interface AccessRules {
  readonly rules: ReadonlyMap<string, readonly Clause[]>
  /** Whether the server serves a domain, as far as the configuration file knows. */
  readonly isHosted: (domain: string) => boolean
}

interface Clause {
  /** The class; undefined for everyone. */
  readonly classes: readonly Condition[] | undefined
  readonly value: string | number
}

interface Condition {
  readonly match: AclEntry['match']
  readonly tests: readonly Test[]
}

interface Test {
  readonly part: 'local' | 'domain' | 'resource'
  readonly equals?: string
  readonly regexp?: RegExp
  readonly glob?: Glob
}

/** Compiles classes and rules that have been read by the settings above. A clause for an undefined class never matches. */
export function compileAccess(
  acl: ReadonlyMap<string, readonly AclEntry[]>,
  access: ReadonlyMap<string, readonly AccessEntry[]>,
  isHosted: (domain: string) => boolean,
): AccessRules {
  const classes = new Map([...acl].map(([name, entries]) => [name, entries.map(compileEntry)]))
  const compile = (entry: AccessEntry): Clause => ({
    classes: entry.acl === 'all' ? undefined : (classes.get(entry.acl) ?? []),
    value: entry.value,
  })
  return { rules: new Map([...access].map(([name, entries]) => [name, entries.map(compile)])), isHosted }
}

function compileEntry(entry: AclEntry): Condition {
  const tests: Test[] = []
  const equals = (part: Test['part'], value: string | undefined) =>
    value !== undefined && tests.push({ part, equals: value })
  const glob = (part: Test['part'], value: string | undefined) =>
    value !== undefined && tests.push({ part, glob: compileGlob(value.toLowerCase()) })
  const regexp = (part: Test['part'], value: string | undefined) =>
    value !== undefined && tests.push({ part, regexp: compileRegexp(value) })

  equals('local', entry.user === undefined ? undefined : preparedUser(entry.user))
  equals('domain', entry.server === undefined ? undefined : preparedDomain(entry.server))
  equals('resource', entry.resource?.toLowerCase())
  glob('local', entry.user_glob)
  glob('domain', entry.server_glob)
  glob('resource', entry.resource_glob)
  regexp('local', entry.user_regexp)
  regexp('domain', entry.server_regexp)
  regexp('resource', entry.resource_regexp)
  return { match: entry.match, tests }
}

/** A name as nodeprep leaves it; in lower case when nodeprep refuses it, since then it matches nobody. */
function preparedUser(name: string): string {
  try {
    return makeJid(name, 'localhost').local
  } catch {
    return name.toLowerCase()
  }
}

const preparedDomain = (name: string): string => tryJid(name)?.domain ?? name.toLowerCase()

/**
 * What `rule` says to `jid` on `domain`: the value of the first clause whose class the user is in, `'deny'` when there is
 * none, `undefinedRule` when there is no such rule. The rules `all` and `none` are built in. `isHosted` adds domains that came after the start.
 */
export function accessRule(
  { access }: { readonly access: AccessRules },
  rule: string,
  jid: Jid,
  domain: string,
  isHosted: (domain: string) => boolean = access.isHosted,
  undefinedRule = 'deny',
): string | number {
  if (rule === 'all') return 'allow'
  if (rule === 'none') return 'deny'
  const clauses = access.rules.get(rule)
  if (clauses === undefined) return undefinedRule
  for (const clause of clauses) {
    if (clause.classes === undefined || isInClass(clause.classes, jid, domain, isHosted)) return clause.value
  }
  return 'deny'
}

/** The number that `rule` gives `jid`, `"infinity"` being `Infinity`; `otherwise` when it gives none. */
export function accessLimit(
  hostType: { readonly access: AccessRules },
  rule: string,
  jid: Jid,
  domain: string,
  otherwise: number,
): number {
  const value = accessRule(hostType, rule, jid, domain)
  if (typeof value === 'number') return value
  return value === 'infinity' ? Infinity : otherwise
}

function isInClass(
  conditions: readonly Condition[],
  jid: Jid,
  domain: string,
  isHosted: (domain: string) => boolean,
): boolean {
  for (const condition of conditions) {
    if (isMeant(condition.match, jid, domain, isHosted) && passesAll(condition.tests, jid)) return true
  }
  return false
}

function isMeant(match: AclEntry['match'], jid: Jid, domain: string, isHosted: (domain: string) => boolean): boolean {
  if (match === 'current_domain') return jid.domain === domain
  if (match === 'any_hosted_domain') return isHosted(jid.domain)
  return match === 'all'
}

function passesAll(tests: readonly Test[], jid: Jid): boolean {
  for (const test of tests) {
    // Names and domains are in lower case already; the case of a resource is ignored, as that of the written value is.
    const value = test.part === 'resource' ? jid.resource.toLowerCase() : jid[test.part]
    if (!passes(test, value)) return false
  }
  return true
}

function passes({ equals, regexp, glob }: Test, value: string): boolean {
  if (equals !== undefined) return value === equals
  if (glob !== undefined) return globMatches(glob, value)
  return regexp?.test(value) === true
}
