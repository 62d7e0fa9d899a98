/** XEP-0060 on a domain of its own, with the settings of MongooseIM's older module; mod_pubsub keeps the nodes, and those of accounts. */
import type { Jid } from '@meerkat/protocol'
import {
  type Host,
  type ServiceAddition,
  type Values,
  defineModule,
  domainRemoved,
  expandHost,
  xep,
} from '../../core/module.ts'
import { type NodeConfig, PERSONAL, type PubsubApi, type ServiceRules, pubsubOf } from '../pubsub/api.ts'
import { settings } from './settings.ts'

type Config = Values<typeof settings>

export default defineModule({
  key: 'mod_pubsub_old',
  summary: 'A service for publishing and subscribing, on a domain of its own.',
  specs: [xep(60, '1.30.0', { status: 'partial', note: 'without collections, digests and leases' })],
  requires: ['mod_pubsub'],
  config: settings,

  start(host, config) {
    const pubsub = pubsubOf(host)
    const setBack = adjust(pubsub, config)
    const services = opened(host, pubsub, config)
    return {
      services,
      // A service that several domains share stays.
      hooks: config.host.includes('@HOST@')
        ? [domainRemoved.on((domain) => pubsub.erase(expandHost(config.host, domain)))]
        : [],
      stop() {
        for (const { domain } of services) pubsub.close(domain)
        setBack()
      },
    }
  },
})

/** One service beside each domain, or one for all when its name does not depend on them. */
function opened(host: Host, pubsub: PubsubApi, config: Config): ServiceAddition[] {
  const plugins = config.plugins
    .filter((plugin) => plugin !== 'pep')
    .map((plugin) => (plugin === 'flat' ? 'leaf' : plugin))
  if (plugins.length === 0) return []
  return [pubsub.open(config.host, rulesOf(host, config, plugins))]
}

function rulesOf(host: Host, config: Config, plugins: readonly string[]): ServiceRules {
  return {
    defaults: {
      ...PERSONAL,
      access_model: 'open',
      notify_delete: false,
      max_items: config.max_items_node,
      ...written(config),
    },
    maxItems: config.max_items_node,
    maxItemSize: config.max_item_size,
    maxNodes: config.max_nodes,
    maxSubscriptions: config.max_subscriptions_node,
    itemPublisher: config.item_publisher,
    mayCreate: (user, { service, name }, plugin) =>
      host.access(config.access_createnode, user, service.domain) === 'allow' && isAtHome(user, name, plugin),
    plugins,
  }
}

/** Of a `hometree` everybody has the part that is named after them: `/home/DOMAIN/USER` and what is below. */
function isAtHome(user: Jid, name: string, plugin: string): boolean {
  const home = `/home/${user.domain}/${user.local}`
  return plugin !== 'hometree' || name === home || name.startsWith(`${home}/`)
}

/** What the configuration says of nodes of which nothing is said; what it leaves open stays as it is. */
function written({ default_node_config: config }: Config): Partial<NodeConfig> {
  return Object.fromEntries(
    Object.entries(config).filter(([name, value]) => value !== undefined && Object.hasOwn(PERSONAL, name)),
  )
}

/** With the plugin `pep` the settings are for accounts, too. */
function adjust(pubsub: PubsubApi, config: Config): () => void {
  if (!config.plugins.includes('pep')) return () => undefined
  const { item_publisher: itemPublisher, ignore_pep_from_offline: ignoreOffline } = config
  return pubsub.adjust({ rules: { itemPublisher }, defaults: written(config), ignoreOffline })
}
