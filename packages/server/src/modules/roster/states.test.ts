import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type State, inbound, outbound, subscriptionType } from './states.ts'

/** The nine states of RFC 6121 §A.1. */
const STATES: Readonly<Record<string, State>> = {
  None: { to: false, from: false, out: false, in: false },
  'None + Pending Out': { to: false, from: false, out: true, in: false },
  'None + Pending In': { to: false, from: false, out: false, in: true },
  'None + Pending Out+In': { to: false, from: false, out: true, in: true },
  To: { to: true, from: false, out: false, in: false },
  'To + Pending In': { to: true, from: false, out: false, in: true },
  From: { to: false, from: true, out: false, in: false },
  'From + Pending Out': { to: false, from: true, out: true, in: false },
  Both: { to: true, from: true, out: false, in: false },
}

/** One table: for each state whether the stanza goes on and, unless it stays, the state that follows. */
type Table = readonly (readonly [state: string, passes: 'MUST' | 'MUST NOT', next?: string])[]

const OUTBOUND: Readonly<Record<string, Table>> = {
  '§A.2.1 subscribe': [
    ['None', 'MUST', 'None + Pending Out'],
    ['None + Pending Out', 'MUST'],
    ['None + Pending In', 'MUST', 'None + Pending Out+In'],
    ['None + Pending Out+In', 'MUST'],
    ['To', 'MUST'],
    ['To + Pending In', 'MUST'],
    ['From', 'MUST', 'From + Pending Out'],
    ['From + Pending Out', 'MUST'],
    ['Both', 'MUST'],
  ],
  '§A.2.2 unsubscribe': [
    ['None', 'MUST'],
    ['None + Pending Out', 'MUST', 'None'],
    ['None + Pending In', 'MUST'],
    ['None + Pending Out+In', 'MUST', 'None + Pending In'],
    ['To', 'MUST', 'None'],
    ['To + Pending In', 'MUST', 'None + Pending In'],
    ['From', 'MUST'],
    ['From + Pending Out', 'MUST', 'From'],
    ['Both', 'MUST', 'From'],
  ],
  '§A.2.3 subscribed': [
    ['None', 'MUST NOT'],
    ['None + Pending Out', 'MUST NOT'],
    ['None + Pending In', 'MUST', 'From'],
    ['None + Pending Out+In', 'MUST', 'From + Pending Out'],
    ['To', 'MUST NOT'],
    ['To + Pending In', 'MUST', 'Both'],
    ['From', 'MUST NOT'],
    ['From + Pending Out', 'MUST NOT'],
    ['Both', 'MUST NOT'],
  ],
  '§A.2.4 unsubscribed': [
    ['None', 'MUST NOT'],
    ['None + Pending Out', 'MUST NOT'],
    ['None + Pending In', 'MUST', 'None'],
    ['None + Pending Out+In', 'MUST', 'None + Pending Out'],
    ['To', 'MUST NOT'],
    ['To + Pending In', 'MUST', 'To'],
    ['From', 'MUST', 'None'],
    ['From + Pending Out', 'MUST', 'None + Pending Out'],
    ['Both', 'MUST', 'To'],
  ],
}

const INBOUND: Readonly<Record<string, Table>> = {
  '§A.3.1 subscribe': [
    ['None', 'MUST', 'None + Pending In'],
    ['None + Pending Out', 'MUST', 'None + Pending Out+In'],
    ['None + Pending In', 'MUST NOT'],
    ['None + Pending Out+In', 'MUST NOT'],
    ['To', 'MUST', 'To + Pending In'],
    ['To + Pending In', 'MUST NOT'],
    ['From', 'MUST NOT'],
    ['From + Pending Out', 'MUST NOT'],
    ['Both', 'MUST NOT'],
  ],
  '§A.3.2 unsubscribe': [
    ['None', 'MUST NOT'],
    ['None + Pending Out', 'MUST NOT'],
    ['None + Pending In', 'MUST', 'None'],
    ['None + Pending Out+In', 'MUST', 'None + Pending Out'],
    ['To', 'MUST NOT'],
    ['To + Pending In', 'MUST', 'To'],
    ['From', 'MUST', 'None'],
    ['From + Pending Out', 'MUST', 'None + Pending Out'],
    ['Both', 'MUST', 'To'],
  ],
  '§A.3.3 subscribed': [
    ['None', 'MUST NOT'],
    ['None + Pending Out', 'MUST', 'To'],
    ['None + Pending In', 'MUST NOT'],
    ['None + Pending Out+In', 'MUST', 'To + Pending In'],
    ['To', 'MUST NOT'],
    ['To + Pending In', 'MUST NOT'],
    ['From', 'MUST NOT'],
    ['From + Pending Out', 'MUST', 'Both'],
    ['Both', 'MUST NOT'],
  ],
  '§A.3.4 unsubscribed': [
    ['None', 'MUST NOT'],
    ['None + Pending Out', 'MUST', 'None'],
    ['None + Pending In', 'MUST NOT'],
    ['None + Pending Out+In', 'MUST', 'None + Pending In'],
    ['To', 'MUST', 'None'],
    ['To + Pending In', 'MUST', 'None + Pending In'],
    ['From', 'MUST NOT'],
    ['From + Pending Out', 'MUST', 'From'],
    ['Both', 'MUST', 'From'],
  ],
}

for (const [direction, tables, rule] of [
  ['outbound', OUTBOUND, outbound],
  ['inbound', INBOUND, inbound],
] as const) {
  for (const [title, table] of Object.entries(tables)) {
    describe(`RFC 6121 ${title}, ${direction}`, () => {
      const type = subscriptionType(title.split(' ')[1])!
      assert.equal(table.length, Object.keys(STATES).length)
      for (const [state, passes, next = state] of table) {
        it(`${state}: ${passes} go on, then ${next}`, () => {
          assert.deepEqual(rule(type, STATES[state]!), { passes: passes === 'MUST', state: STATES[next] })
        })
      }
    })
  }
}

describe('RFC 6121 Appendix A: both sides together', () => {
  const types = ['subscribe', 'subscribed', 'unsubscribe', 'unsubscribed'] as const
  const step = fc.record({ sender: fc.constantFrom(0, 1), type: fc.constantFrom(...types) })

  it('agree whatever is sent, as long as it arrives', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const sides = [STATES['None']!, STATES['None']!]
        for (const { sender, type } of steps) {
          const sent = outbound(type, sides[sender]!)
          sides[sender] = sent.state
          if (sent.passes) sides[1 - sender] = inbound(type, sides[1 - sender]!).state
        }
        const [a, b] = sides as [State, State]
        assert.deepEqual([a.to, a.from, a.out, a.in], [b.from, b.to, b.in, b.out])
      }),
    )
  })
})
