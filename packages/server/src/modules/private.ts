/** XEP-0049: Private XML Storage. */
import { PrivateQuery, StanzaError, parsePrivate, qualifiedName, result } from '@meerkat/protocol'
import { parseElement, serialize } from '@meerkat/xml'
import {
  type IqRequest,
  accountRemoved,
  backend,
  defineModule,
  integer,
  iqGet,
  iqSet,
  iqdisc,
  keptEntries,
  personalData,
  xep,
} from '../core/module.ts'

export default defineModule({
  key: 'mod_private',
  summary: 'Keeps XML for clients: bookmarks, notes, settings.',
  specs: [xep(49, '1.2')],
  keeps: [keptEntries('private')],
  config: {
    backend: backend(['mnesia', 'rdbms'], 'rdbms'),
    max_elements: integer(100, 'How many elements a user may keep.', { min: 1 }),
    iqdisc,
  },

  start(host, config) {
    const store = host.stores.keyedSet('private')
    const quota = { limit: config.max_elements, refused: new StanzaError('wait', 'resource-constraint') }
    return {
      features: [PrivateQuery.ns],
      iq: [
        iqGet(PrivateQuery, async (iq, request) => {
          const owner = ownerOf(request)
          const wanted = parsePrivate(PrivateQuery.in(iq)!)
          const kept = await Promise.all(wanted.map((element) => store.get(owner, qualifiedName(element))))
          // XEP-0049 §2: what was never stored comes back empty
          const found = kept.map((text, i) => (text === undefined ? wanted[i]!.withChildren([]) : parseElement(text)))
          return result(iq, PrivateQuery({}, ...found))
        }),
        iqSet(PrivateQuery, async (iq, request) => {
          const owner = ownerOf(request)
          const elements = parsePrivate(PrivateQuery.in(iq)!)
          await host.commit(
            ...elements.map((element) => store.put(owner, qualifiedName(element), serialize(element), quota)),
          )
          return result(iq)
        }),
      ],
      hooks: [
        accountRemoved.on((writes, user) => [...writes, store.clear(user.toString())]),
        personalData.on(async (data, user) => {
          const kept = [...(await store.all(user.toString())).values()]
          return [
            ...data,
            { group: 'private', columns: ['ns', 'xml'], rows: kept.map((xml) => [parseElement(xml).ns, xml]) },
          ]
        }),
      ],
    }
  },
})

/** XEP-0049 §2: private data are their owner's alone. */
function ownerOf({ from, to }: IqRequest): string {
  const owner = from.bare
  if (to.local !== '' && !to.equals(owner)) throw new StanzaError('auth', 'forbidden')
  return owner.toString()
}
