/** XEP-0054 1.3.0: vcard-temp. */
import { type Element, type Tag, tag, text } from '@meerkat/xml'

export const VCARD_NS = 'vcard-temp'
export const VCard = tag(VCARD_NS, 'vCard')

/** The tag of a property of a vCard, such as `FN`. */
export const vcardTag = (name: string): Tag => tag(VCARD_NS, name)

/** The text at the end of a path of properties, the first of each name: `vcardText(card, 'N', 'FAMILY')`; '' when there is none. */
export function vcardText(vcard: Element, ...path: readonly string[]): string {
  let element: Element | undefined = vcard
  for (const name of path) element = element && vcardTag(name).in(element)
  return text(element).trim()
}
