import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, Message, StanzaId } from '@meerkat/protocol'
import { type Element, serialize } from '@meerkat/xml'
import { textOf } from './printing.ts'

const sent = Message({ from: 'juliet@example.com/a', to: 'romeo@example.com' }, Body({}, "It's <b> & 'c'"))
const id = StanzaId({ id: '1', by: "ro'meo@example.com" })

/** Whether a message is printed as it would be alone, after another one. */
function agrees(before: Element, message: Element): void {
  assert.equal(textOf(before), serialize(before))
  assert.equal(textOf(message), serialize(message))
}

describe('the text that an archive keeps', () => {
  it('is that of the message, after itself and with a stanza-id behind the rest', () => {
    agrees(sent, sent)
    agrees(sent, sent.append(id))
    agrees(sent, sent.append(id, Body({ 'xml:lang': 'it' }, 'ciao')))
  })

  it('is that of the message, whatever was printed before', () => {
    agrees(sent, sent.set('to', 'nurse@example.com'))
    agrees(sent, sent.append('text'))
    agrees(sent.append(id), sent)
    agrees(sent, sent.withChildren([id, ...sent.children]))
    agrees(Message({}), Message({}))
    agrees(sent.withChildren([]), sent.withChildren([]).append(id))
  })
})
