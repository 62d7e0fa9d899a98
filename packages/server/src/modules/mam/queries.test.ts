import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  DataForm,
  FULL_TEXT_FIELD,
  Iq,
  MAM_V1_NS,
  MamMetadata,
  MamQuery,
  buildMamQuery,
  errorCondition,
  formatDateTime,
  parseForm,
  parseMamMetadata,
} from '@meerkat/protocol'
import { parseElement } from '@meerkat/xml'
import { type Device } from '../../testing/story.ts'
import { archiveId, encodeId } from '../../core/message-ids.ts'
import mam from './index.ts'
import { JULIET, ROMEO, type Ask, ask, chat, read, talk, verona } from './stage.fixture.ts'

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index))
const refused = async (device: Device, asked: Ask) => errorCondition(await ask(device, asked))

describe('XEP-0313 §4: queries', () => {
  it('§4.1: without a filter, everything, oldest first; the end is said in the result', async (t) => {
    const { romeo } = await verona(t)
    await talk(romeo, JULIET, 3)
    const { bodies, ids, results, fin } = await read(romeo)
    assert.deepEqual(bodies, ['1', '2', '3'])
    assert.deepEqual(
      results.map(({ queryid }) => queryid),
      ['f27', 'f27', 'f27'],
    )
    assert.deepEqual(fin, {
      complete: true,
      stable: true,
      queryid: undefined,
      page: { first: ids[0], index: 0, last: ids[2], count: 3 },
    })
  })

  it('§4.2: results come from the archive, to the device that asked', async (t) => {
    const { romeo } = await verona(t)
    await talk(romeo, JULIET, 1)
    romeo.take()
    await ask(romeo, { to: ROMEO })
    const [result] = romeo.take()
    assert.deepEqual([result!.attr('from'), result!.attr('to')], [ROMEO, `${ROMEO}/orchard`])
  })

  it('§4.1.1: by the other party, as bare or full JID', async (t) => {
    const { romeo, juliet } = await verona(t)
    await romeo.send(chat(JULIET, 'bare'))
    await romeo.send(chat(`${JULIET}/balcony`, 'full'))
    await romeo.send(chat('mercutio@example.com', 'other'))
    await juliet.send(chat(ROMEO, 'back'))
    const found = async (jid: string) => (await read(romeo, { fields: { with: jid } })).bodies
    assert.deepEqual(await found(JULIET), ['bare', 'full', 'back'])
    assert.deepEqual(await found(`${JULIET}/balcony`), ['full', 'back'])
    assert.deepEqual(await found('benvolio@example.com'), [])
  })

  it('§4.1.2: by time; S61: a reversed range is empty, a time beyond all ids no fault', async (t) => {
    const { romeo, scene } = await verona(t)
    const times: string[] = []
    for (const words of ['1', '2', '3']) {
      await scene.wait(10)
      times.push(formatDateTime(scene.clock.now() * 1000))
      await romeo.send(chat(JULIET, words))
    }
    const found = async (fields: Record<string, string>) => (await read(romeo, { fields })).bodies
    assert.deepEqual(await found({ start: times[1]! }), ['2', '3'])
    assert.deepEqual(await found({ end: times[1]! }), ['1', '2'])
    assert.deepEqual(await found({ start: times[1]!, end: times[1]! }), ['2'])
    assert.deepEqual(await found({ start: times[2]!, end: times[0]! }), [])
    assert.deepEqual(await found({ start: '9999-12-31T23:59:59Z' }), [])
    assert.deepEqual(await found({ start: '0001-01-01T00:00:00Z', end: '9999-12-31T23:59:59Z' }), ['1', '2', '3'])
    assert.deepEqual(await found({ end: '0001-01-01T00:00:00Z' }), [])
    assert.equal(await refused(romeo, { fields: { start: 'yesterday' } }), 'bad-request')
  })

  it('§4.1.3 and §4.1.4: between ids, and by ids', async (t) => {
    const { romeo } = await verona(t)
    await talk(romeo, JULIET, 5)
    const { ids } = await read(romeo)
    const found = async (fields: Record<string, string | string[]>) => (await read(romeo, { fields })).bodies
    assert.deepEqual(await found({ 'after-id': ids[0]!, 'before-id': ids[4]! }), ['2', '3', '4'])
    assert.deepEqual(await found({ ids: [ids[3]!, ids[1]!, ids[1]!, ids[2]!] }), ['2', '3', '4'])
    assert.deepEqual(await found({ 'after-id': ids[3]!.toLowerCase() }), ['5'])
  })

  it('S61: an id that is not in the archive is item-not-found, however it is wrong', async (t) => {
    const { romeo, juliet, scene } = await verona(t)
    await talk(romeo, JULIET, 2)
    const [hers] = (await read(juliet)).ids
    const wrong = [hers!, encodeId(archiveId(1)), 'not an id', '-1', '7VVVVVVVVVVVV', '8000000000000', 'V'.repeat(5000)]
    for (const id of wrong) {
      for (const name of ['before-id', 'after-id', 'from-id', 'to-id', 'ids'])
        assert.equal(await refused(romeo, { fields: { [name]: id } }), 'item-not-found', `${name} ${id}`)
      assert.equal(await refused(romeo, { rsm: { before: id } }), 'item-not-found')
      assert.equal(await refused(romeo, { rsm: { after: id } }), 'item-not-found')
      assert.equal(await refused(scene.connect('paris'), { rsm: { after: id } }), 'item-not-found')
    }
  })

  it("MongooseIM's from-id and to-id: the named messages are among those found", async (t) => {
    const { romeo } = await verona(t)
    await talk(romeo, JULIET, 5)
    const { ids, results } = await read(romeo)
    const found = async (fields: Record<string, string>) => (await read(romeo, { fields })).bodies
    assert.deepEqual(await found({ 'from-id': ids[1]!, 'to-id': ids[3]! }), ['2', '3', '4'])
    assert.deepEqual(await found({ 'from-id': ids[1]!, 'after-id': ids[1]! }), ['3', '4', '5'])
    assert.deepEqual(await found({ 'from-id': ids[1]!, start: formatDateTime(results[2]!.stamp) }), ['3', '4', '5'])
    assert.deepEqual(await found({ 'to-id': ids[3]!, end: formatDateTime(results[2]!.stamp) }), ['1', '2', '3'])
    assert.deepEqual(await found({ 'from-id': ids[3]!, 'to-id': ids[1]! }), [])
    const { fin } = await read(romeo, { fields: { 'from-id': ids[1]! }, rsm: { max: 1 } })
    assert.deepEqual([fin.page?.count, fin.page?.index], [4, 0])
  })

  it('§4.1.5: the form says what can be asked', async (t) => {
    const { romeo } = await verona(t)
    const answer = await romeo.request(Iq({ type: 'get' }, MamQuery()))
    const form = parseForm(DataForm.in(MamQuery.in(answer)!)!)
    const fields = ['with', 'start', 'end', 'before-id', 'after-id', 'include-groupchat', 'ids']
    assert.deepEqual([form.formType, [...form.values.keys()]], ['urn:xmpp:mam:2', [...fields, FULL_TEXT_FIELD]])
  })

  it('the protocol before this one is spoken, too', async (t) => {
    const { romeo } = await verona(t)
    await talk(romeo, JULIET, 2)
    assert.deepEqual((await read(romeo, { ns: MAM_V1_NS, fields: { with: JULIET } })).bodies, ['1', '2'])
  })

  it('§5: metadata are the ends of the archive', async (t) => {
    const { romeo } = await verona(t)
    const metadata = async () =>
      parseMamMetadata(MamMetadata.in(await romeo.request(Iq({ type: 'get' }, MamMetadata())))!)
    assert.equal(await metadata(), undefined)
    await talk(romeo, JULIET, 3)
    const { ids, results } = await read(romeo)
    assert.deepEqual(await metadata(), {
      start: { id: ids[0], stamp: results[0]!.stamp },
      end: { id: ids[2], stamp: results[2]!.stamp },
    })
  })
})

describe('XEP-0059: pages', () => {
  it('§2.2 and §2.3: forward and backward, with first, last, index and count', async (t) => {
    const { romeo } = await verona(t)
    await talk(romeo, JULIET, 7)
    const first = await read(romeo, { rsm: { max: 3 } })
    assert.deepEqual([first.bodies, first.fin.complete], [numbers(1, 3), false])
    assert.deepEqual(first.fin.page, { first: first.ids[0], index: 0, last: first.ids[2], count: 7 })
    const second = await read(romeo, { rsm: { max: 3, after: first.ids[2] } })
    assert.deepEqual([second.bodies, second.fin.complete, second.fin.page?.index], [numbers(4, 6), false, 3])
    const third = await read(romeo, { rsm: { max: 3, after: second.ids[2] } })
    assert.deepEqual([third.bodies, third.fin.complete, third.fin.page?.index], [['7'], true, 6])
    const nothing = await read(romeo, { rsm: { max: 3, after: third.ids[0] } })
    assert.deepEqual([nothing.bodies, nothing.fin.complete], [[], true])
    assert.deepEqual(nothing.fin.page, { first: undefined, index: undefined, last: undefined, count: 7 })
    const back = await read(romeo, { rsm: { max: 3, before: second.ids[0] } })
    assert.deepEqual([back.bodies, back.fin.complete, back.fin.page?.index], [numbers(1, 3), true, 0])
  })

  it('§2.5: an empty before is the last page', async (t) => {
    const { romeo } = await verona(t)
    await talk(romeo, JULIET, 5)
    const { bodies, fin } = await read(romeo, { rsm: { max: 2, before: '' } })
    assert.deepEqual([bodies, fin.complete, fin.page?.index, fin.page?.count], [['4', '5'], false, 3, 5])
  })

  it('§2.6 and §2.7: by index, and the count alone', async (t) => {
    const { romeo } = await verona(t)
    await talk(romeo, JULIET, 5)
    const page = await read(romeo, { rsm: { max: 2, index: 2 } })
    assert.deepEqual([page.bodies, page.fin.page?.index], [['3', '4'], 2])
    const count = await read(romeo, { rsm: { max: 0 } })
    assert.deepEqual([count.bodies, count.fin.page?.count, count.fin.complete], [[], 5, false])
    assert.equal(await refused(romeo, { rsm: { max: 1, index: 1_000_000_000 } }), 'feature-not-implemented')
  })

  it('XEP-0313 §4.1.6: a flipped page has the same messages and ends, newest first', async (t) => {
    const { romeo } = await verona(t)
    await talk(romeo, JULIET, 4)
    const plain = await read(romeo, { rsm: { max: 3 } })
    const flipped = await read(romeo, { rsm: { max: 3 }, flipPage: true })
    assert.deepEqual(flipped.bodies, ['3', '2', '1'])
    assert.deepEqual(flipped.fin, plain.fin)
  })

  it('counts what a filter leaves', async (t) => {
    const { romeo } = await verona(t)
    await talk(romeo, JULIET, 3)
    await talk(romeo, 'mercutio@example.com', 2)
    const { fin } = await read(romeo, { fields: { with: 'mercutio@example.com' }, rsm: { max: 1, before: '' } })
    assert.deepEqual([fin.page?.count, fin.page?.index], [2, 1])
  })

  it('paging forward and backward yields the same messages in order, whatever the page and the filter', async (t) => {
    const { romeo, juliet } = await verona(t)
    for (let i = 1; i <= 120; i++) {
      await romeo.send(chat(i % 3 === 0 ? 'mercutio@example.com' : JULIET, String(i)))
      if (i % 4 === 0) await juliet.send(chat(ROMEO, `from her ${i}`))
      romeo.take()
    }
    const asked = fc.record({ max: fc.integer({ min: 1, max: 50 }), filter: fc.constantFrom({}, { with: JULIET }) })
    const property = fc.asyncProperty(asked, async ({ max, filter }) => {
      const forward = await pages(romeo, max, filter, 'after')
      const backward = await pages(romeo, max, filter, 'before')
      assert.deepEqual(backward, forward)
      assert.equal(forward.length, 'with' in filter ? 110 : 150)
      assert.deepEqual(
        forward,
        forward.toSorted((a, b) => a.stamp - b.stamp),
      )
    })
    await fc.assert(property, { numRuns: 12 })
  })
})

/** Everything that a query finds, page by page; each page must say where it stands. */
async function pages(device: Device, max: number, fields: Record<string, string>, way: 'before' | 'after') {
  const all: { id: string; stamp: number }[] = []
  let from: string | undefined = way === 'before' ? '' : undefined
  for (;;) {
    const { results, fin } = await read(device, { fields, rsm: { max, [way]: from } })
    const page = results.map(({ id, stamp }) => ({ id, stamp }))
    if (page.length > 0) {
      const place: number = way === 'after' ? all.length : fin.page!.count! - all.length - page.length
      assert.equal(fin.page?.index, place)
    }
    if (way === 'after') all.push(...page)
    else all.unshift(...page)
    if (fin.complete) return all
    assert.equal(page.length, max)
    from = way === 'after' ? fin.page?.last : fin.page?.first
  }
}

describe('MongooseIM: limits', () => {
  it('a page has at most max_result_limit messages, S61: however large a max is asked for', async (t) => {
    const { romeo } = await verona(t, { max_result_limit: 4, default_result_limit: 2 })
    await talk(romeo, JULIET, 6)
    assert.deepEqual((await read(romeo, { rsm: { max: 1_000_000 } })).bodies, numbers(1, 4))
    assert.deepEqual((await read(romeo, { rsm: { before: '' } })).bodies, numbers(5, 6))
  })

  it('a query without max that finds more than a page is policy-violation, unless nothing is counted', async (t) => {
    const { romeo } = await verona(t, { max_result_limit: 4, default_result_limit: 4 })
    await talk(romeo, JULIET, 4)
    assert.deepEqual((await read(romeo)).bodies, numbers(1, 4))
    await talk(romeo, JULIET, 2)
    assert.equal(await refused(romeo, {}), 'policy-violation')
    const { ids } = await read(romeo, { rsm: { max: 2 } })
    assert.deepEqual((await read(romeo, { rsm: { after: ids[1] } })).bodies, ['3', '4', '1', '2'])
    assert.equal(await refused(romeo, { rsm: { after: ids[0] } }), 'policy-violation')
    assert.equal(await refused(romeo, { rsm: { before: ids[1] } }), 'policy-violation')
    assert.deepEqual((await read(romeo, { rsm: { before: '' } })).bodies, ['3', '4', '1', '2'])

    const simple = await read(romeo, { fields: { simple: 'true' } })
    assert.deepEqual([simple.bodies, simple.fin.complete], [numbers(1, 4), false])
    assert.deepEqual([simple.fin.page?.count, simple.fin.page?.index], [undefined, undefined])
  })

  it('enforce_simple_queries never counts', async (t) => {
    const { romeo, scene } = await verona(t, { enforce_simple_queries: true })
    await talk(romeo, JULIET, 1)
    assert.deepEqual((await read(romeo)).fin.page?.count, undefined)
    assert.deepEqual((await read(scene.connect('paris'))).fin.page?.count, undefined)
  })

  it('S61: too many ids, or a number that is none, are refused', async (t) => {
    const { romeo } = await verona(t)
    assert.equal(await refused(romeo, { fields: { ids: numbers(1, 300) } }), 'policy-violation')
    const broken = parseElement(`<set xmlns='http://jabber.org/protocol/rsm'><max>-1</max></set>`)
    const answer = await romeo.request(Iq({ type: 'set' }, buildMamQuery('q', [], { rsm: broken })))
    assert.equal(errorCondition(answer), 'bad-request')
  })
})

describe("S61: somebody else's archive", () => {
  it('is forbidden', async (t) => {
    const { romeo, juliet } = await verona(t)
    await talk(juliet, ROMEO, 1)
    romeo.take()
    assert.equal(await refused(romeo, { to: JULIET }), 'forbidden')
    const metadata = await romeo.request(Iq({ type: 'get', to: JULIET }, MamMetadata()))
    assert.equal(errorCondition(metadata), 'forbidden')
    assert.deepEqual(romeo.take(), [])
  })

  it('is open to whom the rule allows it, and the own one closed to whom it denies it', async (t) => {
    const { romeo, juliet } = await verona(t, {}, [], { mam_lookup_messages: 'allow' })
    await juliet.send(chat('mercutio@example.com', 'secret'))
    assert.deepEqual((await read(romeo, { to: JULIET })).bodies, ['secret'])
    const denied = await verona(t, {}, [], { mam_lookup_messages: 'deny' })
    assert.equal(await refused(denied.romeo, {}), 'forbidden')
  })

  it('answers nothing when the module is stopped', async (t) => {
    const { romeo, scene } = await verona(t)
    await scene.kernel.modules.stop(scene.host, mam.key)
    assert.equal(await refused(romeo, {}), 'service-unavailable')
  })
})
