import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formatDateTime, formatTimeZone, parseDateTime, parseTimeZone } from './datetime.ts'

describe('XEP-0082 §3.2: DateTime', () => {
  it('is written in UTC with the digits that are asked for', () => {
    assert.equal(formatDateTime(0), '1970-01-01T00:00:00.000000Z')
    assert.equal(formatDateTime(1_774_873_296_123_456), '2026-03-30T12:21:36.123456Z')
    assert.equal(formatDateTime(1_774_873_296_123_999, 3), '2026-03-30T12:21:36.123Z')
    assert.equal(formatDateTime(1_774_873_296_999_999, 0), '2026-03-30T12:21:36Z')
    assert.equal(formatDateTime(-1), '1969-12-31T23:59:59.999999Z')
    assert.throws(() => formatDateTime(253_402_300_800_000_000), RangeError)
  })

  it('is read with any fraction and offset', () => {
    // The examples of XEP-0082 §3.2: one moment, written twice.
    assert.equal(parseDateTime('1969-07-21T02:56:15Z'), -14_159_025_000_000)
    assert.equal(parseDateTime('1969-07-20T21:56:15-05:00'), -14_159_025_000_000)
    assert.equal(parseDateTime('1970-01-01T00:00:00.5Z'), 500_000)
    assert.equal(parseDateTime('1970-01-01T00:00:00.1234569Z'), 123_456)
    assert.equal(parseDateTime('2024-02-29T00:00:00Z'), 1_709_164_800_000_000)
  })

  it('is nothing else', () => {
    const wrong = [
      '',
      'now',
      '2026-03-30',
      '2026-03-30T12:21:36',
      '2026-03-30 12:21:36Z',
      '2026-03-30T12:21:36z',
      '2026-03-30T12:21:36.Z',
      '2026-03-30T12:21:36,5Z',
      '2026-03-30T12:21:36Z ',
      '2026-03-30T12:21:36Z2026-03-30T12:21:36Z',
      '2026-3-30T12:21:36Z',
      '20260330T12:21:36Z',
      '2026-02-29T00:00:00Z',
      '2026-04-31T00:00:00Z',
      '2026-13-01T00:00:00Z',
      '2026-00-01T00:00:00Z',
      '2026-01-00T00:00:00Z',
      '2026-03-30T24:00:00Z',
      '2026-03-30T12:60:00Z',
      '2026-03-30T12:00:60Z',
      '2026-03-30T12:00:00+1:00',
      '2026-03-30T12:00:00+01:60',
      '2026-03-30T12:00:00+24:00',
      '+026-03-30T12:00:00Z',
      '２026-03-30T12:00:00Z',
    ]
    for (const text of wrong) assert.equal(parseDateTime(text), undefined, text)
  })

  it('survives the way out and back for every microsecond', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (time) => {
        assert.equal(parseDateTime(formatDateTime(time)), time)
      }),
    )
  })

  it('never throws on any text', () => {
    fc.assert(fc.property(fc.string(), (text) => assert.equal(typeof parseDateTime(text), 'undefined')))
  })
})

describe('XEP-0082 §3.3: TimeZone', () => {
  it('is read and written', () => {
    assert.equal(parseTimeZone('Z'), 0)
    assert.equal(parseTimeZone('-00:00'), 0)
    assert.equal(parseTimeZone('+05:30'), 330)
    assert.equal(parseTimeZone('05:30'), undefined)
    assert.equal(formatTimeZone(0), 'Z')
    assert.equal(formatTimeZone(-90), '-01:30')
  })

  it('survives the way out and back', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1439, max: 1439 }), (minutes) => {
        assert.equal(parseTimeZone(formatTimeZone(minutes)), minutes)
      }),
    )
  })
})
