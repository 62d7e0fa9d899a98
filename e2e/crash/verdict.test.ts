/** The verdict finds every kind of fault, so that a run without problems means something. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Ledger, type Seen } from './ledger.ts'
import { type Archives, verdict } from './verdict.ts'

/** Archives in which the messages have their places as ids. */
function archives(anna: readonly string[], rosa: readonly string[]): Archives {
  const found = (bodies: readonly string[]) => ({
    messages: bodies.map((body) => ({ id: `id ${body}`, body })),
    count: bodies.length,
  })
  return new Map([
    ['anna', found(anna)],
    ['rosa', found(rosa)],
  ])
}

const [first, second] = ['anna>rosa#1', 'anna>rosa#2']

/** Two messages were sent, and these were acknowledged and have been seen. */
function ledger(acknowledged: readonly string[], seen: readonly (Partial<Seen> & { readonly body: string })[]): Ledger {
  const ledger = new Ledger(() => undefined)
  ledger.next('anna', 'rosa')
  ledger.next('anna', 'rosa')
  for (const body of acknowledged) ledger.acknowledge(body)
  for (const one of seen)
    ledger.see('rosa', { id: `id ${one.body}`, way: 'stream', session: 1, delayed: false, ...one })
  return ledger
}

describe('the verdict on a run', () => {
  it('finds nothing where all is well, whatever became of what was not acknowledged', () => {
    const seen = [{ body: first }, { body: second }]
    assert.deepEqual(verdict(ledger([first, second], seen), archives([first, second], [first, second])), [])
    assert.deepEqual(verdict(ledger([first], [{ body: first }]), archives([first], [first])), [])
    assert.deepEqual(verdict(ledger([], []), archives([first], [first])), [])
  })

  const faults: readonly (readonly [what: string, ledger: Ledger, archives: Archives, problem: RegExp])[] = [
    ['a loss', ledger([first], [{ body: first }]), archives([], []), /#1 was acknowledged and is lost/],
    ['one archive only', ledger([], []), archives([first], []), /#1 is in one archive only/],
    ['a double', ledger([], []), archives([first, first], [first]), /#1 is in the archive of anna more than once/],
    [
      'disorder',
      ledger([], []),
      archives([second, first], [first, second]),
      /#1 \(behind #2\) is out of order in the archive of anna/,
    ],
    [
      'what never arrived',
      ledger([first], []),
      archives([first], [first]),
      /#1 was acknowledged and did not reach rosa/,
    ],
    ['what was seen too early', ledger([], [{ body: first }]), archives([], []), /which the archive lacks/],
    ['an id of nothing', ledger([], [{ body: first, id: 'other' }]), archives([first], [first]), /'other' .* lacks/],
    [
      'a double delivery',
      ledger([], [{ body: first }, { body: first }]),
      archives([first], [first]),
      /#1 came to rosa more than once in session 1/,
    ],
    [
      'a delivery out of order',
      ledger([], [{ body: second }, { body: first }]),
      archives([first, second], [first, second]),
      /#1 \(behind #2\) came to rosa out of order in session 1/,
    ],
  ]
  for (const [what, ledger, archives, problem] of faults)
    it(`finds ${what}`, () => {
      assert.match(verdict(ledger, archives).join('\n'), problem)
    })

  it('finds that a kept message was overtaken', () => {
    const seen = [{ body: second }, { body: first, delayed: true }]
    const both = archives([first, second], [first, second])
    assert.match(verdict(ledger([], seen), both).join(), /#1 \(behind #2, delayed\) came to rosa out of order/)
  })

  it('finds a count that is wrong', () => {
    const wrong = new Map([['anna', { messages: [], count: 1 }]])
    assert.deepEqual(verdict(new Ledger(() => undefined), wrong), ['the archive of anna has 0 messages, and says 1'])
  })
})
