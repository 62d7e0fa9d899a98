/** XEP-0030 2.5.0: Service Discovery. */
import { type Element, tag } from '@meerkat/xml'
import { DataForm } from './data-form.ts'

const INFO = 'http://jabber.org/protocol/disco#info'
const ITEMS = 'http://jabber.org/protocol/disco#items'

export const DiscoInfo = tag(INFO, 'query')
export const DiscoIdentity = tag(INFO, 'identity')
export const DiscoFeature = tag(INFO, 'feature')
export const DiscoItems = tag(ITEMS, 'query')
export const DiscoItem = tag(ITEMS, 'item')

/** What kind of thing an entity is. */
export interface Identity {
  readonly category: string
  readonly type: string
  readonly name?: string | undefined
  /** Language of the name. */
  readonly lang?: string | undefined
}

/** What an entity or a node of it is and can do. */
export interface EntityInfo {
  readonly node?: string | undefined
  readonly identities: readonly Identity[]
  readonly features: readonly string[]
  /** Extended information (XEP-0128). */
  readonly forms?: readonly Element[]
}

/** Something that belongs to an entity. */
export interface EntityItem {
  readonly jid: string
  readonly node?: string | undefined
  readonly name?: string | undefined
}

/** Builds a disco#info answer; a feature that is named twice is written once (XEP-0030 §3.1). */
export function buildDiscoInfo({ node, identities, features, forms = [] }: EntityInfo): Element {
  return DiscoInfo(
    { node },
    ...identities.map(({ category, type, name, lang }) => DiscoIdentity({ category, type, name, 'xml:lang': lang })),
    ...Array.from(new Set(features), (feature) => DiscoFeature({ var: feature })),
    ...forms,
  )
}

/** Reads a disco#info answer; identities and features without their required attributes are left out. */
export function parseDiscoInfo(query: Element): Required<EntityInfo> {
  const identities = DiscoIdentity.all(query).flatMap((element): Identity[] => {
    const [category, type] = [element.attr('category'), element.attr('type')]
    if (!category || !type) return []
    return [{ category, type, name: element.attr('name'), lang: element.attr('xml:lang') }]
  })
  const features = DiscoFeature.all(query).flatMap((element) => element.attr('var') || [])
  return { node: query.attr('node'), identities, features, forms: DataForm.all(query) }
}

/** Builds a disco#items answer, with the description of the page when it is one (XEP-0059). */
export function buildDiscoItems(items: readonly EntityItem[], node?: string, page?: Element): Element {
  return DiscoItems({ node }, ...items.map(({ jid, node: at, name }) => DiscoItem({ jid, node: at, name })), page)
}

/** Reads a disco#items answer; items without address are left out. */
export function parseDiscoItems(query: Element): EntityItem[] {
  return DiscoItem.all(query).flatMap((element): EntityItem[] => {
    const jid = element.attr('jid')
    return jid ? [{ jid, node: element.attr('node'), name: element.attr('name') }] : []
  })
}
