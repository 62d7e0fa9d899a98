/** The steps of a command (XEP-0050 §2.4 and §3.3). */
import { type CommandMove, type CommandRequest, buildCommand, commandError } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import type { Command, CommandCaller, CommandOutcome } from './hooks.ts'
import type { Running, RunningCommands } from './running.ts'

/** Starts a command, goes on with it or cancels it. */
export async function answer(
  running: RunningCommands,
  command: Command,
  request: CommandRequest,
  caller: CommandCaller,
): Promise<Element> {
  const { sessionId, action, node } = request
  if (sessionId === undefined) {
    if (action !== 'execute') throw commandError('bad-action')
    return settle(running, command, running.newId(), await command.start(caller), caller)
  }
  const present = running.take(sessionId, node, caller)
  if (action === 'cancel') return buildCommand({ node, sessionId, status: 'canceled' })
  try {
    const move = moveOf(action, present)
    const outcome = await command.step(present.state, { ...caller, move, form: request.form })
    return settle(running, command, sessionId, outcome, caller)
  } catch (error) {
    // What was refused can be done once more, and better.
    running.putBack(sessionId, present, caller)
    throw error
  }
}

/** XEP-0050 §3.3: `execute` stands for the stage's default; what the stage does not offer is refused. */
function moveOf(action: CommandRequest['action'], { moves }: Running): CommandMove {
  const move = action === 'execute' ? moves[0] : moves.find((offered) => offered === action)
  if (move === undefined) throw commandError('bad-action')
  return move
}

function settle(
  running: RunningCommands,
  command: Command,
  sessionId: string,
  outcome: CommandOutcome<unknown>,
  caller: CommandCaller,
): Element {
  const { node } = command
  const { notes = [], payload = [] } = outcome
  if ('done' in outcome) return buildCommand({ node, sessionId, status: 'completed', notes, payload })
  running.keep(sessionId, command, outcome, caller)
  return buildCommand({ node, sessionId, status: 'executing', moves: outcome.moves, notes, payload })
}
