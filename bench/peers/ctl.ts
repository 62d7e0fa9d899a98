/**
 * One peer by hand: node bench/peers/ctl.ts PEER start [PROFILE] | stop | pid | port | fresh [SNAPSHOT] | snapshot [NAME]
 */
import { memory } from '../meters/processes.ts'
import { Server } from '../server.ts'
import { peerCalled, peers } from './all.ts'
import type { Profile } from './peer.ts'

const [name = '', command = '', word] = process.argv.slice(2)
const usage = `usage: ctl.ts ${peers.map((peer) => peer.name).join('|')} start [PROFILE] | stop | pid | port | fresh [SNAPSHOT] | snapshot [NAME]`

const commands = new Map<string, (server: Server) => unknown>([
  ['start', async (server) => `${Math.round(await server.start((word ?? 'base') as Profile))} ms`],
  ['stop', (server) => server.stop()],
  ['pid', ({ pid }) => pid ?? 'does not run'],
  ['port', ({ peer }) => peer.port],
  ['memory', ({ pid }) => memory(pid === undefined ? [] : [pid])],
  ['fresh', (server) => server.fresh(word ?? 'accounts')],
  ['snapshot', (server) => server.snapshot(word ?? 'accounts')],
])

const run = commands.get(command)
if (run === undefined) throw new Error(usage)
const told = await run(new Server(peerCalled(name)))
if (told !== undefined) console.log(told)
