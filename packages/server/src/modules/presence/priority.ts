import { Priority } from '@meerkat/protocol'
import { type Element, text } from '@meerkat/xml'

/** The priority of a presence, 0 when it has none (RFC 6121 §4.7.2.3); undefined when it is no whole number from -128 to 127. */
export function readPriority(presence: Element): number | undefined {
  const element = Priority.in(presence)
  if (element === undefined) return 0
  const words = text(element).trim()
  const value = Number(words)
  return words !== '' && Number.isInteger(value) && value >= -128 && value <= 127 ? value : undefined
}
