/** What nodes are in the store, and how they go with their owner. */
import type { Jid } from '@meerkat/protocol'
import { type Keeping, keptRows } from '../../core/module.ts'

const NODE = ['service_domain', 'service_user', 'node_id']

/** Rows of the nodes of an account or a domain, and those that tell of them at nodes of others. */
const kept = (table: string, key: readonly string[], party?: string): Keeping =>
  keptRows(table, [...NODE, ...key], (subject: Jid) => {
    const { local, domain } = subject
    const [service, params] =
      local === '' ? ['service_domain = ?', [domain]] : ['service_domain = ? AND service_user = ?', [domain, local]]
    if (party === undefined) return { where: service, params }
    return local === ''
      ? { where: `${service} OR ${party} LIKE ? ESCAPE '\\'`, params: [...params, `%@${escaped(domain)}`] }
      : { where: `${service} OR ${party} = ?`, params: [...params, subject.toString()] }
  })

const escaped = (domain: string): string => domain.replaceAll(/[\\%_]/g, String.raw`\$&`)

export const NODES: readonly Keeping[] = [
  kept('pubsub_item', ['item_id']),
  kept('pubsub_subscription', ['subscriber', 'subscriber_resource'], 'subscriber'),
  kept('pubsub_affiliation', ['jid'], 'jid'),
  kept('pubsub_node', []),
]
