/** XEP-0050 1.3.0: Ad-Hoc Commands. */
import { type Element, tag, text } from '@meerkat/xml'
import { DataForm, type ParsedForm, parseForm } from './data-form.ts'
import { StanzaError, type StanzaErrorType } from './errors.ts'

export const COMMANDS_NS = 'http://jabber.org/protocol/commands'

export const CommandTag = tag(COMMANDS_NS, 'command')
const Actions = tag(COMMANDS_NS, 'actions')
const Note = tag(COMMANDS_NS, 'note')

/** XEP-0050 §4.1: what a requester can do at a stage besides cancelling. */
export type CommandMove = 'prev' | 'next' | 'complete'
/** All that a requester can write as an action. */
export type CommandAction = CommandMove | 'execute' | 'cancel'
/** How far a command is. */
export type CommandStatus = 'executing' | 'completed' | 'canceled'

/** A word to the person who runs a command (XEP-0050 §4.3). */
export interface CommandNote {
  readonly type: 'info' | 'warn' | 'error'
  readonly text: string
}

/** What a requester asks for. */
export interface CommandRequest {
  readonly node: string
  readonly sessionId: string | undefined
  readonly action: CommandAction
  /** The form that it has filled in. */
  readonly form: ParsedForm | undefined
}

/** What a responder tells. */
export interface CommandAnswer {
  readonly node: string
  readonly sessionId: string
  readonly status: CommandStatus
  /** What the requester may do now; the first is what `execute` means. */
  readonly moves?: readonly CommandMove[]
  readonly notes?: readonly CommandNote[]
  readonly payload?: readonly Element[]
}

/** XEP-0050 §4.4: the reasons beside the general ones. */
export type CommandFault = 'malformed-action' | 'bad-action' | 'bad-payload' | 'bad-sessionid' | 'session-expired'

/** A refusal with its reason (XEP-0050 §4.4). */
export function commandError(fault: CommandFault): StanzaError {
  const expired = fault === 'session-expired'
  const type: StanzaErrorType = expired ? 'cancel' : 'modify'
  return new StanzaError(type, expired ? 'not-allowed' : 'bad-request', undefined, tag(COMMANDS_NS, fault)())
}

const MOVES: readonly CommandMove[] = ['prev', 'next', 'complete']

/** Reads a request; throws the error that XEP-0050 §4.4 wants. */
export function parseCommand(command: Element): CommandRequest {
  const node = command.attr('node')
  if (node === undefined || node === '') throw new StanzaError('modify', 'bad-request', 'The command has no node.')
  const action = command.attr('action') || 'execute'
  if (!isAction(action)) throw commandError('malformed-action')
  const form = DataForm.in(command)
  const sessionId = command.attr('sessionid') || undefined
  return { node, sessionId, action, form: form && parsePayload(form) }
}

function parsePayload(form: Element): ParsedForm {
  try {
    const parsed = parseForm(form)
    // XEP-0050 §3.4.1: a cancelled form counts as submitted; the other types are the responder's
    if (parsed.type === 'submit' || parsed.type === 'cancel') return parsed
  } catch (error) {
    if (!(error instanceof StanzaError)) throw error
  }
  throw commandError('bad-payload')
}

const isAction = (word: string): word is CommandAction =>
  word === 'execute' || word === 'cancel' || MOVES.some((move) => move === word)

/** Builds an answer. */
export function buildCommand(answer: CommandAnswer): Element {
  const { node, sessionId, status, moves = [], notes = [], payload = [] } = answer
  return CommandTag(
    { node, sessionid: sessionId, status },
    moves.length === 0 ? undefined : buildActions(moves),
    ...payload,
    ...notes.map((note) => Note({ type: note.type }, note.text)),
  )
}

/** Reads an answer; undefined when it is none. */
export function parseCommandAnswer(command: Element): CommandAnswer | undefined {
  const [node, sessionId, status] = [command.attr('node'), command.attr('sessionid'), command.attr('status')]
  if (node === undefined || sessionId === undefined) return undefined
  if (status !== 'executing' && status !== 'completed' && status !== 'canceled') return undefined
  const notes = Note.all(command).map((note) => ({ type: noteType(note.attr('type')), text: text(note) }))
  const payload = command.elements().filter(({ ns }) => ns !== COMMANDS_NS)
  return { node, sessionId, status, moves: movesOf(Actions.in(command)), notes, payload }
}

/** XEP-0050 §8: whichever is the default, they come in the order of the schema. */
function buildActions(moves: readonly CommandMove[]): Element {
  const ordered = MOVES.filter((move) => moves.includes(move))
  return Actions({ execute: moves[0] }, ...ordered.map((move) => tag(COMMANDS_NS, move)()))
}

/** XEP-0050 §4.2: what `execute` means stands first; without a word it is `next`. */
function movesOf(actions: Element | undefined): CommandMove[] {
  if (actions === undefined) return []
  const first = actions.attr('execute') ?? 'next'
  const moves = MOVES.filter((move) => actions.elements().some(({ name }) => name === move))
  return moves.toSorted((one, other) => Number(other === first) - Number(one === first))
}

const noteType = (type: string | undefined): CommandNote['type'] =>
  type === 'warn' || type === 'error' ? type : 'info'
