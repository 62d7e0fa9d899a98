import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseElement, serialize } from '@meerkat/xml'
import { buildLast, parseLast } from './last-activity.ts'

const NS = 'jabber:iq:last'
const read = (xml: string) => parseLast(parseElement(xml))

describe('XEP-0012 §2 and §3: the answer to a query', () => {
  it('has the seconds, and the status with which the user has left', () => {
    const home = buildLast({ seconds: 903, status: 'Heading Home' })
    const expected = parseElement(`<query xmlns='${NS}' seconds='903'>Heading Home</query>`)
    assert.equal(serialize(home), serialize(expected))
    assert.deepEqual(parseLast(home), { seconds: 903, status: 'Heading Home' })
    assert.deepEqual(buildLast({ seconds: 903, status: '' }).children, [])
    assert.deepEqual(parseLast(buildLast({ seconds: 0 })), { seconds: 0, status: undefined })
  })

  it('is none without a whole number', () => {
    for (const seconds of ['', '-1', '1e3', '0x10', '1'.repeat(16)])
      assert.equal(read(`<query xmlns='${NS}' seconds='${seconds}'/>`), undefined)
    assert.equal(read(`<query xmlns='${NS}'/>`), undefined)
  })
})
