import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { accessSettings, aclSettings } from '../../access.ts'
import { type Settings, describeSettings } from '../../settings.ts'
import { readSettings } from '../read-settings.ts'
import { poolReferences, referenceModules, staticDomainsOnly } from '../reference/modules.ts'
import {
  referenceAuthMethods,
  referenceHttpHandlers,
  referenceInstrumentation,
  referenceListeners,
  referencePools,
} from '../reference/parts.ts'
import { renames } from '../reference/renamed.ts'
import { authMethodSettings, authSettings } from './auth.ts'
import {
  generalSettings,
  hostGeneralSettings,
  instrumentationHandlers,
  instrumentationSettings,
  shaperSettings,
  logSettings,
  storageSettings,
} from './general.ts'
import { handlerSettings, goneHandlers } from './http-handlers.ts'
import { listenerSettings } from './listeners.ts'
import { poolSettings } from './pools.ts'
import { s2sSettings } from './s2s.ts'

const prefixed = (area: string, parts: Readonly<Record<string, Settings>>): Record<string, Settings> =>
  Object.fromEntries(Object.entries(parts).map(([name, settings]) => [`${area}.${name}`, settings]))

const all: Record<string, Settings> = {
  general: generalSettings,
  hostGeneral: hostGeneralSettings,
  storage: storageSettings,
  s2s: s2sSettings,
  log: logSettings,
  shaper: shaperSettings,
  auth: authSettings,
  acl: aclSettings,
  access: accessSettings,
  instrumentation: instrumentationSettings,
  ...prefixed('auth', authMethodSettings),
  ...prefixed('listen', listenerSettings),
  ...prefixed('handlers', handlerSettings),
  ...prefixed('pools', poolSettings),
  ...prefixed('instrumentation', instrumentationHandlers),
}

describe('every declared setting', () => {
  for (const [name, settings] of Object.entries(all)) {
    test(`of ${name} is described and has a default that is itself accepted`, () => {
      for (const { path, doc } of describeSettings(settings)) assert.match(doc, /^[A-Z].*[.]$/u, path)
      const { findings = [] } = readSettings(settings, {}, { folder: import.meta.dirname })
      for (const { path, message } of findings) assert.match(message, /^is missing: /u, path.join('.'))
    })
  }
})

test('what is declared is what the reference has', () => {
  assert.deepEqual(Object.keys(authMethodSettings).sort(), referenceAuthMethods)
  assert.deepEqual(Object.keys(listenerSettings).sort(), referenceListeners)
  const isPresent = (kind: string): boolean => !kind.startsWith('meerkat_') && !Object.hasOwn(goneHandlers, kind)
  const handlers = Object.keys(handlerSettings).filter(isPresent)
  assert.deepEqual(handlers.sort(), referenceHttpHandlers)
  assert.deepEqual(Object.keys(poolSettings).sort(), referencePools)
  assert.deepEqual(Object.keys(instrumentationHandlers).sort(), referenceInstrumentation)
})

test('tables about modules name modules of the reference', () => {
  const names = [...staticDomainsOnly, ...poolReferences.map(({ module }) => module)]
  for (const name of names) assert.ok(Object.hasOwn(referenceModules, name), name)
  for (const { type } of poolReferences) assert.ok(referencePools.includes(type), type)
})

test('each old name has as many stars as its new one', () => {
  const stars = (keys: readonly string[]): number => keys.filter((key) => key === '*').length
  for (const { from, to } of renames) if (to !== undefined) assert.equal(stars(from), stars(to), from.join('.'))
})

/** Paths of secrets. */
const secretsIn = (settings: Settings): string[] =>
  describeSettings(settings).flatMap(({ path, type }) => (type === 'a secret text' ? [path] : []))

test('every password is declared as a secret', () => {
  for (const [name, settings] of Object.entries(all)) {
    const open = describeSettings(settings).filter(
      ({ path, type }) => path.endsWith('password') && type !== 'a section',
    )
    for (const { path, type } of open) assert.equal(type, 'a secret text', `${name}.${path}`)
  }
  assert.deepEqual(secretsIn(authMethodSettings.jwt), ['secret.value'])
  assert.deepEqual(secretsIn(authMethodSettings.http), ['basic_auth'])
})
