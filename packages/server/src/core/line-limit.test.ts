import assert from 'node:assert/strict'
import { test } from 'node:test'
import { story } from '../testing/story.ts'

/** A server, and what it logs of its own. */
async function scene(t: Parameters<typeof story>[0]) {
  const begun = await story(t, { modules: [] })
  const lines: Record<string, unknown>[] = []
  Object.assign(begun.kernel.log, { error: (line: Record<string, unknown>) => void lines.push(line) })
  const report = (what: string, module?: string): void =>
    begun.kernel.report(what, new Error('oops'), module === undefined ? {} : { module })
  return { begun, lines, report }
}

test('R24: a failure that comes again and again is counted, and does not fill the log', async (t) => {
  const { begun, lines, report } = await scene(t)
  for (let i = 0; i < 1000; i++) report('stanza_failed')
  assert.equal(lines.length, 10)
  assert.equal(begun.kernel.counters.unexpectedErrors, 1000)
  await begun.wait(2)
  assert.deepEqual(lines.slice(10), [{ what: 'errors_left_out', of: 'stanza_failed', count: 990 }])
  report('stanza_failed')
  assert.equal(lines.at(-1)?.what, 'stanza_failed')
  await begun.wait(2)
  assert.equal(lines.length, 12, 'nothing was left out in that second')
  assert.equal(begun.kernel.timers.size, 0)
})

test('R24: failures of other kinds, and of other modules, are still told', async (t) => {
  const { lines, report } = await scene(t)
  for (let i = 0; i < 100; i++) report('hook_failed', 'mod_a')
  report('hook_failed', 'mod_b')
  report('timer_failed')
  assert.deepEqual(
    lines.slice(10).map(({ what, module }) => [what, module]),
    [
      ['hook_failed', 'mod_b'],
      ['timer_failed', undefined],
    ],
  )
})

test('R24: what was left out is told when the next failure comes, should no timer have told it', async (t) => {
  const { begun, lines, report } = await scene(t)
  for (let i = 0; i < 12; i++) report('stanza_failed')
  begun.clock.advance(1)
  report('stanza_failed')
  assert.deepEqual(
    lines.slice(10).map(({ what, count }) => [what, count]),
    [
      ['errors_left_out', 2],
      ['stanza_failed', undefined],
    ],
  )
})
