/** XEP-0079 1.2: Advanced Message Processing. */
import { Element, tag } from '@meerkat/xml'
import { ErrorTag, StanzaError } from './errors.ts'
import { Message } from './stanza.ts'

export const AMP_NS = 'http://jabber.org/protocol/amp'
const ERRORS_NS = `${AMP_NS}#errors`

export const Amp = tag(AMP_NS, 'amp')
const RuleTag = tag(AMP_NS, 'rule')
/** XEP-0079 §8: says in the stream features that rules are heeded. */
export const AmpFeature = tag('http://jabber.org/features/amp', 'amp')

/** XEP-0079 §3.3: the values of each condition; those of `expire-at` are times. */
const VALUES = {
  deliver: ['direct', 'forward', 'gateway', 'none', 'stored'],
  'match-resource': ['any', 'exact', 'other'],
  'expire-at': undefined,
} as const

/** XEP-0079 §3.3: what a rule is about. */
export type AmpCondition = keyof typeof VALUES

const ACTIONS = ['alert', 'drop', 'error', 'notify'] as const

/** XEP-0079 §3.4: what is to be done. */
export type AmpAction = (typeof ACTIONS)[number]

/** A rule as its sender has written it. */
export interface WrittenRule {
  readonly condition: string
  readonly value: string
  readonly action: string
}

/** A rule of XEP-0079. */
export interface AmpRule extends WrittenRule {
  readonly condition: AmpCondition
  readonly action: AmpAction
}

/** The rules of a message. */
export interface AmpRules {
  readonly rules: readonly AmpRule[]
  /** Those that XEP-0079 does not know. */
  readonly invalid: readonly WrittenRule[]
}

/** Reads the rules of a message; undefined when it has none. What tells of a rule that was met, or is an error, has none. */
export function parseAmp(message: Element): AmpRules | undefined {
  const amp = Amp.in(message)
  if (amp === undefined || amp.attr('status') !== undefined || ErrorTag.in(message) !== undefined) return undefined
  const written = writtenRules(amp)
  const rules = written.filter(isRule)
  return written.length === 0 ? undefined : { rules, invalid: written.filter((rule) => !isRule(rule)) }
}

function writtenRules(amp: Element): WrittenRule[] {
  return RuleTag.all(amp).map((rule) => ({
    condition: rule.attr('condition') ?? '',
    value: rule.attr('value') ?? '',
    action: rule.attr('action') ?? '',
  }))
}

function isRule(rule: WrittenRule): rule is AmpRule {
  const { condition, value, action } = rule
  if (!Object.hasOwn(VALUES, condition) || !ACTIONS.some((known) => known === action)) return false
  const values: readonly string[] | undefined = VALUES[condition as AmpCondition]
  return values === undefined || values.includes(value)
}

/** The message without its rules. */
export const withoutAmp = (message: Element): Element =>
  message.withChildren(message.children.filter((child) => !Amp.is(child)))

const build = (rules: readonly WrittenRule[]): Element[] =>
  rules.map(({ condition, value, action }) => RuleTag({ condition, value, action }))

/** Tells the sender of `message` that a rule was met (XEP-0079 §2.2.5). */
export function buildAmpNotice(message: Element, rule: AmpRule): Element {
  return Message({ id: message.attr('id') }, Amp({ status: rule.action, ...between(message) }, ...build([rule])))
}

/** Why rules are refused, or that they were met: the special condition (XEP-0079 §6.1). */
export type AmpFault = 'invalid-rules' | 'unsupported-actions' | 'unsupported-conditions' | 'failed-rules'

const GENERAL = {
  'invalid-rules': 'not-acceptable',
  'unsupported-actions': 'bad-request',
  'unsupported-conditions': 'bad-request',
  'failed-rules': 'undefined-condition',
} as const

/** Tells the sender of `message` of an error with its rules (XEP-0079 §6). */
export function buildAmpError(message: Element, fault: AmpFault, rules: readonly WrittenRule[]): Element {
  const failed = fault === 'failed-rules'
  const special = new Element(fault, failed ? ERRORS_NS : AMP_NS, [], build(rules))
  const error = new StanzaError('modify', GENERAL[fault], undefined, special).toElement()
  const amp = Amp(failed ? { status: 'error', ...between(message) } : {}, ...build(rules))
  return Message({ id: message.attr('id'), type: 'error' }, amp, error)
}

const between = (message: Element) => ({ from: message.attr('from'), to: message.attr('to') })

/** What a notice or an error tells. */
export interface AmpTold {
  /** The action that was taken; undefined when the rules were refused. */
  readonly status: string | undefined
  readonly rules: readonly WrittenRule[]
  /** The special condition of an error. */
  readonly fault: string | undefined
}

/** Reads a notice or an error; undefined when it is neither. */
export function parseAmpTold(message: Element): AmpTold | undefined {
  const [amp, error] = [Amp.in(message), ErrorTag.in(message)]
  if (amp === undefined || (error === undefined && amp.attr('status') === undefined)) return undefined
  const special = error?.elements().find(({ ns }) => ns === AMP_NS || ns === ERRORS_NS)
  return { status: amp.attr('status'), rules: writtenRules(amp), fault: special?.name }
}
