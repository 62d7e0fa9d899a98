/** What subscribers want of their subscriptions (XEP-0060 §6.3, §6.4): its fields, as forms and as they are kept. */
import {
  type FormField,
  Show,
  SUBSCRIBE_OPTIONS_FORM,
  buildForm,
  parseForm,
  parseFormBoolean,
  pubsubError,
} from '@meerkat/protocol'
import { type Element, text } from '@meerkat/xml'

/** States of presence; `online` is that of a presence that names none. */
const SHOW_VALUES = ['online', 'chat', 'away', 'xa', 'dnd'] as const
type ShowValue = (typeof SHOW_VALUES)[number]

/** The options of a subscription. */
export interface SubscriptionOptions {
  /** Whether events are sent. */
  readonly deliver: boolean
  /** In which states of presence; undefined in all, and to those who are away. */
  readonly show: readonly ShowValue[] | undefined
}

/** Those of subscriptions of which nothing is said. */
export const DEFAULT_OPTIONS: SubscriptionOptions = { deliver: true, show: undefined }

const DELIVER = 'pubsub#deliver'
const SHOW = 'pubsub#show-values'

/** The form with these options. */
export function optionsForm({ deliver, show }: SubscriptionOptions, type: 'form' | 'result'): Element {
  const fields: FormField[] = [
    { var: DELIVER, type: 'boolean', label: 'Whether to send events', value: deliver },
    {
      var: SHOW,
      type: 'list-multi',
      label: 'In which states of presence to send them',
      value: show ?? SHOW_VALUES,
      options: SHOW_VALUES.map((value) => ({ value })),
    },
  ]
  return buildForm({ type, formType: SUBSCRIBE_OPTIONS_FORM }, fields)
}

/** The options that a form asks for: fields that it does not have stay as they are. Throws `invalid-options` (XEP-0060 §6.3.6.2). */
export function readOptions(form: Element | undefined, before: SubscriptionOptions): SubscriptionOptions {
  if (form === undefined) throw invalid()
  const { type, formType, values } = parseForm(form)
  if (type !== 'submit' || (formType !== undefined && formType !== SUBSCRIBE_OPTIONS_FORM)) throw invalid()
  const [deliver, show] = [values.get(DELIVER), values.get(SHOW)]
  return {
    deliver: deliver === undefined ? before.deliver : (parseFormBoolean(deliver[0]) ?? refuse()),
    show: show === undefined ? before.show : showOf(show),
  }
}

/** All states together are no restriction. */
function showOf(values: readonly string[]): readonly ShowValue[] | undefined {
  const wanted = SHOW_VALUES.filter((value) => values.includes(value))
  if (values.some((value) => !SHOW_VALUES.some((known) => known === value))) throw invalid()
  return wanted.length === SHOW_VALUES.length ? undefined : wanted
}

const invalid = (): Error => pubsubError('modify', 'bad-request', 'invalid-options')

function refuse(): never {
  throw invalid()
}

/** Whether a subscriber with this presence wants events. */
export function isWanted({ deliver, show }: SubscriptionOptions, presence: Element | undefined): boolean {
  if (!deliver || show === undefined) return deliver
  const state = presence === undefined ? undefined : text(Show.in(presence)) || 'online'
  return show.some((value) => value === state)
}

/** The options as text for the store; null for the usual ones. */
export const encodeOptions = (options: SubscriptionOptions): string | null =>
  options.deliver && options.show === undefined ? null : JSON.stringify(options)

/** Reads what `encodeOptions` wrote. */
export const decodeOptions = (stored: string | null): SubscriptionOptions =>
  stored === null ? DEFAULT_OPTIONS : { ...DEFAULT_OPTIONS, ...(JSON.parse(stored) as Partial<SubscriptionOptions>) }
