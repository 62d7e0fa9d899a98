import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadConfig } from '../core/config/load-config.ts'
import { ConfigError } from '../core/config/problem.ts'
import { referenceModules } from '../core/config/reference/modules.ts'
import {
  referenceAuthMethods,
  referenceHttpHandlers,
  referenceInstrumentation,
  referenceListeners,
  referencePools,
  referenceServices,
} from '../core/config/reference/parts.ts'
import { knownParts } from './known-parts.ts'
import { loadModules } from './modules.ts'

const known = knownParts(await loadModules())

/** What MongooseIM has and this server does not have yet; a line goes when its part comes. */
const notYet = {
  modules: [
    'mod_auth_token',
    'mod_bind2',
    'mod_blocklist',
    'mod_broadcast',
    'mod_dynamic_domains_test',
    'mod_external_filter',
    'mod_fast_auth_token',
    'mod_global_distrib',
    'mod_inbox',
    'mod_keystore',
    'mod_muc',
    'mod_muc_light',
    'mod_offline_chatmarkers',
    'mod_push_service_mongoosepush',
    'mod_sasl2',
    'mod_shared_roster_ldap',
    'mod_smart_markers',
  ],
  // Nothing is reported to anyone by service_mongoose_system_metrics, which a notice tells.
  services: ['service_domain_db', 'service_mongoose_system_metrics'],
  auth: ['anonymous', 'dummy', 'external', 'http', 'jwt', 'ldap', 'pki'],
  outgoing_pools: ['cassandra', 'elastic', 'http', 'ldap', 'redis'],
  instrumentation: ['exometer'],
}

const without = (names: readonly string[], has: { has(name: string): boolean }): string[] =>
  names.filter((name) => !has.has(name))

/** The names that a configuration with these sections is refused for. */
function refused(sections: readonly string[]): string[] {
  const start = '[general]\nhosts = ["localhost"]\ndefault_server_domain = "localhost"\n'
  try {
    loadConfig('/nowhere/meerkat.toml', start + sections.map((name) => `[${name}]\n`).join(''), known)
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.problems
      .filter(({ message }) => message.includes('is not built into this server yet'))
      .map(({ path }) => path)
  }
  return []
}

describe('what MongooseIM has', () => {
  it('is there, but for what is named', () => {
    assert.deepEqual(
      {
        modules: without(Object.keys(referenceModules), known.modules),
        services: without(referenceServices, known.services),
        auth: without(referenceAuthMethods, known.auth),
        outgoing_pools: without(referencePools, known.pools),
        instrumentation: without(referenceInstrumentation, known.instrumentation),
      },
      notYet,
    )
    assert.deepEqual(without(referenceListeners, known.listeners), [])
    assert.deepEqual(without(referenceHttpHandlers, known.httpHandlers), [])
  })

  it('is refused by name, all at once, where it is not there yet', () => {
    const sections = Object.entries(notYet)
      .flatMap(([section, names]) => names.map((name) => `${section}.${name}`))
      .filter((name) => name !== 'services.service_mongoose_system_metrics')
    const pushers = ['http', 'push', 'sns'].map((name) => `modules.mod_event_pusher.${name}`)
    assert.deepEqual(refused([...sections, ...pushers]).toSorted(), [...sections, ...pushers].toSorted())
  })
})
