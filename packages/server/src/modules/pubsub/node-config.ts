/** The configuration of a node (XEP-0060 §8.2, §16.4.4): its fields, as forms and as they are kept. */
import {
  type FormField,
  NODE_CONFIG_FORM,
  NODE_META_DATA_FORM,
  type PubsubAccessModel,
  StanzaError,
  buildForm,
  parseFormBoolean,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'

/** What a node is told to be; the names are those of the fields, without `pubsub#`. */
export interface NodeConfig {
  readonly title: string
  readonly description: string
  /** The namespace of what it holds. */
  readonly type: string
  readonly access_model: PubsubAccessModel
  readonly roster_groups_allowed: readonly string[]
  readonly publish_model: 'publishers' | 'subscribers' | 'open'
  readonly persist_items: boolean
  /** `max`: as many as the service allows. */
  readonly max_items: number | 'max'
  readonly max_payload_size: number
  readonly deliver_notifications: boolean
  readonly deliver_payloads: boolean
  readonly notify_config: boolean
  readonly notify_delete: boolean
  readonly notify_retract: boolean
  readonly notification_type: 'normal' | 'headline'
  readonly presence_based_delivery: boolean
  readonly send_last_published_item: 'never' | 'on_sub' | 'on_sub_and_presence'
  readonly subscribe: boolean
}

/** What XEP-0163 §5 wants of a personal node. */
export const PERSONAL: NodeConfig = {
  title: '',
  description: '',
  type: '',
  access_model: 'presence',
  roster_groups_allowed: [],
  publish_model: 'publishers',
  persist_items: true,
  max_items: 'max',
  max_payload_size: Infinity,
  deliver_notifications: true,
  deliver_payloads: true,
  notify_config: false,
  notify_delete: true,
  notify_retract: true,
  notification_type: 'headline',
  presence_based_delivery: false,
  send_last_published_item: 'on_sub_and_presence',
  subscribe: true,
}

/** The most that a configuration may ask for. */
export interface ConfigLimits {
  readonly maxItems: number
  readonly maxItemSize: number
}

interface Field {
  readonly type: NonNullable<FormField['type']>
  readonly label: string
  readonly choices?: readonly string[]
}

const flag = (label: string): Field => ({ type: 'boolean', label })
const line = (label: string): Field => ({ type: 'text-single', label })
const choice = (label: string, ...choices: readonly string[]): Field => ({ type: 'list-single', label, choices })

/** How much text a field may hold, and how many values. */
const MAX_TEXT = 1024
const MAX_GROUPS = 100

const FIELDS: Readonly<Record<keyof NodeConfig, Field>> = {
  title: line('A short name for the node'),
  description: line('A description of the node'),
  type: line('The type of node data, usually its namespace'),
  access_model: choice('Who may subscribe and retrieve items', 'open', 'presence', 'roster', 'authorize', 'whitelist'),
  roster_groups_allowed: { type: 'text-multi', label: 'Roster groups that may subscribe and retrieve items' },
  publish_model: choice('Who may publish', 'publishers', 'subscribers', 'open'),
  persist_items: flag('Whether to keep items'),
  max_items: line('How many items to keep; max for as many as allowed'),
  max_payload_size: line('The largest payload in bytes'),
  deliver_notifications: flag('Whether to notify of events'),
  deliver_payloads: flag('Whether notifications carry payloads'),
  notify_config: flag('Whether to notify when the configuration changes'),
  notify_delete: flag('Whether to notify when the node is deleted'),
  notify_retract: flag('Whether to notify when items are removed'),
  notification_type: choice('The type of notifications', 'normal', 'headline'),
  presence_based_delivery: flag('Whether to notify available users only'),
  send_last_published_item: choice('When to send the last item', 'never', 'on_sub', 'on_sub_and_presence'),
  subscribe: flag('Whether to allow subscriptions'),
}

const NAMES = Object.keys(FIELDS) as (keyof NodeConfig)[]
const PREFIX = 'pubsub#'

/** The values that a form holds for fields that are known here; throws `not-acceptable` for one that cannot be. */
export function readConfig(values: ReadonlyMap<string, readonly string[]>, limits: ConfigLimits): Partial<NodeConfig> {
  const read: Record<string, unknown> = {}
  for (const name of NAMES) {
    const value = values.get(PREFIX + name)
    if (value !== undefined) read[name] = readField(name, value, limits)
  }
  return read
}

/** The first field of publish-options that a node does not meet, unknown ones included (XEP-0060 §7.1.5); undefined when it meets all. */
export function unmet(
  config: NodeConfig,
  values: ReadonlyMap<string, readonly string[]>,
  limits: ConfigLimits,
): string | undefined {
  for (const [name, wanted] of values) {
    const field = name.slice(PREFIX.length) as keyof NodeConfig
    if (!name.startsWith(PREFIX) || !Object.hasOwn(FIELDS, field)) return name
    const present = effective(field, config[field], limits)
    if (String(effective(field, readField(field, wanted, limits), limits)) !== String(present)) return name
  }
  return undefined
}

/** As many as allowed is a number in the end. */
function effective(name: keyof NodeConfig, value: unknown, { maxItems, maxItemSize }: ConfigLimits): unknown {
  if (name === 'max_items') return value === 'max' ? maxItems : Math.min(Number(value), maxItems)
  return name === 'max_payload_size' ? Math.min(Number(value), maxItemSize) : value
}

function readField(name: keyof NodeConfig, values: readonly string[], limits: ConfigLimits): unknown {
  const { type, choices } = FIELDS[name]
  const [value = ''] = values
  if (name === 'max_items') return value === 'max' ? value : readNumber(name, value, limits.maxItems)
  if (name === 'max_payload_size') return readNumber(name, value, limits.maxItemSize)
  if (type === 'text-multi') {
    if (values.length > MAX_GROUPS || values.some((each) => each.length > MAX_TEXT)) throw wrong(name)
    return values
  }
  if (type === 'boolean') return parseFormBoolean(value) ?? refuse(name)
  if (value.length > MAX_TEXT || choices?.includes(value) === false) throw wrong(name)
  return value
}

function readNumber(name: string, value: string, most: number): number {
  const number = Number(value)
  if (value === '' || !Number.isSafeInteger(number) || number < 0 || number > most) throw wrong(name)
  return number
}

function refuse(name: string): never {
  throw wrong(name)
}

const wrong = (name: string): StanzaError =>
  new StanzaError('modify', 'not-acceptable', `The value of ${PREFIX}${name} is not one that it may have.`)

/** XEP-0060 §8.2.1: the form with the present values. */
export function configForm(config: NodeConfig, limits: ConfigLimits, type: 'form' | 'result' = 'form'): Element {
  const fields = NAMES.map((name): FormField => {
    const { type: kind, label, choices = [] } = FIELDS[name]
    const options = choices.map((value) => ({ value }))
    return { var: PREFIX + name, type: kind, label, value: written(name, config[name], limits), options }
  })
  return buildForm({ type, formType: NODE_CONFIG_FORM }, fields)
}

function written(
  name: keyof NodeConfig,
  value: NodeConfig[keyof NodeConfig],
  limits: ConfigLimits,
): string | boolean | readonly string[] {
  if (typeof value === 'boolean' || Array.isArray(value)) return value as boolean | readonly string[]
  return String(name === 'max_payload_size' ? effective(name, value, limits) : value)
}

/** XEP-0060 §5.4: what everybody may know of a node who may know of it at all. */
export function metaDataForm(config: NodeConfig, owners: readonly string[], createdAt: string): Element {
  const of = (name: 'title' | 'description' | 'type' | 'access_model' | 'publish_model'): FormField => ({
    var: PREFIX + name,
    type: FIELDS[name].type,
    value: config[name],
  })
  return buildForm({ type: 'result', formType: NODE_META_DATA_FORM }, [
    ...(['title', 'description', 'type', 'access_model', 'publish_model'] as const).map(of),
    { var: 'pubsub#owner', type: 'jid-multi', value: owners },
    { var: 'pubsub#creation_date', type: 'text-single', value: createdAt },
    { var: 'pubsub#max_items', type: 'text-single', value: String(config.max_items) },
  ])
}

/** How many items a node keeps. */
export function keptItems(
  { persist_items: persistent, max_items: most }: NodeConfig,
  { maxItems }: ConfigLimits,
): number {
  if (!persistent) return 0
  return most === 'max' ? maxItems : Math.min(most, maxItems)
}

/** The configuration as text for the store. */
export const encodeConfig = (config: NodeConfig): string =>
  JSON.stringify({
    ...config,
    max_payload_size: Number.isFinite(config.max_payload_size) ? config.max_payload_size : null,
  })

/** Reads what `encodeConfig` wrote, also an older release's. */
export function decodeConfig(stored: string): NodeConfig {
  const read = JSON.parse(stored) as Partial<NodeConfig>
  return { ...PERSONAL, ...read, max_payload_size: read.max_payload_size ?? Infinity }
}
