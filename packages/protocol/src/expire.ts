/** XEP-0023 1.3: Message Expiration. */
import { type Element, tag } from '@meerkat/xml'

export const Expire = tag('jabber:x:expire', 'x')

/** After how many seconds in storage the sender wants a message forgotten; undefined when never, or when no number is given. */
export function expiresAfter(message: Element): number | undefined {
  const seconds = Expire.in(message)?.attr('seconds')
  if (seconds === undefined || seconds === '') return undefined
  const value = Number(seconds)
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined
}
