/**
 * XEP-0359: an id for every message, archived or not. It is the one that archives use, those of sender and recipient alike; so mod_mam's
 * settings `same_mam_id_for_peers` and `no_stanzaid_element` have no effect beside this module.
 */
import { STANZA_ID_FEATURE, StanzaId, stripStanzaIds } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { archiveId, encodeId } from '../core/message-ids.ts'
import { type Delivery, defineModule, userReceive, xep } from '../core/module.ts'

export default defineModule({
  key: 'mod_stanzaid',
  summary: "Gives every message an id; it is the message's id in the archives of both sides, too.",
  specs: [xep(359, '0.7.0')],

  start() {
    return {
      features: [STANZA_ID_FEATURE],
      accountFeatures: [STANZA_ID_FEATURE],
      // Before the archive, and before all else that may want to name the message.
      hooks: [userReceive.on(identify, 'early')],
    }
  },
})

function identify(delivery: Delivery): Element | undefined {
  const { stanza, to } = delivery
  if (stanza.name !== 'message') return undefined
  const by = to.bare.toString()
  const id = archiveId(delivery.receivedAt)
  delivery.stanzaId = id
  // S60, XEP-0359 §4 rule 3: nobody else gives ids in the recipient's name.
  return stripStanzaIds(stanza, by).append(StanzaId({ id: encodeId(id), by }))
}
