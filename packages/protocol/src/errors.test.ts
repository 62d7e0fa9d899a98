import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Element, parseElement, serialize } from '@meerkat/xml'
import { SaslError, StanzaError, StreamError, errorCondition, errorDescription } from './errors.ts'
import {
  Iq,
  Message,
  errorReply,
  isRequest,
  mayBounce,
  messageType,
  payload,
  presencePriority,
  readStanzaError,
  result,
} from './stanza.ts'

const reread = (element: Element): Element => parseElement(serialize(element))

describe('RFC 6120 §8.3: stanza errors', () => {
  const application = new Element('too-many-parameters', 'http://example.org/ns', [], [])
  const error = new StanzaError('modify', 'not-acceptable', 'No thanks', application)

  it('go into a reply that is addressed back, and echo nothing', () => {
    const message = parseElement(
      `<message xmlns='jabber:client' id='m1' type='chat' from='a@x/1' to='b@y' xml:lang='en'><body>secret</body></message>`,
    )
    const reply = reread(errorReply(message, error))
    assert.deepEqual(
      ['type', 'id', 'from', 'to', 'xml:lang'].map((name) => reply.attr(name)),
      ['error', 'm1', 'b@y', 'a@x/1', 'en'],
    )
    assert.doesNotMatch(serialize(reply), /secret/)
    assert.deepEqual([errorCondition(reply), errorDescription(reply)], ['not-acceptable', 'No thanks'])
  })

  it('are read back as they were', () => {
    const read = readStanzaError(reread(errorReply(Iq({ type: 'get', id: '1' }), error)))
    assert.deepEqual(
      [read.type, read.condition, read.text, read.application],
      ['modify', 'not-acceptable', 'No thanks', application],
    )
  })

  it('that cannot be read become undefined-condition', () => {
    for (const broken of [
      Iq({ type: 'error' }),
      parseElement(`<iq xmlns='jabber:client' type='error'><error type='odd'/></iq>`),
    ]) {
      const { type, condition } = readStanzaError(broken)
      assert.deepEqual([type, condition], ['cancel', 'undefined-condition'])
    }
  })

  it('S59: are never answered, and neither is an IQ result', () => {
    const bounces = [
      Message({ type: 'error' }),
      Iq({ type: 'error' }),
      Iq({ type: 'result' }),
      Message(),
      Iq({ type: 'set' }),
    ].map(mayBounce)
    assert.deepEqual(bounces, [false, false, false, true, true])
  })
})

describe('RFC 6120 §4.9 and §6.5: stream and SASL errors', () => {
  it('carry their condition and text', () => {
    const stream = new StreamError('policy-violation', 'Too much').toElement()
    assert.deepEqual([errorCondition(stream), errorDescription(stream)], ['policy-violation', 'Too much'])
    const sasl = new SaslError('not-authorized').toElement()
    assert.deepEqual([errorCondition(sasl), errorDescription(sasl)], ['not-authorized', ''])
  })
})

describe('reading stanzas', () => {
  it('RFC 6121 §5.2.2: an absent or unknown type of a message is normal', () => {
    const types = [undefined, 'odd', 'chat', 'headline', 'groupchat', 'error', 'normal'].map((type) =>
      messageType(Message({ type })),
    )
    assert.deepEqual(types, ['normal', 'normal', 'chat', 'headline', 'groupchat', 'error', 'normal'])
  })

  it('RFC 6121 §4.7.2.3: a priority is a number from -128 to 127, and otherwise 0', () => {
    const priority = (text: string) =>
      presencePriority(parseElement(`<presence xmlns='jabber:client'><priority>${text}</priority></presence>`))
    assert.deepEqual(['5', ' -128 ', '127', '128', '-129', '1.5', '', 'x'].map(priority), [5, -128, 127, 0, 0, 0, 0, 0])
    assert.equal(presencePriority(parseElement(`<presence xmlns='jabber:client'/>`)), 0)
  })

  it('RFC 6120 §8.2.3: an IQ request has one child', () => {
    const child = new Element('query', 'ns', [], [])
    assert.deepEqual(
      [payload(Iq({}, child)), payload(Iq()), payload(Iq({}, child, child))],
      [child, undefined, undefined],
    )
    assert.deepEqual(
      ['get', 'set', 'result', 'error'].map((type) => isRequest(Iq({ type }))),
      [true, true, false, false],
    )
    const answer = result(Iq({ type: 'get', id: '7', from: 'a@x/1', to: 'x' }), child)
    assert.deepEqual(
      ['type', 'id', 'from', 'to'].map((name) => answer.attr(name)),
      ['result', '7', 'x', 'a@x/1'],
    )
  })
})
