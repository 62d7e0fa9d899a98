/** Files that users upload: the folder, and the handlers that take and serve them. */
import { join } from 'node:path'
import type { Config, HttpHandler, ListenerOf } from '../core/config/types.ts'
import type { Kernel } from '../core/kernel.ts'
import { UploadDesk, uploadDesk } from '../core/uploads.ts'
import type { HttpMount } from '../listeners/http/index.ts'
import { UploadHandler, basePath } from '../listeners/upload/handler.ts'
import { DiskFiles } from '../storage/upload-files.ts'
import { type Finding, ok, wrong } from './finding.ts'

/** The folder of uploaded files in the data folder. */
const FOLDER = 'uploads'

type UploadSettings = (HttpHandler & { readonly kind: 'meerkat_upload_handler' })['settings']

const isServed = ({ listen }: Config): boolean =>
  listen.some(({ handlers }) => handlers.some(({ kind }) => kind === 'meerkat_upload_handler'))

/** What `meerkat check` finds about uploads: where files go. */
export function checkUploads(config: Config): Finding[] {
  return [...config.hostTypes.values()].flatMap(({ name, modules }) => {
    // The module's own declaration has read it.
    const settings = modules.get('mod_http_upload') as { backend?: string; s3?: object } | undefined
    if (settings === undefined) return []
    const { backend = settings.s3 === undefined ? 'local' : 's3', s3 } = settings
    const where = `mod_http_upload of ${name}`
    if (backend === 's3')
      return s3 === undefined ? [wrong(`${where} has no bucket`, 'add [modules.mod_http_upload.s3]')] : []
    if (isServed(config)) return [ok(`${where} keeps files in the data folder`)]
    return [
      wrong(
        `${where} keeps files here, and nothing serves them`,
        'add [[listen.http.handlers.meerkat_upload_handler]], or [modules.mod_http_upload.s3]',
      ),
    ]
  })
}

/** Opens the folder where the configuration has a handler for it, and shares the desk. */
export async function openUploads(kernel: Kernel, config: Config): Promise<void> {
  const files = new DiskFiles(join(config.general.data_dir, FOLDER))
  if (isServed(config)) await files.open()
  kernel.share(uploadDesk, new UploadDesk(files, isServed(config)))
}

/** The handler of one section. */
export function uploadMount(
  kernel: Kernel,
  { host, path, origins, max_uploads: maxUploads }: UploadSettings,
): HttpMount {
  const lower = origins.map((origin) => origin.toLowerCase())
  return new UploadHandler(kernel, kernel.shared(uploadDesk), { host, path, origins: lower, maxUploads })
}

/** The listener is open: slots have addresses from now on, of its first handler. */
export function filesServed(kernel: Kernel, { handlers, settings: { tls } }: ListenerOf<'http'>, port: number): void {
  const handler = handlers.find(({ kind }) => kind === 'meerkat_upload_handler')
  if (handler?.kind !== 'meerkat_upload_handler') return
  const { url, path } = handler.settings
  const scheme = tls === undefined ? 'http' : 'https'
  kernel
    .shared(uploadDesk)
    .served((domain) => (url === undefined ? `${scheme}://${domain}:${port}${basePath(path)}` : basePath(url)))
}
