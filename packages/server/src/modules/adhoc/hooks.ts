/** How other modules offer ad-hoc commands (XEP-0050) of the server and of accounts. */
import type { CommandMove, CommandNote, Jid, ParsedForm } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { fold } from '../../core/module.ts'

/** Who runs a command on what. */
export interface CommandCaller {
  readonly from: Jid
  /** A served domain, or an account. */
  readonly to: Jid
}

/** A step of a command: how the requester goes on, with the form that it has filled in, if any. */
export interface CommandStep extends CommandCaller {
  readonly move: CommandMove
  readonly form: ParsedForm | undefined
}

/** What a step leads to: another stage, which remembers `state` for the step behind it, or the end. */
export type CommandOutcome<S> = CommandStage<S> | CommandEnd

/** A stage at which the requester is asked something. */
export interface CommandStage<S> extends CommandWords {
  readonly state: S
  /** What may be done now besides cancelling; the first is the default. Never empty. */
  readonly moves: readonly CommandMove[]
}

/** The end of a command; when it has failed it says so with a note of type `error`. */
export interface CommandEnd extends CommandWords {
  readonly done: true
}

interface CommandWords {
  readonly notes?: readonly CommandNote[]
  /** Forms, mostly. */
  readonly payload?: readonly Element[]
}

/** An ad-hoc command as a module offers it. */
export interface Command {
  readonly node: string
  /** Its name for people. */
  readonly name: string
  /** Who may run it; others do not see it. Everybody when missing. */
  readonly allows?: (caller: CommandCaller) => boolean | Promise<boolean>
  start(caller: CommandCaller): CommandOutcome<unknown> | Promise<CommandOutcome<unknown>>
  step(state: unknown, step: CommandStep): CommandOutcome<unknown> | Promise<CommandOutcome<unknown>>
}

/** The parts of a command whose stages remember values of type `S`. */
export interface StagedCommand<S> extends Omit<Command, 'start' | 'step'> {
  start(caller: CommandCaller): CommandOutcome<S> | Promise<CommandOutcome<S>>
  /** Goes on from the stage that has left `state`. Throws `commandError('bad-payload')` for a form that does not do. */
  step(state: S, step: CommandStep): CommandOutcome<S> | Promise<CommandOutcome<S>>
}

/** Declares a command of several stages: only what its own stages have left comes to `step`. */
export const stagedCommand = <S>(command: StagedCommand<S>): Command => command

/** Declares a command that is done at once. */
export const simpleCommand = (
  command: Omit<Command, 'start' | 'step'> & { run(caller: CommandCaller): CommandWords | Promise<CommandWords> },
): Command => ({
  node: command.node,
  name: command.name,
  ...(command.allows === undefined ? {} : { allows: command.allows }),
  start: async (caller) => ({ ...(await command.run(caller)), done: true }),
  step: () => ({ done: true }),
})

/** The commands of the served domains. */
export const serverCommands = fold<readonly Command[]>('ad-hoc commands of the server')
/** The commands of accounts. */
export const accountCommands = fold<readonly Command[]>('ad-hoc commands of accounts')
