/** What our words make of the examples of their specifications; those of the server's behaviour are played in packages/server/src/testing/examples. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseElement } from '@meerkat/xml'
import { isOnlyChatState } from '../chat-states.ts'
import { formatDateTime } from '../datetime.ts'
import { buildDelay, parseDelay } from '../delay.ts'
import { buildForwarded, parseForwarded } from '../forward.ts'
import { NoCopyHint, NoPermanentStoreHint, NoStoreHint, StoreHint, forbidsArchiving } from '../hints.ts'
import { xep0085 } from './xep-0085.fixture.ts'
import { xep0203 } from './xep-0203.fixture.ts'
import { forwarded, received } from './xep-0297.fixture.ts'
import { hinted } from './xep-0334.fixture.ts'

describe('XEP-0085', () => {
  for (const { example, alone, xml } of xep0085)
    it(`example ${example} ${alone ? 'says a state alone' : 'says more than a state'}`, () =>
      assert.equal(isOnlyChatState(parseElement(xml)), alone))
})

describe('XEP-0203', () => {
  for (const { example, title, xml, from, stamp, reason } of xep0203)
    it(`example ${example}: ${title}`, () => {
      const delay = parseDelay(parseElement(xml))!
      assert.deepEqual([delay.from, formatDateTime(delay.stamp, 3), delay.reason.trim()], [from, stamp, reason])
      assert.equal(buildDelay(delay).attr('stamp'), stamp.replace('.000Z', '.000000Z'))
    })
})

describe('XEP-0297', () => {
  it('examples 1 and 2: a message is forwarded', () => {
    const { stanza, delay } = parseForwarded(parseElement(forwarded))!
    assert.deepEqual(said(stanza), said(parseElement(received)))
    assert.equal(formatDateTime(delay!.stamp, 0), '2010-07-10T23:08:25Z')
    const again = parseForwarded(parseElement(forwarded).withChildren([buildForwarded(stanza, delay)]))!
    assert.deepEqual([said(again.stanza), again.delay?.stamp], [said(stanza), delay!.stamp])
  })
})

describe('XEP-0334', () => {
  it('example 1: no-copy and no-store', () => {
    const message = parseElement(hinted)
    const hints = [NoCopyHint, NoStoreHint, NoPermanentStoreHint, StoreHint].map(
      (hint) => hint.in(message) !== undefined,
    )
    assert.deepEqual(hints, [true, true, false, false])
    assert.equal(forbidsArchiving(message), true)
  })
})

/** What an element says, whatever the space between its children. */
function said(element: ReturnType<typeof parseElement>): unknown[] {
  const { name, ns, attrs, children } = element
  const pairs = Object.fromEntries(
    attrs.flatMap((key, i) => (i % 2 === 0 && key !== 'xmlns' ? [[key, attrs[i + 1]]] : [])),
  )
  const inner = children.map((child) => (typeof child === 'string' ? child.trim() : said(child)))
  return [ns, name, pairs, ...inner.filter((child) => child !== '')]
}
