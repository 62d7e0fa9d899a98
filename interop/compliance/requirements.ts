/** What the XMPP Compliance Suites 2023 (XEP-0479) ask of servers, and whether this one does it; compliance.test.ts tries each line. */

/** A suite; each but Core asks for Core as well. */
export type Suite = 'Core' | 'Web' | 'IM' | 'Mobile' | 'A/V'

/** The levels of a suite, by who is called what when all lines of the level are met. */
export type Level = 'server' | 'advanced'

/** A line of a suite. */
export interface Requirement {
  readonly suite: Suite
  readonly feature: string
  readonly specs: readonly string[]
  /** The levels that ask for it; none: it is for clients to do, and must pass. */
  readonly levels: readonly Level[]
  /** Why it is not there yet; undefined: it is there. */
  readonly notYet?: string
  /** What has to be switched on for it, besides a listener for clients. */
  readonly needs: readonly string[]
}

const both: readonly Level[] = ['server', 'advanced']
const advanced: readonly Level[] = ['advanced']
const met = (
  suite: Suite,
  feature: string,
  specs: readonly string[],
  levels: readonly Level[],
  ...needs: readonly string[]
): Requirement => ({ suite, feature, specs, levels, needs })
const missing = (
  suite: Suite,
  feature: string,
  specs: readonly string[],
  levels: readonly Level[],
  notYet: string,
): Requirement => ({ suite, feature, specs, levels, notYet, needs: [] })

/** All suites, line by line. */
export const requirements: readonly Requirement[] = [
  met('Core', 'Core features', ['RFC 6120'], both),
  met('Core', 'TLS', ['RFC 7590'], both),
  met('Core', 'Direct TLS', ['XEP-0368'], advanced, 'tls.mode = "tls"'),
  met('Core', 'Feature discovery', ['XEP-0030'], both, 'mod_disco'),
  met('Core', 'Feature broadcasts', ['XEP-0115'], advanced, 'mod_caps'),
  met('Core', 'Server extensibility', ['XEP-0114'], both, '[[listen.component]]'),
  met('Core', 'Event publishing', ['XEP-0163'], advanced, 'mod_pubsub'),

  met(
    'Web',
    'Web connection mechanisms',
    ['RFC 7395', 'XEP-0206', 'XEP-0124'],
    both,
    'mongoose_websocket_handler',
    'mongoose_bosh_handler',
  ),
  met('Web', 'Connection mechanism discovery', ['XEP-0156'], [], 'mongoose_websocket_handler'),

  met('IM', 'Core features', ['RFC 6121'], both, 'mod_presence', 'mod_roster'),
  met('IM', 'The vcard-temp specification', ['XEP-0054'], both, 'mod_vcard'),
  met('IM', 'Outbound message synchronization', ['XEP-0280'], both, 'mod_carboncopy'),
  missing('IM', 'Group chat', ['XEP-0045', 'XEP-0249'], both, 'rooms are not there'),
  met('IM', 'File upload', ['XEP-0363'], both, 'mod_http_upload', 'meerkat_upload_handler'),
  missing('IM', 'User avatar compatibility', ['XEP-0398', 'XEP-0153'], advanced, 'avatars are not converted'),
  met('IM', 'User blocking', ['XEP-0191'], advanced, 'mod_blocking'),
  missing(
    'IM',
    'Advanced group chat',
    ['XEP-0048', 'XEP-0313', 'XEP-0402', 'XEP-0410'],
    advanced,
    'rooms are not there, and bookmarks are not converted',
  ),
  met('IM', 'Persistent storage of private data via publish-subscribe', ['XEP-0223'], advanced, 'mod_pubsub'),
  met('IM', 'Private XML storage', ['XEP-0049'], advanced, 'mod_private'),
  met('IM', 'Stream management', ['XEP-0198'], advanced, 'mod_stream_management'),
  met('IM', 'Message archive management', ['XEP-0313'], advanced, 'mod_mam.pm'),
  met(
    'IM',
    'What clients say to clients',
    ['XEP-0245', 'XEP-0184', 'XEP-0085', 'XEP-0308', 'XEP-0234', 'XEP-0261'],
    [],
  ),

  met('Mobile', 'Stream management', ['XEP-0198'], both, 'mod_stream_management'),
  met('Mobile', 'Client state indication', ['XEP-0352'], both, 'mod_csi'),
  missing('Mobile', 'Third-party push notifications', ['XEP-0357'], advanced, 'push is not there'),

  met('A/V', 'STUN/TURN server discovery', ['XEP-0215'], both, 'mod_extdisco'),
]

/** The suites in their order. */
export const suites: readonly Suite[] = ['Core', 'Web', 'IM', 'Mobile', 'A/V']

/** A line's name for tests. */
export const nameOf = ({ suite, feature, specs }: Requirement): string => `${suite}: ${feature} (${specs.join(', ')})`

/** Whether all lines of a level of a suite are met, those of Core included. */
export function isMet(suite: Suite, level: Level, isThere: (requirement: Requirement) => boolean): boolean {
  return requirements
    .filter((line) => (line.suite === suite || line.suite === 'Core') && line.levels.includes(level))
    .every(isThere)
}
