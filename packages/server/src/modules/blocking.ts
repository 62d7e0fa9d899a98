/** XEP-0191: Blocking Command. The block list is what the default privacy list denies altogether, in the store of mod_privacy. */
import { randomBytes } from 'node:crypto'
import {
  BLOCKING_NS,
  Block,
  Blocklist,
  Iq,
  type Jid,
  StanzaError,
  Unblock,
  buildBlocking,
  parseBlocking,
  result,
} from '@meerkat/protocol'
import type { Tag } from '@meerkat/xml'
import { type Host, type IqRequest, backend, defineModule, iqGet, iqSet, xep } from '../core/module.ts'
import { blockListsOf } from './privacy/api.ts'

export default defineModule({
  key: 'mod_blocking',
  summary: 'Lets users block others with one command.',
  specs: [xep(191, '1.3')],
  requires: ['mod_privacy'],
  config: { backend: backend(['mnesia', 'rdbms'], 'mnesia') },

  start(host) {
    const lists = blockListsOf(host)
    return {
      features: [BLOCKING_NS],
      iq: [
        iqGet(
          Blocklist,
          async (iq, request) => result(iq, buildBlocking(Blocklist, await lists.blocked(owner(request)))),
          ['account'],
        ),
        iqSet(
          Block,
          async (iq, request) => {
            const user = owner(request)
            const jids = parseBlocking(Block.in(iq)!)
            // XEP-0191 §3.3
            if (jids.length === 0) throw new StanzaError('modify', 'bad-request', 'Nobody is to be blocked.')
            await lists.block(user, jids)
            push(host, user, Block, jids)
            return result(iq)
          },
          ['account'],
        ),
        iqSet(
          Unblock,
          async (iq, request) => {
            const user = owner(request)
            const jids = parseBlocking(Unblock.in(iq)!)
            // XEP-0191 §3.5: nobody means everybody
            await lists.unblock(user, jids.length === 0 ? undefined : jids)
            push(host, user, Unblock, jids)
            return result(iq)
          },
          ['account'],
        ),
      ],
    }
  },
})

function owner({ from, to }: IqRequest): Jid {
  if (!from.bare.equals(to)) throw new StanzaError('auth', 'forbidden')
  return to
}

/** XEP-0191 §3.3 and §3.4. All resources are told, as MongooseIM does, not only those that have asked for the list. */
function push(host: Host, user: Jid, kind: Tag, jids: readonly Jid[]): void {
  const id = `push${randomBytes(6).toString('base64url')}`
  host.push(user, Iq({ type: 'set', id }, buildBlocking(kind, jids)))
}
