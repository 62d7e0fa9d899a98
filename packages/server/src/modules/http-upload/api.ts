/** What the API asks of mod_http_upload. */
import type { UploadUrls, WantedUpload } from '@meerkat/protocol'
import type { Host } from '../../core/module.ts'

/**
 * Gives a slot away, for so many seconds, in the name of `owner`: a bare JID, or a domain of the host type. Throws StanzaError when there is none
 * to give.
 */
export type GiveSlot = (owner: string, wanted: WantedUpload, seconds?: number) => Promise<UploadUrls>

const provided = new WeakMap<Host, GiveSlot>()

/** How to get a slot of a host type; undefined while mod_http_upload is not running there. */
export const uploadSlotsOf = (host: Host): GiveSlot | undefined => provided.get(host)

/** Lets others find it. For mod_http_upload only. */
export function provideUploadSlots(host: Host, give: GiveSlot | undefined): void {
  if (give === undefined) provided.delete(host)
  else provided.set(host, give)
}
