/** Which messages are worth keeping for a user who is away (XEP-0160 §3, XEP-0085 §5.5, XEP-0334 §4.2). */
import { NoStoreHint, isOnlyChatState, messageType } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'

/** Whether a message is kept; `groupchats` says what becomes of those from rooms. */
export function isKept(message: Element, groupchats: boolean): boolean {
  switch (messageType(message)) {
    case 'error':
    case 'headline':
      return false
    case 'groupchat':
      if (!groupchats) return false
      break
    case 'chat':
    case 'normal':
  }
  // XEP-0334 §4.1: no-permanent-store forbids archives only; keeping a message until it can be delivered is not archiving.
  return NoStoreHint.in(message) === undefined && !isOnlyChatState(message)
}
