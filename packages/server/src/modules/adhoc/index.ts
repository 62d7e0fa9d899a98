/** XEP-0050: Ad-Hoc Commands of the server and of accounts; other modules add theirs through `hooks.ts`. */
import {
  COMMANDS_NS,
  CommandTag,
  DataForm,
  type EntityItem,
  StanzaError,
  parseCommand,
  result,
} from '@meerkat/protocol'
import {
  type Host,
  defineModule,
  flag,
  iqSet,
  iqdisc,
  maySeePresence,
  nodeInfo,
  nodeItems,
  rootItems,
  xep,
} from '../../core/module.ts'
import { type Command, type CommandCaller, accountCommands, serverCommands, simpleCommand } from './hooks.ts'
import { RunningCommands } from './running.ts'
import { answer } from './steps.ts'

const LIST = { category: 'automation', type: 'command-list', name: 'Commands' }

/** MongooseIM's own command. */
const ping = simpleCommand({
  node: 'ping',
  name: 'Ping',
  run: () => ({ notes: [{ type: 'info', text: 'Pong' }] }),
})

export default defineModule({
  key: 'mod_adhoc',
  summary: 'Commands that clients offer to people without knowing them.',
  specs: [xep(50, '1.3.0')],
  config: {
    report_commands_node: flag(false, 'List the node with the commands among the items of the server and of accounts.'),
    iqdisc,
  },

  start(host, config) {
    const running = new RunningCommands(host)
    const link = (jid: string): EntityItem => ({ jid, node: COMMANDS_NS, name: LIST.name })
    return {
      features: [COMMANDS_NS],
      accountFeatures: [COMMANDS_NS],
      iq: [
        iqSet(CommandTag, async (iq, { from, to }) => {
          const request = parseCommand(CommandTag.in(iq)!)
          const caller = { from, to }
          await checkAccess(host, caller)
          const command = await find(host, caller, request.node)
          if (command === undefined) throw new StanzaError('cancel', 'item-not-found')
          if (!(await allowed(command, caller))) throw new StanzaError('cancel', 'forbidden')
          return result(iq, await answer(running, command, request, caller))
        }),
      ],
      hooks: [
        serverCommands.on((commands) => [...commands, ping]),
        rootItems.on((items, _from, to) => (config.report_commands_node ? [...items, link(to.toString())] : items)),
        nodeItems.on(async ({ node, ...caller }) => {
          if (node === COMMANDS_NS) return (await seen(host, caller)).map((command) => item(command, caller))
          return (await find(host, caller, node)) && []
        }),
        nodeInfo.on(async ({ node, ...caller }) => {
          if (node === COMMANDS_NS) return { identities: [LIST], features: [] }
          const command = await find(host, caller, node)
          if (command === undefined) return undefined
          // XEP-0050 §2.2: who may not run a command learns nothing of it
          if (!(await allowed(command, caller))) throw new StanzaError('auth', 'forbidden')
          const identity = { category: 'automation', type: 'command-node', name: command.name }
          return { identities: [identity], features: [COMMANDS_NS, DataForm.ns] }
        }),
      ],
      stop: () => running.stop(),
    }
  },
})

/** As with discovery (XEP-0030 §8): whoever may not see an account's presence learns nothing of it, not even whether it is there. */
async function checkAccess(host: Host, { from, to }: CommandCaller): Promise<void> {
  if (to.local === '' || from.bare.equals(to)) return
  if ((await host.hooks.first(maySeePresence, to, from.bare)) !== true)
    throw new StanzaError('cancel', 'service-unavailable')
}

const commandsOf = (host: Host, { to }: CommandCaller): readonly Command[] | Promise<readonly Command[]> =>
  host.hooks.fold(to.local === '' ? serverCommands : accountCommands, [])

async function find(host: Host, caller: CommandCaller, node: string): Promise<Command | undefined> {
  return (await commandsOf(host, caller)).find((command) => command.node === node)
}

const allowed = async (command: Command, caller: CommandCaller): Promise<boolean> =>
  command.allows === undefined || (await command.allows(caller))

async function seen(host: Host, caller: CommandCaller): Promise<readonly Command[]> {
  const commands = await commandsOf(host, caller)
  const visible = await Promise.all(commands.map((command) => allowed(command, caller)))
  return commands.filter((_command, i) => visible[i])
}

const item = ({ node, name }: Command, { to }: CommandCaller): EntityItem => ({ jid: to.toString(), node, name })
