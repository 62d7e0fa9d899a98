import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, Message } from '@meerkat/protocol'
import { Outgoing } from './outgoing.ts'

const said = (text: string) => Message({ to: 'juliet@example.com' }, Body({}, text))

describe('what waits for a BOSH client', () => {
  it('is taken together, in order', () => {
    const outgoing = new Outgoing({ outboundBytes: 1000, outboundStanzas: 10 })
    assert.ok(outgoing.isEmpty)
    const length = outgoing.add(said('one')) + outgoing.add(said('two'))
    const content = outgoing.take()
    assert.equal(content.length, length)
    assert.match(content, /one.*two/)
    assert.ok(outgoing.isEmpty)
  })

  it('is too much by its bytes, or by its stanzas', () => {
    const byBytes = new Outgoing({ outboundBytes: 200, outboundStanzas: 10 })
    byBytes.add(said('x'))
    assert.equal(byBytes.isFull, false)
    byBytes.add(said('x'.repeat(200)))
    assert.equal(byBytes.isFull, true)
    const byStanzas = new Outgoing({ outboundBytes: 10_000, outboundStanzas: 2 })
    for (let i = 0; i < 3; i++) byStanzas.add(said('x'))
    assert.equal(byStanzas.isFull, true)
    byStanzas.take()
    assert.equal(byStanzas.isFull, false)
  })

  it('lets others wait from a quarter on, until it is taken', async () => {
    const outgoing = new Outgoing({ outboundBytes: 10_000, outboundStanzas: 8 })
    assert.equal(outgoing.room(true), undefined)
    outgoing.add(said('x'))
    assert.equal(outgoing.room(false), undefined)
    const empty = outgoing.room(true)
    outgoing.add(said('x'))
    const room = outgoing.room(false)
    outgoing.take()
    await Promise.all([empty, room])
  })
})
