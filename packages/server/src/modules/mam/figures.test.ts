import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Iq, MamPrefs, buildMamPrefs } from '@meerkat/protocol'
import { Metrics } from '../../core/metrics.ts'
import { accountRemoved } from '../../core/module.ts'
import { ArchiveFigures, type Sample } from './figures.ts'
import { JULIET, read, talk, verona } from './stage.fixture.ts'

const valueOf = (text: string, name: string): number =>
  Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (.+)$`, 'm').exec(text)?.[1])

describe('the figures of the archive', () => {
  it('count what is archived, read, chosen and removed, under the names of MongooseIM', async (t) => {
    const { romeo, scene } = await verona(t, { user_prefs_store: 'rdbms' })
    await talk(romeo, JULIET, 3)
    await read(romeo)
    await read(romeo, { fields: { simple: 'true' }, rsm: { max: 2 } })
    await romeo.request(Iq({ type: 'get' }, MamPrefs()))
    await romeo.request(Iq({ type: 'set' }, buildMamPrefs({ default: 'always', always: [], never: [] })))
    await scene.host.hooks.fold(accountRemoved, [], romeo.jid.bare)
    const text = scene.kernel.metrics.text()
    const expected = {
      archive_message_count: 6,
      // One at a time: the copy of the sender.
      archive_message_time_count: 3,
      flushed_count: 6,
      lookup_count: 2,
      lookup_simple: 1,
      lookup_size_count: 2,
      lookup_size_sum: 5,
      lookup_time_count: 2,
      get_prefs_count: 1,
      set_prefs_count: 1,
      remove_archive_count: 1,
      dropped_count: 0,
      dropped_iq_count: 0,
    }
    for (const [name, value] of Object.entries(expected)) assert.equal(valueOf(text, `mod_mam_pm_${name}`), value, name)
  })

  it('time the way into the store of one message at a time, also after one that never arrived', () => {
    const metrics = new Metrics()
    let now = 0
    const figures = new ArchiveFigures(metrics.scope(), () => now)
    const sampled = figures.sample()!
    sampled.handedIn()
    now = 8
    for (let i = 0; i < 3; i++) {
      assert.equal(figures.sample(), undefined)
      figures.stored()
    }
    sampled.stored()
    const figure = (name: string): number => valueOf(metrics.text(), `mod_mam_pm_flushed_${name}`)
    assert.deepEqual([figure('count'), figure('time_count'), figure('time_sum')], [4, 1, 8000])
    assert.equal(figure('time_per_message_sum'), 2000)
    assert.equal(valueOf(metrics.text(), 'mod_mam_pm_archive_message_time_sum'), 0)
    // This one is lost.
    assert.ok(figures.sample())
    const later = (milliseconds: number): Sample | undefined => {
      now += milliseconds
      for (let i = 0; i < 1000; i++) {
        const found = figures.sample()
        if (found !== undefined) return found
      }
      return undefined
    }
    assert.equal(later(59_000), undefined)
    const next = later(2000)
    now += 1
    next?.stored()
    assert.deepEqual([figure('time_count'), figure('time_sum')], [2, 9000])
  })
})
