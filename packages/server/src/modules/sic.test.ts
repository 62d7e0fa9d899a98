import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Iq, SicAddress, errorCondition, parseJid, parseSicAddress } from '@meerkat/protocol'
import { story } from '../testing/story.ts'
import sic from './sic.ts'

const ask = (to?: string) => Iq({ type: 'get', to }, SicAddress())

describe('XEP-0279: server IP check', () => {
  it('§2: the server and the own account tell address and port of the asking client', async (t) => {
    const scene = await story(t, { modules: [[sic]], users: ['romeo/orchard'] })
    for (const to of [undefined, 'romeo@example.com', 'example.com']) {
      const answer = await scene.device('romeo/orchard').request(ask(to))
      assert.deepEqual(parseSicAddress(SicAddress.in(answer)!), { ip: '192.0.2.1', port: 40_000 })
    }
  })

  it('§3: the feature is announced', async (t) => {
    const scene = await story(t, { modules: [[sic]] })
    assert.deepEqual(scene.host.serverFeatures.list(), ['urn:xmpp:sic:1'])
  })

  it('§4: nobody learns the address of another user', async (t) => {
    const scene = await story(t, { modules: [[sic]], users: ['romeo', 'juliet'] })
    const answer = await scene.device('romeo').request(ask('juliet@example.com'))
    assert.deepEqual([errorCondition(answer), SicAddress.in(answer)?.elements() ?? []], ['forbidden', []])
  })

  it('who asks without a connection of its own has no address', async (t) => {
    const scene = await story(t, { modules: [[sic]], absent: ['romeo'] })
    const romeo = parseJid('romeo@example.com')
    await assert.rejects(scene.kernel.router.submit(ask(), romeo, romeo, 'api'), { condition: 'forbidden' })
  })
})
