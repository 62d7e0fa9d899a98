/** The settings of mod_mam, with MongooseIM's names; the section `pm` can override those beside it. */
import {
  type Setting,
  type Settings,
  type Values,
  backend,
  flag,
  integer,
  integerOrInfinity,
  minutes,
  milliseconds,
  noEffect,
  oneOf,
  optionalSection,
  text,
} from '../../core/module.ts'

/** What the archive of users follows. */
const effective = {
  no_stanzaid_element: flag(false, 'Leave out the element that tells recipients the id of the message.'),
  archive_chat_markers: flag(false, 'Archive chat markers (XEP-0333) that come without a body.'),
  message_retraction: flag(true, 'Put a tombstone in the place of a message that its sender retracts (XEP-0424).'),
  user_prefs_store: oneOf(
    ['rdbms', 'cassandra', 'mnesia'],
    undefined,
    'Let users choose what is archived (XEP-0441); whatever is named, the choice is kept in the main store.',
  ),
  default_result_limit: integer(50, 'How many messages a page has when the client does not say.'),
  max_result_limit: integer(50, 'How many messages a page may have.'),
  enforce_simple_queries: flag(false, 'Never count what a query finds.'),
  full_text_search: flag(
    true,
    'Let users search the text of messages; off, the text is not kept a second time for that.',
  ),
}

const asyncWriter = {
  enabled: flag(true, 'Messages are always stored before they are delivered.'),
  flush_interval: milliseconds(2000),
  batch_size: integer(30, '', { min: 1 }),
  pool_size: integer(undefined, '', { min: 1 }),
}

/** What has no meaning here, and may be written. */
const ineffective = {
  is_archivable_message: noEffect(text('mod_mam_utils')),
  send_message: noEffect(text('mod_mam_utils')),
  cache_users: noEffect(flag(true)),
  async_writer: noEffect(optionalSection(asyncWriter)),
  delete_domain_limit: noEffect(integerOrInfinity(Infinity, '', { min: 1 })),
  db_jid_format: noEffect(text('mam_jid_mini')),
  db_message_format: noEffect(text('mam_message_compressed_eterm')),
  extra_fin_element: noEffect(text()),
  extra_lookup_params: noEffect(text()),
}

/** The same settings without defaults: what is not written is taken from the section above. */
function overriding<S extends Settings>(settings: S): { [K in keyof S]: Setting<Values<S>[K] | undefined> } {
  const entries = Object.entries(settings).map(([name, setting]) => [name, { ...setting, fallback: undefined }])
  return Object.fromEntries(entries) as { [K in keyof S]: Setting<Values<S>[K] | undefined> }
}

const cache = {
  module: oneOf(['internal', 'mod_cache_users'], 'internal'),
  strategy: oneOf(['fifo', 'lru'], 'fifo'),
  time_to_live: minutes(480, '', { infinity: true }),
  number_of_segments: integer(3, '', { min: 1 }),
}

const pm = {
  archive_groupchats: flag(false, "Archive what rooms send to users in the users' archives, too."),
  same_mam_id_for_peers: flag(false, 'Give a message the same id in the archives of sender and recipient.'),
  backend: overriding({ backend: backend(['rdbms']) }).backend,
  ...overriding(effective),
  ...overriding(ineffective),
}

/** The section `[modules.mod_mam]`. The archive of rooms, `muc`, is not built. */
export const mamSettings = {
  backend: backend(['rdbms'], 'rdbms'),
  ...effective,
  ...ineffective,
  cache: noEffect(optionalSection(cache)),
  pm: optionalSection(pm, 'Archives the messages of users; without this section nothing is archived.'),
}

type Effective = Values<typeof effective>

/** What the archive of users follows, with everything decided. */
export interface UserArchiveSettings extends Effective {
  readonly archive_groupchats: boolean
  readonly same_mam_id_for_peers: boolean
}

/** The settings of users' archives: `pm` over the section above it; undefined when there is no such section. */
export function userArchiveSettings(config: Values<typeof mamSettings>): UserArchiveSettings | undefined {
  const own = config.pm
  if (own === undefined) return undefined
  return {
    no_stanzaid_element: own.no_stanzaid_element ?? config.no_stanzaid_element,
    archive_chat_markers: own.archive_chat_markers ?? config.archive_chat_markers,
    message_retraction: own.message_retraction ?? config.message_retraction,
    user_prefs_store: own.user_prefs_store ?? config.user_prefs_store,
    default_result_limit: own.default_result_limit ?? config.default_result_limit,
    max_result_limit: own.max_result_limit ?? config.max_result_limit,
    enforce_simple_queries: own.enforce_simple_queries ?? config.enforce_simple_queries,
    full_text_search: own.full_text_search ?? config.full_text_search,
    archive_groupchats: own.archive_groupchats,
    same_mam_id_for_peers: own.same_mam_id_for_peers,
  }
}
