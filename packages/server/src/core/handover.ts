import type { Delivery } from './delivery.ts'
import type { SessionEntry } from './directory.ts'
import { notify } from './hooks.ts'

/** Fired when a message has been handed to resources of its recipient, once it is stored; not when it had none to go to. */
export const messageHandedOver = notify<[delivery: Delivery, resources: readonly SessionEntry[]]>('message handed over')
