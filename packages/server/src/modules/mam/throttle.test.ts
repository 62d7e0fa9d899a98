import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Iq, MamMetadata, MamPrefs, buildMamQuery, errorCondition } from '@meerkat/protocol'
import { type StoryOptions, settle, story } from '../../testing/story.ts'
import messages from '../messages.ts'
import mam from './index.ts'
import { OWN } from './stage.fixture.ts'

const SHAPERS = { mam_shaper: 1, mam_global_shaper: 4 }
const query = () => Iq({ type: 'set' }, buildMamQuery('q', []))

async function shaped(t: { after(end: () => Promise<void>): void }, access: Record<string, string>) {
  const modules: StoryOptions['modules'] = [[messages], [mam, { pm: { user_prefs_store: 'rdbms' } }]]
  const users = ['romeo/a', 'romeo/b', 'romeo/c', 'romeo/d', 'romeo/e', 'juliet', 'paris', 'tybalt']
  const scene = await story(t, { modules, users, shapers: SHAPERS, access: { ...OWN, ...access } })
  const refusals = (): string | undefined =>
    /mod_mam_pm_dropped_iq_count\{.*\} (\d+)/.exec(scene.kernel.metrics.text())?.[1]
  /** Asks without waiting for the answer, whose error or `result` it gives. */
  const asking = (device: string, iq = query()) => {
    const begun = { state: 'waiting' }
    const answered = async (): Promise<void> => {
      const answer = await scene.device(device).request(iq)
      begun.state = errorCondition(answer) ?? 'result'
    }
    void answered()
    return begun
  }
  /** Lets time pass, and what comes due then be done. */
  const wait = async (seconds: number): Promise<void> => {
    await scene.wait(seconds)
    await settle()
  }
  return { asking, refusals, wait }
}

describe('shapers of the archive', () => {
  it('delay requests of one user beyond the rate, over all devices; those of others go on', async (t) => {
    const { asking, wait } = await shaped(t, { mam_lookup_messages_shaper: 'mam_shaper' })
    const his = ['a', 'b', 'c'].map((device) => asking(`romeo/${device}`))
    const hers = asking('juliet')
    await wait(0.2)
    const states = () => [...his, hers].map(({ state }) => state)
    assert.deepEqual(states(), ['result', 'waiting', 'waiting', 'result'])
    await wait(1)
    assert.deepEqual(states(), ['result', 'result', 'waiting', 'result'])
    await wait(1)
    assert.deepEqual(states(), ['result', 'result', 'result', 'result'])
  })

  it('refuse what would wait for more than three seconds, which adds nothing to the wait of the next', async (t) => {
    const { asking, refusals, wait } = await shaped(t, { mam_lookup_messages_shaper: 'mam_shaper' })
    const his = ['a', 'b', 'c', 'd', 'e'].map((device) => asking(`romeo/${device}`))
    await wait(0.2)
    assert.equal(his[4]?.state, 'resource-constraint')
    assert.equal(refusals(), '1')
    await wait(4)
    assert.deepEqual(
      his.map(({ state }) => state),
      ['result', 'result', 'result', 'result', 'resource-constraint'],
    )
    const next = asking('romeo/e')
    await wait(0.2)
    assert.equal(next.state, 'result')
  })

  it('have a common rate for all users, and a rule for each kind of request', async (t) => {
    const { asking, wait } = await shaped(t, {
      mam_lookup_messages_global_shaper: 'mam_global_shaper',
      mam_get_prefs_shaper: 'mam_shaper',
    })
    const all = ['romeo/a', 'juliet', 'paris', 'tybalt', 'romeo/b'].map((device) =>
      asking(device, Iq({ type: 'get' }, MamMetadata())),
    )
    await wait(0.1)
    assert.deepEqual(
      all.map(({ state }) => state),
      ['result', 'result', 'result', 'result', 'waiting'],
    )
    const prefs = [
      asking('romeo/c', Iq({ type: 'get' }, MamPrefs())),
      asking('romeo/d', Iq({ type: 'get' }, MamPrefs())),
    ]
    await wait(0.5)
    assert.deepEqual([all[4]?.state, ...prefs.map(({ state }) => state)], ['result', 'result', 'waiting'])
    await wait(1)
    assert.equal(prefs[1]?.state, 'result')
  })

  it('that no rule names, or that are not defined, limit nothing', async (t) => {
    const { asking, wait } = await shaped(t, { mam_lookup_messages_shaper: 'none', mam_get_prefs_shaper: 'missing' })
    const all = ['a', 'b', 'c', 'd', 'e'].map((device) => asking(`romeo/${device}`))
    await wait(0.1)
    assert.equal(
      all.every(({ state }) => state === 'result'),
      true,
    )
  })
})
