/** What mod_pubsub asks others. */
import type { Element } from '@meerkat/xml'
import type { Jid } from '@meerkat/protocol'
import { first } from '../../core/module.ts'

/** A notification for a mobile device, which was published to a node of the kind `push` (XEP-0357 §7). */
export interface PushNotification {
  readonly service: Jid
  readonly node: string
  readonly publisher: Jid
  /** The summary and what else there is to tell. */
  readonly payload: Element
  /** The values of publish-options: what the device gave when it enabled push. */
  readonly options: ReadonlyMap<string, readonly string[]>
}

/** Asked to pass on a notification; true when a listener has taken it, and a StanzaError is for its publisher. */
export const pushNotification = first<[notification: PushNotification], boolean>('push notifications')
