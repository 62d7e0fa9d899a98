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
  services: ['service_mongoose_system_metrics'],
  auth: ['anonymous', 'dummy', 'external', 'http', 'jwt', 'ldap'],
  outgoing_pools: ['cassandra', 'elastic', 'http', 'ldap', 'redis'],
  instrumentation: ['exometer'],
}

const START = '[general]\nhosts = ["localhost"]\ndefault_server_domain = "localhost"\n'

const without = (names: readonly string[], has: { has(name: string): boolean }): string[] =>
  names.filter((name) => !has.has(name))

const read = (text: string) => loadConfig('/nowhere/meerkat.toml', `${START}[auth.internal]\n${text}`, known)

/** The names that a configuration with these sections is refused for. */
function refused(sections: readonly string[]): string[] {
  try {
    loadConfig('/nowhere/meerkat.toml', START + sections.map((name) => `[${name}]\n`).join(''), known)
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

  it('has its options, too, and the discipline of IQs as a table', () => {
    const built = Object.entries(referenceModules).filter(([key]) => known.modules.has(key))
    // mod_event_pusher: its backends are told above; mod_mam: what is not there is refused by name.
    const missing = built.flatMap(([key, options]) => {
      const { settings } = known.modules.get(key)!
      return options.filter((option) => !Object.hasOwn(settings, option)).map((option) => `${key}.${option}`)
    })
    assert.deepEqual(missing, ['mod_event_pusher.sns', 'mod_event_pusher.http', 'mod_event_pusher.push', 'mod_mam.muc'])
    const disciplined = built.filter(([, options]) => options.includes('iqdisc')).map(([key]) => key)
    assert.ok(disciplined.length > 12)
    const text = disciplined.map((key) => `[modules.${key}]\niqdisc = { type = "queues", workers = 10 }\n`)
    const s3 = 's3 = { bucket_url = "https://b", region = "r", access_key_id = "a", secret_access_key = "s" }\n'
    const config = read(text.map((part) => (part.includes('http_upload') ? part + s3 : part)).join(''))
    assert.equal(config.hostTypes.get('localhost')!.modules.size, disciplined.length)
  })

  it('mod_pubsub of before 6.8 is known by what it alone had, and goes over as a whole', () => {
    const modulesOf = (text: string) => read(`[modules.mod_pubsub]\n${text}`).hostTypes.get('localhost')!.modules
    const olds = ['backend = "mnesia"', 'plugins = ["pep"]', 'default_node_config.publish_model = "open"']
    for (const old of olds) assert.deepEqual([...modulesOf(old).keys()], ['mod_pubsub_old'], old)
    assert.deepEqual([...modulesOf('backend = "rdbms"').keys()], ['mod_pubsub'])
    const closed = modulesOf('backend = "rdbms"\nplugins = ["flat"]\ndefault_node_config.access_model = "whitelist"')
    const { default_node_config: node } = closed.get('mod_pubsub_old') as Record<string, Record<string, unknown>>
    assert.equal(node!['access_model'], 'whitelist')
  })
})
