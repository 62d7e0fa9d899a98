/** Reads `[auth]` and `[auth.METHOD]`. */

import { authMethodSettings, authSettings } from './declarations/auth.ts'
import { type Document, isTable } from './document.ts'
import { type Path } from './read-settings.ts'
import { referenceAuthMethods } from './reference/parts.ts'
import { type Auth, type AuthMethodConfig, type KnownParts } from './types.ts'

/** The section `auth` at `path`; undefined, with the problems noted, when it can't be read. */
export function readAuth(document: Document, path: Path, known: KnownParts['auth']): Auth | undefined {
  const written = document.table(path)
  if (written === undefined) return undefined
  const common: Record<string, unknown> = {}
  const enabled = new Map<string, AuthMethodConfig>()
  for (const [key, value] of Object.entries(written)) {
    const at = [...path, key]
    if (Object.hasOwn(authSettings, key)) common[key] = value
    else if (!isMethod(key)) document.unknownKey(at, [...Object.keys(authSettings), ...referenceAuthMethods])
    else if (!known.has(key)) document.notBuilt(at, `auth.${key}`)
    else enabled.set(key, readMethod(document, at, key))
  }

  const values = document.read(authSettings, path, common)
  if (values === undefined) return undefined
  const { methods: order, ...rest } = values
  return { ...rest, methods: order.length === 0 ? byName(enabled) : inOrder(document, path, order, enabled) }
}

const isMethod = (name: string): name is AuthMethodConfig['name'] => Object.hasOwn(authMethodSettings, name)

function readMethod(document: Document, path: Path, name: AuthMethodConfig['name']): AuthMethodConfig {
  const settings = document.read(authMethodSettings[name], path)
  // The name chose the settings, so the two belong together.
  const method = { name, settings } as AuthMethodConfig
  if (settings !== undefined && method.name === 'jwt') {
    const given = Object.values(method.settings.secret).filter((source) => source !== undefined)
    if (given.length !== 1)
      document.problem({ path: [...path, 'secret'], message: 'wants exactly one of file, env and value' })
  }
  return method
}

const byName = (methods: ReadonlyMap<string, AuthMethodConfig>): AuthMethodConfig[] =>
  [...methods].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, method]) => method)

function inOrder(
  document: Document,
  path: Path,
  order: readonly string[],
  enabled: ReadonlyMap<string, AuthMethodConfig>,
): AuthMethodConfig[] {
  return order.flatMap((name, index) => {
    const method = enabled.get(name)
    if (method !== undefined) return [method]
    // A method that isn't built has been refused at its section already.
    if (!isTable(document.table(path)?.[name])) {
      document.problem({ path: [...path, 'methods', index], message: `needs a section [auth.${name}]`, value: name })
    }
    return []
  })
}

/** The pools that the methods of a section need, with the place that says so. */
export function poolsOfAuth(auth: Auth, path: Path): { at: Path; type: string; tag: string }[] {
  return auth.methods.flatMap((method) => {
    const at = [...path, method.name]
    if (method.name === 'http') return [{ at, type: 'http', tag: 'auth' }]
    if (method.name !== 'ldap') return []
    const { pool_tag, bind_pool_tag } = method.settings
    return [pool_tag, bind_pool_tag].map((tag) => ({ at, type: 'ldap', tag }))
  })
}
