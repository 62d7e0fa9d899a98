import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigError, loadConfig } from '../../core/config/index.ts'
import { knownParts, smallest } from '../../core/config/testing.ts'
import { type Values } from '../../core/module.ts'
import { mamSettings, userArchiveSettings } from './settings.ts'

const parts = { ...knownParts, modules: new Map([['mod_mam', { settings: mamSettings }]]) }
const load = (text: string) => loadConfig('/meerkat.toml', `${smallest}[modules.mod_mam]\n${text}\n`, parts)
const settingsOf = (text: string) =>
  userArchiveSettings(load(text).hostTypes.get('localhost')!.modules.get('mod_mam') as Values<typeof mamSettings>)
const noticesOf = (text: string): string[] =>
  load(text).notices.map((notice) => notice.replace(/^.*:\d+: modules\.mod_mam\./, ''))

/** The paths of what is refused. */
function refused(text: string): string[] {
  try {
    load(text)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path }) => path.replace('modules.mod_mam.', ''))
    throw error
  }
  return []
}

/** Each option of MongooseIM's mod_mam that changes nothing here. */
const INEFFECTIVE = [
  'is_archivable_message = "my_module"',
  'send_message = "my_module"',
  'cache_users = false',
  'cache.module = "mod_cache_users"',
  'cache.strategy = "lru"',
  'cache.time_to_live = 2',
  'cache.number_of_segments = 5',
  'async_writer.enabled = false',
  'async_writer.flush_interval = 100',
  'async_writer.batch_size = 10',
  'async_writer.pool_size = 2',
  'delete_domain_limit = 1000',
  'db_jid_format = "mam_jid_rfc"',
  'db_message_format = "mam_message_xml"',
  'extra_fin_element = "my_module"',
  'extra_lookup_params = "my_module"',
]

describe('the settings of mod_mam', () => {
  it('archive nothing without the section pm; with it, they have the defaults of MongooseIM', () => {
    assert.equal(settingsOf('no_stanzaid_element = true'), undefined)
    assert.deepEqual(settingsOf('pm = {}'), {
      no_stanzaid_element: false,
      archive_chat_markers: false,
      message_retraction: true,
      user_prefs_store: undefined,
      default_result_limit: 50,
      max_result_limit: 50,
      enforce_simple_queries: false,
      full_text_search: true,
      archive_groupchats: false,
      same_mam_id_for_peers: false,
    })
  })

  it('hold for the section pm unless that has its own', () => {
    const settings = settingsOf(`no_stanzaid_element = true
max_result_limit = 10
full_text_search = false
user_prefs_store = "mnesia"
[modules.mod_mam.pm]
max_result_limit = 20
full_text_search = true
archive_groupchats = true`)
    assert.equal(settings?.no_stanzaid_element, true)
    assert.equal(settings?.max_result_limit, 20)
    assert.equal(settings?.full_text_search, true)
    assert.equal(settings?.user_prefs_store, 'mnesia')
    assert.equal(settings?.archive_groupchats, true)
  })

  for (const option of INEFFECTIVE)
    it(`${option}: is accepted, with a notice, beside pm and in it`, () => {
      const [name = ''] = option.split(' ')
      const notice = new RegExp(`^${name.split('.')[0]}\\b.*: has no effect here$`)
      const [written, ...others] = noticesOf(`pm = {}\n${option}`)
      assert.match(written ?? '', notice)
      assert.deepEqual(others, [])
      if (!name.startsWith('cache.'))
        assert.match(noticesOf(`[modules.mod_mam.pm]\n${option}`)[0] ?? '', /^pm\..*: has no effect here$/)
    })

  it('are refused when they are wrong', () => {
    assert.deepEqual(refused('max_result_limit = -1'), ['max_result_limit'])
    assert.deepEqual(refused('user_prefs_store = "redis"'), ['user_prefs_store'])
    assert.deepEqual(refused('[modules.mod_mam.pm]\nfull_text_search = 1'), ['pm.full_text_search'])
    assert.deepEqual(refused('[modules.mod_mam.pm]\ncache.module = "internal"'), ['pm.cache'])
  })
})
