import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseElement, serialize } from '@meerkat/xml'
import { buildAmpError, buildAmpNotice, parseAmp, parseAmpTold, withoutAmp } from './amp.ts'

const FRANCISCO = 'francisco@hamlet.lit'
const BERNARDO = 'bernardo@hamlet.lit/elsinore'
const rule = (action: string, condition = 'deliver', value = 'stored') =>
  `<rule condition='${condition}' value='${value}' action='${action}'/>`
const sent = (rules: string, attributes = '') =>
  parseElement(`<message xmlns='jabber:client' to='${FRANCISCO}' from='${BERNARDO}' type='chat' id='chatty2'>
    <body>Who's there?</body><amp xmlns='http://jabber.org/protocol/amp' ${attributes}>${rules}</amp></message>`)
const STORED = { condition: 'deliver', value: 'stored', action: 'notify' } as const

describe('XEP-0079 §2.1.2: rules', () => {
  it('are read in their order', () => {
    const read = parseAmp(sent(rule('drop', 'expire-at', '2004-01-01T00:00:00Z') + rule('notify')))
    const expire = { condition: 'expire-at', value: '2004-01-01T00:00:00Z', action: 'drop' }
    assert.deepEqual(read, { rules: [expire, STORED], invalid: [] })
  })

  it('that nobody knows stand apart', () => {
    const unknown = [
      rule('notify', 'broken'),
      rule('notify', 'toString'),
      rule('dance'),
      rule('notify', 'deliver', 'any'),
      '<rule/>',
    ]
    const read = parseAmp(sent(unknown.join('')))
    assert.deepEqual([read?.rules.length, read?.invalid.length], [0, 5])
    assert.deepEqual(read?.invalid[4], { condition: '', value: '', action: '' })
  })

  it('are none in notices, in errors and where there is no rule', () => {
    assert.equal(parseAmp(sent(rule('notify'), "status='notify'")), undefined)
    assert.equal(parseAmp(buildAmpError(sent(rule('notify')), 'failed-rules', [STORED])), undefined)
    assert.equal(parseAmp(sent('')), undefined)
    assert.equal(parseAmp(withoutAmp(sent(rule('notify')))), undefined)
  })
})

describe('XEP-0079 §2.2.5 and §6: what senders are told', () => {
  it('§3.4.4: a rule that was met, without the words of the message', () => {
    const notice = buildAmpNotice(sent(rule('notify')), STORED)
    const expected = parseElement(`<message xmlns='jabber:client' id='chatty2'>
      <amp xmlns='http://jabber.org/protocol/amp' status='notify' from='${BERNARDO}' to='${FRANCISCO}'>
        ${rule('notify')}</amp></message>`)
    assert.equal(serialize(notice), serialize(expected).replaceAll(/\n\s*/g, ''))
    assert.deepEqual(parseAmpTold(notice), { status: 'notify', rules: [STORED], fault: undefined })
  })

  it('§3.4.3: an error, with the rule that was met', () => {
    const error = buildAmpError(sent(rule('error')), 'failed-rules', [{ ...STORED, action: 'error' }])
    const expected = parseElement(`<message xmlns='jabber:client' id='chatty2' type='error'>
      <amp xmlns='http://jabber.org/protocol/amp' status='error' from='${BERNARDO}' to='${FRANCISCO}'>
        ${rule('error')}</amp>
      <error type='modify'><undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
        <failed-rules xmlns='http://jabber.org/protocol/amp#errors'>
          <rule xmlns='http://jabber.org/protocol/amp' condition='deliver' value='stored' action='error'/>
        </failed-rules></error></message>`)
    assert.equal(serialize(error), serialize(expected).replaceAll(/\n\s*/g, ''))
    assert.equal(parseAmpTold(error)?.fault, 'failed-rules')
  })

  it('§6.2: rules that are refused', () => {
    const told = (fault: Parameters<typeof buildAmpError>[1]) =>
      parseAmpTold(buildAmpError(sent(rule('alert')), fault, [{ ...STORED, action: 'alert' }]))
    for (const fault of ['unsupported-actions', 'unsupported-conditions', 'invalid-rules'] as const)
      assert.deepEqual(told(fault), { status: undefined, rules: [{ ...STORED, action: 'alert' }], fault })
  })

  it('are no rules themselves', () => {
    assert.equal(parseAmpTold(sent(rule('notify'))), undefined)
    assert.equal(parseAmpTold(withoutAmp(sent(rule('notify')))), undefined)
  })
})
