/** The service of a story, as its tests ask it. */
import { Iq, StanzaError, UploadGet, UploadPut, UploadRequest, UploadSlot, readStanzaError } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { type UploadDesk, uploadDesk } from '../../core/uploads.ts'
import { MemoryFiles } from '../../testing/memory-files.ts'
import { type Story, story } from '../../testing/story.ts'
import httpUpload from './index.ts'

export const SERVICE = 'upload.example.com'

/** A story with the module, and with files in memory. */
export async function uploads(
  t: Parameters<typeof story>[0],
  section: Record<string, unknown> = {},
  options: Partial<Parameters<typeof story>[1]> = {},
): Promise<{ scene: Story; desk: UploadDesk; files: MemoryFiles }> {
  const scene = await story(t, { modules: [[httpUpload, section]], users: ['romeo', 'juliet'], ...options })
  const desk = scene.kernel.shared(uploadDesk)
  return { scene, desk, files: desk.files as MemoryFiles }
}

/** Asks for a slot; the answer as it came. */
export function ask(scene: Story, user: string, attributes: Record<string, string>): Promise<Element> {
  return scene.device(user).request(Iq({ type: 'get', to: SERVICE }, UploadRequest(attributes)))
}

/** A slot, by its addresses. */
export interface Slot {
  readonly put: URL
  readonly get: URL
  readonly id: string
  readonly token: string
}

/** Asks for a slot and gets it; throws the StanzaError otherwise. */
export async function slotOf(
  scene: Story,
  user: string,
  size: number,
  filename = 'a.bin',
  type?: string,
): Promise<Slot> {
  const answer = await ask(scene, user, {
    filename,
    size: String(size),
    ...(type !== undefined && { 'content-type': type }),
  })
  if (answer.attr('type') === 'error') throw readStanzaError(answer)
  const slot = UploadSlot.in(answer)!
  const [put, get] = [new URL(UploadPut.in(slot)!.attr('url')!), new URL(UploadGet.in(slot)!.attr('url')!)]
  return { put, get, id: get.pathname.split('/').at(-2)!, token: put.searchParams.get('token')! }
}

/** Uploads a file to a slot as the handler does. */
export async function upload(scene: Story, { id }: Pick<Slot, 'id'>, bytes: Uint8Array): Promise<boolean> {
  const desk = scene.kernel.shared(uploadDesk)
  const incoming = await desk.files.create(id)
  await incoming.write(bytes)
  await incoming.finish()
  return desk.of(scene.host.type)!.keep('example.com', id)
}

/** The condition with which something is refused. */
export async function conditionOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (error) {
    return error instanceof StanzaError ? error.condition : String(error)
  }
}
