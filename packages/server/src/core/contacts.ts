/** Questions about contacts that several features ask and a roster can answer. */
import type { Jid } from '@meerkat/protocol'
import { first } from './hooks.ts'

/** Asks whether `contact` (a bare JID) may see the presence of `user`; without a roster nobody answers, and nobody may. */
export const maySeePresence = first<[user: Jid, contact: Jid], boolean>('may see presence')
