/** XEP-0363: HTTP File Upload. The module gives slots away; files go to a bucket, or to this server's own handler. */
import {
  DiscoInfo,
  DiscoItems,
  StanzaError,
  UPLOAD_NS,
  UploadRequest,
  buildDiscoInfo,
  buildDiscoItems,
  buildUploadSlot,
  buildForm,
  parseUploadRequest,
  result,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import {
  type Additions,
  type Host,
  type IqRoute,
  type ServiceAddition,
  type Values,
  accountRemoved,
  defineModule,
  domainRemoved,
  iqGet,
  personalData,
  requestService,
  serviceForms,
  xep,
} from '../../core/module.ts'
import { uploadDesk } from '../../core/uploads.ts'
import { type GiveSlot, provideUploadSlots } from './api.ts'
import { UPLOADS } from './keeps.ts'
import { LocalSlots } from './local.ts'
import { s3Slots } from './s3.ts'
import { uploadSettings } from './settings.ts'
import { checkWanted } from './wanted.ts'

type Config = Values<typeof uploadSettings>

/** What the service is called. */
const NAME = 'HTTP File Upload'

/** Where slots come from, and what the module adds for it. */
type Source = Pick<Additions, 'hooks' | 'stop'> & { readonly give: GiveSlot }

export default defineModule({
  key: 'mod_http_upload',
  summary: 'Gives clients addresses to which they upload files, and from which others fetch them.',
  specs: [xep(363, '1.2.0', { note: 'without purposes' })],
  config: uploadSettings,
  keeps: UPLOADS,

  start(host, config) {
    const { give, hooks, stop } = sourceOf(host, config)
    const checked: GiveSlot = async (owner, wanted, seconds) => {
      checkWanted(wanted, config.max_file_size)
      return give(owner, wanted, seconds)
    }
    provideUploadSlots(host, checked)
    return {
      services: [serviceOf(host, config, checked)],
      ...(hooks && { hooks }),
      stop: () => {
        provideUploadSlots(host, undefined)
        return stop?.()
      },
    }
  },
})

function sourceOf(host: Host, config: Config): Source {
  const { s3, expiration_time: usual } = config
  const backend = config.backend ?? (s3 === undefined ? 'local' : 's3')
  if (backend === 'local') return localSource(host, config)
  if (s3 === undefined) throw new Error('mod_http_upload with the backend "s3" needs the section s3')
  const give = s3Slots(host, s3, config.token_bytes)
  return { give: (_owner, wanted, seconds = usual) => Promise.resolve(give(wanted, seconds)) }
}

function localSource(host: Host, config: Config): Source {
  const desk = host.shared(uploadDesk)
  if (!desk.isServed)
    throw new Error(
      'mod_http_upload with the backend "local" needs [[listen.http.handlers.meerkat_upload_handler]] on a [[listen.http]]',
    )
  const slots = new LocalSlots(host, desk, config.local, config.token_bytes)
  desk.provide(host.type, slots)
  const end = slots.begin()
  return {
    give: (owner, wanted, seconds = config.expiration_time) => slots.give(owner, wanted, seconds),
    hooks: [
      accountRemoved.on(async (writes, user) => [...writes, ...(await slots.dropOwner(user.toString()))]),
      domainRemoved.on((domain) => slots.emptyTrash(domain)),
      personalData.on((data, user) => [
        ...data,
        { group: 'http_upload', columns: ['uploaded_at', 'name', 'type', 'size'], rows: slots.rowsOf(user.toString()) },
      ]),
    ],
    stop: () => {
      end()
      desk.provide(host.type, undefined)
    },
  }
}

/** The service: one beside each domain, or one for all when its name does not depend on them. */
function serviceOf(host: Host, config: Config, give: GiveSlot): ServiceAddition {
  const routes: IqRoute[] = [
    iqGet(DiscoInfo, async (iq) => {
      checkNode(iq, DiscoInfo)
      return result(iq, infoOf(config, await host.hooks.fold(serviceForms, [], 'mod_http_upload')))
    }),
    iqGet(DiscoItems, (iq) => (checkNode(iq, DiscoItems), result(iq, buildDiscoItems([])))),
    iqGet(UploadRequest, async (iq, { from }) => {
      // Room costs money: nobody else's users get any.
      if (!host.serves(from.domain) || from.local === '') throw new StanzaError('auth', 'forbidden')
      const wanted = parseUploadRequest(UploadRequest.in(iq)!)
      if (wanted === undefined) throw new StanzaError('modify', 'bad-request', 'A file has a name and a size above 0.')
      return result(iq, buildUploadSlot(await give(from.bare.toString(), wanted)))
    }),
  ]
  return { domain: config.host, name: NAME, service: requestService(host, routes), shared: true }
}

function checkNode(iq: Element, query: typeof DiscoInfo): void {
  if (query.in(iq)?.attr('node')) throw new StanzaError('cancel', 'item-not-found')
}

/** XEP-0363 §3. */
function infoOf({ max_file_size: most }: Config, more: readonly Element[]): Element {
  const size = { var: 'max-file-size', value: String(most) }
  return buildDiscoInfo({
    identities: [{ category: 'store', type: 'file', name: NAME }],
    features: [DiscoInfo.ns, DiscoItems.ns, UPLOAD_NS],
    forms: [buildForm({ type: 'result', formType: UPLOAD_NS }, most === Infinity ? [] : [size]), ...more],
  })
}
