import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  ApplyTo,
  Body,
  Message,
  OriginId,
  Retract,
  RetractByStanzaId,
  RetractV1,
  Retracted,
  RetractedByStanzaId,
  RetractedV1,
  StanzaId,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import { JULIET, ROMEO, chat, read, verona } from './stage.fixture.ts'

const said = (to: string, words: string, id: string) => chat(to, words, OriginId({ id }))
const retraction = (to: string, id: string, how = Retract) => Message({ to, type: 'chat' }, ApplyTo({ id }, how()))
const state = ({ message }: { message: Element }): string =>
  Body.in(message) !== undefined ? 'said' : Retracted.in(message) !== undefined ? 'retracted' : 'other'

describe('XEP-0424 §5: retraction', () => {
  it('leaves a tombstone in both archives, and is archived itself', async (t) => {
    const { romeo, juliet } = await verona(t)
    await romeo.send(said(JULIET, 'keep', 'o1'))
    await romeo.send(said(JULIET, 'oops', 'o2'))
    await romeo.send(retraction(JULIET, 'o2'))
    for (const device of [romeo, juliet]) {
      const { results } = await read(device)
      assert.deepEqual(results.map(state), ['said', 'retracted', 'other'])
      const tombstone = results[1]!.message
      assert.equal(tombstone.attr('from'), `${ROMEO}/orchard`)
      assert.equal(OriginId.in(Retracted.in(tombstone)!)?.attr('id'), 'o2')
      assert.equal(tombstone.children.length, 1)
    }
  })

  it('means a message that is still on its way into the archive, too', async (t) => {
    const { romeo, juliet } = await verona(t)
    await Promise.all([romeo.send(said(JULIET, 'oops', 'o1')), romeo.send(retraction(JULIET, 'o1'))])
    assert.deepEqual((await read(juliet)).results.map(state), ['retracted', 'other'])
  })

  it('means the newest message with this id, of this sender, in this conversation', async (t) => {
    const { romeo, juliet } = await verona(t)
    await romeo.send(said(JULIET, 'first', 'o1'))
    await romeo.send(said(JULIET, 'second', 'o1'))
    await romeo.send(said('mercutio@example.com', 'elsewhere', 'o1'))
    await juliet.send(retraction(ROMEO, 'o1'))
    assert.deepEqual((await read(romeo)).results.map(state), ['said', 'said', 'said', 'other'])
    await romeo.send(retraction(JULIET, 'o1'))
    assert.deepEqual((await read(romeo)).results.map(state), ['said', 'retracted', 'said', 'other', 'other'])
  })

  it("by the archive's id", async (t) => {
    const { romeo, juliet } = await verona(t, { same_mam_id_for_peers: true })
    await romeo.send(said(JULIET, 'oops', 'o1'))
    const [id] = (await read(romeo)).ids
    await juliet.send(retraction(ROMEO, id!, RetractByStanzaId))
    await romeo.send(retraction(JULIET, 'not an id', RetractByStanzaId))
    assert.deepEqual((await read(juliet)).results.map(state), ['said', 'other', 'other'])
    await romeo.send(retraction(JULIET, id!, RetractByStanzaId))
    const [tombstone] = (await read(juliet)).results
    const held = RetractedByStanzaId.in(tombstone!.message)!
    assert.deepEqual([StanzaId.in(held)?.attr('id'), StanzaId.in(held)?.attr('by')], [id, JULIET])
    assert.equal(OriginId.in(held)?.attr('id'), 'o1')
  })

  it("0.4.2 §4.1: by the stanza's id, of a message with an origin-id or without; S62: of nobody else", async (t) => {
    const { romeo, juliet } = await verona(t)
    const withId = (id: string, ...more: Element[]) => Message({ to: JULIET, type: 'chat', id }, Body({}, id), ...more)
    const retracting = (to: string, id: string) => Message({ to, type: 'chat', id: `r-${id}` }, RetractV1({ id }))
    await romeo.send(withId('plain'))
    await romeo.send(withId('both', OriginId({ id: 'both' })))
    await romeo.send(withId('kept'))
    await juliet.send(retracting(ROMEO, 'kept'))
    await romeo.send(retracting(JULIET, 'plain'))
    await romeo.send(retracting(JULIET, 'both'))
    await romeo.send(retracting('mercutio@example.com', 'kept'))
    await romeo.send(retracting(JULIET, 'never said'))
    const { results } = await read(juliet)
    const states = results.map(({ message }) => RetractedV1.in(message)?.attr('id') ?? message.attr('id'))
    assert.deepEqual(states.slice(0, 3), ['r-plain', 'r-both', 'kept'])
    assert.deepEqual([results[0]?.message.children.length, results[0]?.message.attr('id')], [1, 'plain'])
  })

  it('changes nothing when it is switched off', async (t) => {
    const { romeo, scene } = await verona(t, { message_retraction: false })
    await romeo.send(said(JULIET, 'oops', 'o1'))
    await romeo.send(retraction(JULIET, 'o1'))
    assert.deepEqual((await read(romeo)).results.map(state), ['said', 'other'])
    assert.equal(scene.host.accountFeatures.list().includes(Retract.ns), false)
  })
})
