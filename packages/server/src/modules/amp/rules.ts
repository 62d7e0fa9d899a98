/** What the rules of a message lead to (XEP-0079 §2.2), decided as MongooseIM does it. */
import type { AmpFault, AmpRule, AmpRules, Jid, WrittenRule } from '@meerkat/protocol'
import type { SessionEntry } from '../../core/module.ts'

/** What is known of a recipient when a message is sent. */
export interface Outlook {
  readonly to: Jid
  readonly resources: readonly SessionEntry[]
  /** Whether the message would be stored while the recipient is away. */
  readonly stored: boolean
}

/** Rules that are refused, and why. */
export interface Refusal {
  readonly fault: AmpFault
  readonly rules: readonly WrittenRule[]
}

/** Why rules are refused; undefined when they are not. All that nobody knows are named, of those that are not followed here the first. */
export function refusalOf({ rules, invalid }: AmpRules): Refusal | undefined {
  if (invalid.length > 0) return { fault: 'invalid-rules', rules: invalid }
  const alien = rules.find(({ action, condition }) => action === 'alert' || condition === 'expire-at')
  if (alien === undefined) return undefined
  return { fault: alien.action === 'alert' ? 'unsupported-actions' : 'unsupported-conditions', rules: [alien] }
}

/** The first rule that is met at once; the others are those that wait for what becomes of the message. */
export interface Decision {
  readonly met: AmpRule | undefined
  readonly waiting: readonly AmpRule[]
}

/** Decides rules when the message is sent: those about resources, and those that keep it from being delivered or stored. */
export function decide(rules: readonly AmpRule[], outlook: Outlook): Decision {
  const met = rules.find((rule) => isMet(rule, outlook))
  return { met, waiting: rules.filter((rule) => rule.condition === 'deliver' && !prevents(rule)) }
}

/** What becomes of a message, as rules say it. */
export type Fate = 'direct' | 'stored' | 'none'

function isMet(rule: AmpRule, { to, resources, stored }: Outlook): boolean {
  const { condition, value } = rule
  if (condition === 'match-resource') return matches(value, to, resources)
  if (condition !== 'deliver' || !prevents(rule)) return false
  return resources.length > 0 ? value === 'direct' : value === 'stored' && stored
}

/** Whether a rule can only be followed before the message is on its way. */
const prevents = ({ action, value }: AmpRule): boolean => action !== 'notify' && value !== 'none'

/** XEP-0079 §3.3.3: without a connected resource nothing matches. */
function matches(value: string, to: Jid, resources: readonly SessionEntry[]): boolean {
  if (resources.length === 0) return false
  const exact = resources.some(({ jid }) => jid.resource === to.resource)
  return value === 'any' || value === (exact ? 'exact' : 'other')
}
