/** XEP-0313: message archives of users. */
import {
  MAM_EXTENDED,
  MAM_NS,
  MAM_V1_NS,
  RETRACT_BY_STANZA_ID_NS,
  RETRACT_NS,
  RETRACT_TOMBSTONE_FEATURE,
  STANZA_ID_FEATURE,
} from '@meerkat/protocol'
import { accountRemoved, defineModule, userReceive, userSend, xep } from '../../core/module.ts'
import { archiveReceived, archiveSent } from './archiving.ts'
import { Preferences } from './prefs.ts'
import { archiveRoutes } from './queries.ts'
import { type UserArchiveSettings, mamSettings, userArchiveSettings } from './settings.ts'
import { ArchiveStore } from './store.ts'

export default defineModule({
  key: 'mod_mam',
  summary: 'Archives messages, and lets users read their archives.',
  specs: [
    xep(313, '1.1.3', { status: 'partial', note: "archives of users; those of rooms aren't built" }),
    xep(424, '0.3.0', { note: 'tombstones' }),
    xep(441, '0.2.0'),
    xep(59, '1.0'),
    xep(359, '0.7.0'),
  ],
  config: mamSettings,

  start(host, config) {
    const settings = userArchiveSettings(config)
    if (settings === undefined) return {}
    const store = new ArchiveStore(host.storage)
    const prefs = settings.user_prefs_store === undefined ? undefined : new Preferences(host)
    const archiving = { host, store, prefs, settings }
    const stored = new Preferences(host)
    return {
      features: featuresOf(settings),
      accountFeatures: featuresOf(settings),
      iq: archiveRoutes({ host, store, prefs, limits: settings }),
      hooks: [
        userSend.on((delivery) => archiveSent(archiving, delivery)),
        userReceive.on((delivery) => archiveReceived(archiving, delivery)),
        // Preferences of an earlier configuration go, too.
        accountRemoved.on((writes, user) => [...writes, ...store.forget(user), (prefs ?? stored).forget(user)]),
      ],
    }
  },
})

/** Reference §7.2. */
function featuresOf(settings: UserArchiveSettings): string[] {
  const features = [MAM_NS, MAM_V1_NS, MAM_EXTENDED, `${MAM_NS}#groupchat-field`]
  if (!settings.no_stanzaid_element) features.push(STANZA_ID_FEATURE)
  if (settings.archive_groupchats) features.push(`${MAM_NS}#groupchat-available`)
  if (settings.message_retraction) features.push(RETRACT_NS, RETRACT_TOMBSTONE_FEATURE, RETRACT_BY_STANZA_ID_NS)
  return features
}
