/**
 * For tests only: two servers in one process, over one store, joined by a network that delays, repeats and loses what it carries.
 * `node two-nodes.ts -c FILE`. MEERKAT_NETWORK_SEED repeats a run's fates.
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Ping } from '@meerkat/protocol'
import { type NodeControl, type ReloadReport, nodeControl } from '../../api/index.ts'
import type { Config } from '../../core/config/types.ts'
import { loadConfig } from '../../core/config/index.ts'
import type { Kernel } from '../../core/kernel.ts'
import { createLog, errorText } from '../../core/log.ts'
import { type ModuleDeclaration, defineModule, streamFeatures, userSend } from '../../core/module.ts'
import { LossyNetwork } from '../../testing/lossy-network.ts'
import type { ProcessControl } from '../control.ts'
import { knownParts } from '../known-parts.ts'
import { lineWriter } from '../log-output.ts'
import { loadModules } from '../modules.ts'
import { type Server, startServer } from '../server.ts'

const NODES = ['a@localhost', 'b@localhost']
/** The shares of packets that are lost and repeated, and the longest delay in milliseconds. */
const WEATHER = { loss: 0.05, repeat: 0.05, delay: 4 }

const kernels: Kernel[] = []

/** Resolves when nothing is on its way between the nodes. */
async function quiet(): Promise<void> {
  while (kernels.some((kernel) => (kernel.cluster?.underWay ?? 0) > 0)) await new Promise((done) => setTimeout(done, 1))
}

/**
 * A ping to the server is how tests wait for all that was sent before it: it is answered when that has reached the other node, too. So do logins
 * wait, for what other clients have done before. Nothing else waits.
 */
const barrier: ModuleDeclaration = defineModule({
  key: 'mod_barrier',
  summary: 'Answers pings when nothing is on its way between nodes.',
  specs: [],
  always: true,
  start: () => ({
    hooks: [
      userSend.on(({ stanza, to }) => {
        if (stanza.name !== 'iq' || to.local !== '' || Ping.in(stanza) === undefined) return undefined
        return quiet().then(() => undefined)
      }, 'early'),
      streamFeatures.on((features) => quiet().then(() => features)),
    ],
  }),
})

/** Orders that an operator gives to each node are given to both at once: the command line knows one control socket, that of the first. */
function commandAll(servers: readonly Server[]): void {
  const [first] = kernels
  const reload = async (): Promise<ReloadReport> => {
    const [report, ...others] = await Promise.all(servers.map((server) => server.reload()))
    // Nodes with one configuration agree.
    return others.find(({ ok }) => !ok) ?? report!
  }
  const own: NodeControl = first!.shared(nodeControl)
  first!.share(nodeControl, Object.create(own, { reload: { value: reload } }) as NodeControl)
}

/** The configuration of the second node: the ports that are named belong to the first. */
function elsewhere(config: Config): Config {
  return { ...config, listen: config.listen.map((listener) => ({ ...listener, port: 0 })) }
}

async function main(file: string): Promise<void> {
  const modules = new Map([...(await loadModules()), [barrier.key, barrier]])
  const readConfig = () => loadConfig(file, readFileSync(file, 'utf8'), knownParts(modules))
  const config = readConfig()
  const log = createLog(config.general.loglevel, { write: lineWriter() })
  for (const notice of config.notices) log.warn({ what: 'config_notice', notice }, notice)
  const report = (what: string) => (error: unknown) => {
    const [first] = kernels
    if (first !== undefined) first.report(what, error)
    else log.error({ what, error: errorText(error) }, what)
  }
  process.on('uncaughtException', report('uncaught_exception'))
  process.on('unhandledRejection', report('unhandled_rejection'))
  const ended = Promise.withResolvers<void>()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, ended.resolve)
  const control: ProcessControl = { stop: ended.resolve, restart: ended.resolve, readConfig }

  const seed = Number(process.env['MEERKAT_NETWORK_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  const network = new LossyNetwork({ seed, ...WEATHER })
  process.stdout.write(`network seed ${seed}\n`)
  const servers: Server[] = []
  for (const node of NODES) {
    const seat = { node, transport: network.join(node), beside: kernels[0] }
    const server = await startServer(kernels.length === 0 ? config : elsewhere(config), modules, log, control, seat)
    servers.push(server)
    kernels.push(server.kernel)
  }
  for (const kernel of kernels) await kernel.cluster?.met(NODES.length - 1)
  commandAll(servers)
  const addresses = servers.flatMap((server) => server.addresses)
  process.stdout.write(
    `${NODES.length} nodes are running.\n${addresses.map((each) => `  ${each}\n`).join('')}Try next\n`,
  )
  await ended.promise
  // The first has the store.
  for (const server of servers.toReversed()) await server.stop()
  process.stdout.write(`the network has lost ${network.lost} of ${network.sent} packets\n`)
  process.exit(0)
}

await main(resolve(process.argv[3] ?? 'meerkat.toml')).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
})
