import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Element, tag } from '@meerkat/xml'
import { type StanzaCondition, StanzaError } from './errors.ts'
import { parseJid } from './jid.ts'
import {
  buildRoster,
  buildRosterSet,
  parseRoster,
  parseRosterSet,
  RosterGroup,
  RosterItem,
  RosterQuery,
} from './roster.ts'

const jid = parseJid('nurse@example.com')
const refused = (condition: StanzaCondition) => (error: unknown) =>
  error instanceof StanzaError && error.type === 'modify' && error.condition === condition

describe('RFC 6121 §2.1: a roster', () => {
  const full = {
    jid,
    name: 'Nurse',
    subscription: 'both',
    ask: false,
    approved: true,
    groups: ['Servants', 'Friends'],
  } as const
  const bare = {
    jid: parseJid('romeo@example.net'),
    name: '',
    subscription: 'none',
    ask: true,
    approved: false,
    groups: [],
  } as const

  it('is written with what is set', () => {
    assert.deepEqual(
      buildRoster([full, bare], 'ver11'),
      RosterQuery(
        { ver: 'ver11' },
        RosterItem(
          { approved: 'true', jid: 'nurse@example.com', name: 'Nurse', subscription: 'both' },
          RosterGroup({}, 'Servants'),
          RosterGroup({}, 'Friends'),
        ),
        RosterItem({ ask: 'subscribe', jid: 'romeo@example.net', subscription: 'none' }),
      ),
    )
  })

  it('is read back', () => {
    assert.deepEqual(parseRoster(buildRoster([full, bare])), [full, bare])
  })

  it('§2.1.2.5: an absent or unknown subscription means none', () => {
    const roster = RosterQuery({}, RosterItem({ jid }), RosterItem({ jid, subscription: 'constructor' }))
    assert.deepEqual(
      parseRoster(roster).map((entry) => entry.subscription),
      ['none', 'none'],
    )
  })
})

describe('RFC 6121 §2.3: a roster set', () => {
  const set = (...items: Element[]) => parseRosterSet(RosterQuery({}, ...items))

  it('carries the name and the groups; all else is not for the user to set', () => {
    const item = RosterItem(
      { jid, name: 'Nurse', subscription: 'both', ask: 'subscribe', approved: 'true' },
      RosterGroup({}, 'Servants'),
    )
    assert.deepEqual(set(item), { jid, name: 'Nurse', groups: ['Servants'], remove: false })
  })

  it('§2.5: removes', () => {
    assert.deepEqual(parseRosterSet(buildRosterSet({ jid, remove: true })), { jid, name: '', groups: [], remove: true })
  })

  it('is what a client builds', () => {
    const change = { jid, name: 'Nurse', groups: ['Servants'] }
    assert.deepEqual(parseRosterSet(buildRosterSet(change)), { ...change, remove: false })
  })

  it('§2.3.3: has exactly one item, with an address', () => {
    assert.throws(() => set(), refused('bad-request'))
    assert.throws(() => set(RosterItem({ jid }), RosterItem({ jid })), refused('bad-request'))
    assert.throws(() => set(tag('urn:example', 'item')({ jid })), refused('bad-request'))
    assert.throws(() => set(RosterItem({})), refused('bad-request'))
    assert.throws(() => set(RosterItem({ jid: '@example.com' })), refused('jid-malformed'))
  })

  it('§2.3.3: names a group once, and not by an empty name', () => {
    assert.throws(() => set(RosterItem({ jid }, RosterGroup({}, 'a'), RosterGroup({}, 'a'))), refused('bad-request'))
    assert.throws(() => set(RosterItem({ jid }, RosterGroup())), refused('not-acceptable'))
  })

  it('S57: long names and many groups are refused', () => {
    const many = Array.from({ length: 101 }, (_, i) => RosterGroup({}, `group ${i}`))
    assert.throws(() => set(RosterItem({ jid, name: 'x'.repeat(1024) })), refused('not-acceptable'))
    assert.throws(() => set(RosterItem({ jid }, RosterGroup({}, 'x'.repeat(1_000_000)))), refused('not-acceptable'))
    assert.throws(() => set(RosterItem({ jid }, ...many)), refused('not-acceptable'))
    assert.equal(set(RosterItem({ jid, name: 'x'.repeat(1023) }, ...many.slice(1))).groups.length, 100)
  })
})
