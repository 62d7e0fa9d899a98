/** XEP-0313: message archives of users. */
import {
  FULL_TEXT_FEATURE,
  MAM_EXTENDED,
  MAM_NS,
  MAM_V1_NS,
  RETRACT_BY_STANZA_ID_NS,
  RETRACT_NS,
  RETRACT_TOMBSTONE_FEATURE,
  RETRACT_V1_TOMBSTONE_FEATURE,
  STANZA_ID_FEATURE,
} from '@meerkat/protocol'
import {
  accountRemoved,
  defineModule,
  personalData,
  userReceive,
  userSend,
  wordOfNode,
  wouldBeStored,
  xep,
} from '../../core/module.ts'
import { isArchivable } from './archivable.ts'
import { archiveReceived, archiveSent } from './archiving.ts'
import { ArchiveFigures } from './figures.ts'
import { tablesOf } from './personal.ts'
import { ARCHIVES } from './keeps.ts'
import { Preferences } from './prefs.ts'
import { archiveRoutes } from './queries.ts'
import { type UserArchiveSettings, mamSettings, userArchiveSettings } from './settings.ts'
import { ArchiveStore } from './store.ts'
import { Throttle } from './throttle.ts'

/** Tells other nodes that an archive is gone. */
const FORGOTTEN = 'mod_mam forgotten'

export default defineModule({
  key: 'mod_mam',
  summary: 'Archives messages, and lets users read their archives.',
  specs: [
    xep(313, '1.1.3', { status: 'partial', note: "archives of users; those of rooms aren't built" }),
    xep(424, '0.4.2', { note: 'tombstones; 0.3.0, too' }),
    xep(431, '0.2.0', { file: 'mam/searching.ts' }),
    xep(441, '0.2.0'),
    xep(59, '1.0'),
    xep(359, '0.7.0'),
  ],
  config: mamSettings,
  keeps: ARCHIVES,

  start(host, config) {
    const settings = userArchiveSettings(config)
    if (settings === undefined) return {}
    const store = new ArchiveStore(host.storage, (owner) => void host.nodes.tell(FORGOTTEN, owner))
    const prefs = settings.user_prefs_store === undefined ? undefined : new Preferences(host)
    const figures = new ArchiveFigures(host.metrics, () => host.clock.monotonic())
    const archiving = { host, store, prefs, settings, figures }
    const stored = new Preferences(host)
    return {
      features: featuresOf(settings),
      accountFeatures: featuresOf(settings),
      iq: archiveRoutes({ host, store, prefs, limits: settings, throttle: new Throttle(host), figures }),
      hooks: [
        userSend.on((delivery) => archiveSent(archiving, delivery)),
        userReceive.on((delivery) => archiveReceived(archiving, delivery)),
        wouldBeStored.on((message) => isArchivable(message, 'I', settings) || undefined),
        wordOfNode.on((word) => {
          if (word.topic === FORGOTTEN) store.forgetNumber(word.data)
          return prefs?.heard(word)
        }),
        personalData.on((data, user) => [...data, ...tablesOf(host, stored, user)]),
        // Preferences of an earlier configuration go, too.
        accountRemoved.on(async (writes, user) => {
          figures.removed.value++
          return [...writes, ...(await store.removal(user)), (prefs ?? stored).forget(user)]
        }),
      ],
    }
  },
})

/** Reference §7.2, and the present form of retraction. */
const RETRACTION = [RETRACT_NS, RETRACT_TOMBSTONE_FEATURE, RETRACT_BY_STANZA_ID_NS, RETRACT_V1_TOMBSTONE_FEATURE]

function featuresOf(settings: UserArchiveSettings): string[] {
  const features = [MAM_NS, MAM_V1_NS, MAM_EXTENDED, `${MAM_NS}#groupchat-field`]
  if (!settings.no_stanzaid_element) features.push(STANZA_ID_FEATURE)
  if (settings.full_text_search) features.push(FULL_TEXT_FEATURE)
  if (settings.archive_groupchats) features.push(`${MAM_NS}#groupchat-available`)
  if (settings.message_retraction) features.push(...RETRACTION)
  return features
}
