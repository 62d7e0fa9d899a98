/** Messages as the text that archives keep. */
import { type Element, serialize } from '@meerkat/xml'

/** What was printed last. */
let last: { readonly message: Element; readonly text: string } | undefined

/**
 * The text of a message. The recipient's archive follows the sender's, and what it keeps is the same message, or that with a stanza-id behind the
 * rest: only what has come to it is printed.
 */
export function textOf(message: Element): string {
  const text = (last === undefined ? undefined : extended(last.message, last.text, message)) ?? serialize(message)
  last = { message, text }
  return text
}

/** The text of a message that has all of `before` and elements behind it; undefined when it is no such message. */
function extended(before: Element, text: string, message: Element): string | undefined {
  const [old, now] = [before.children, message.children]
  if (message.attrs !== before.attrs || message.name !== before.name || message.ns !== before.ns) return undefined
  if (old.length === 0 || old.length > now.length) return undefined
  for (let i = 0; i < old.length; i++) if (old[i] !== now[i]) return undefined
  if (old.length === now.length) return text
  let more = ''
  for (let i = old.length; i < now.length; i++) {
    const child = now[i]!
    if (typeof child === 'string') return undefined
    more += serialize(child, message.ns)
  }
  const end = `</${message.name}>`
  return text.slice(0, -end.length) + more + end
}
