import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, parseJid } from '@meerkat/protocol'
import { text } from '@meerkat/xml'
import { type Host } from '../../core/module.ts'
import type { Story } from '../../testing/story.ts'
import { userArchives } from './api.ts'
import mam from './index.ts'
import { JULIET, ROMEO, chat, read, talk, verona } from './stage.fixture.ts'

/** As the composition root makes it. */
const archives = ({ kernel }: Story) =>
  userArchives(kernel.storage, (host: Host) => kernel.modules.list(host).find(({ key }) => key === mam.key)?.settings)

describe('reading archives for the API', () => {
  it("gives a user's latest messages, oldest first", async (t) => {
    const { romeo, juliet, scene } = await verona(t)
    await talk(romeo, JULIET, 3)
    await juliet.send(chat(ROMEO, 'from her'))
    await romeo.send(chat('mercutio@example.com', 'to him'))
    const last = async (options: { with?: ReturnType<typeof parseJid>; before?: number }, limit = 3) =>
      archives(scene).last(romeo.jid, { ...options, limit })
    const bodies = async (...asked: Parameters<typeof last>) =>
      (await last(...asked)).map(({ stanza }) => text(Body.in(stanza)))
    assert.deepEqual(await bodies({}), ['3', 'from her', 'to him'])
    assert.deepEqual(await bodies({ with: parseJid(JULIET) }, 2), ['3', 'from her'])

    const [, hers] = await last({ with: parseJid(JULIET) }, 2)
    const { results } = await read(romeo)
    const same = results[3]!
    assert.deepEqual([hers!.id, hers!.timestamp, hers!.sender], [same.id, same.stamp, juliet.jid])
    assert.deepEqual(await bodies({ before: hers!.timestamp }, 2), ['2', '3'])
  })

  it('gives nothing of users without an archive', async (t) => {
    const { scene } = await verona(t)
    assert.deepEqual(await archives(scene).last(parseJid('nobody@example.com'), { limit: 5 }), [])
  })

  it('knows on which host types messages of users are archived', async (t) => {
    const { scene } = await verona(t)
    assert.equal(archives(scene).keeps(scene.host), true)
    await scene.reconfigure(mam, {})
    assert.equal(archives(scene).keeps(scene.host), false)
    await scene.kernel.modules.stop(scene.host, mam.key)
    assert.equal(archives(scene).keeps(scene.host), false)
  })
})
