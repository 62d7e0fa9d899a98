import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type StackFrame, blockedLine, culpritOf, isHookCall } from './loop-report.ts'

const frame = (name: string, path: string): StackFrame => ({ name, url: `file:///opt/server/src/${path}`, line: 7 })
const timers: StackFrame = { name: 'listOnTimeout', url: 'node:internal/timers', line: 581 }

describe('R21: who has blocked the event loop', () => {
  it('is whose listener of a hook runs', () => {
    const frames = [frame('spin', 'core/text.ts'), frame('#call', 'core/hooks.ts')]
    assert.deepEqual(frames.map(isHookCall), [false, true])
    assert.equal(culpritOf(frames, { owner: 'mod_pig', hook: 'user send' }), 'mod_pig (hook user send)')
  })

  it('is the module whose code is on the stack, where no hook is', () => {
    assert.equal(culpritOf([timers, frame('sweep', 'modules/event-pusher/sink.js')], undefined), 'mod_event_pusher')
    assert.equal(culpritOf([frame('sweep', 'modules/last.ts')], undefined), 'mod_last')
  })

  it('is otherwise a place in the code, of ours if there is one', () => {
    const foreign = { name: 'execute', url: 'file:///opt/node_modules/graphql/execute.js', line: 3 }
    assert.equal(culpritOf([foreign, frame('', 'api/account.ts')], undefined), 'anonymous (api/account.ts:7)')
    assert.equal(culpritOf([timers, foreign], undefined), 'execute (graphql/execute.js:3)')
    assert.equal(culpritOf([timers], undefined), 'listOnTimeout (node:internal/timers:581)')
    assert.equal(culpritOf([], undefined), 'unknown')
  })

  it('is told in a line as the logger writes them, of bounded length', () => {
    const line = blockedLine(
      1000.4,
      Array.from({ length: 500 }, () => timers),
      undefined,
    )
    const { time, stack, ...rest } = JSON.parse(line) as Record<string, unknown>
    assert.deepEqual(rest, {
      level: 40,
      area: 'core',
      what: 'event_loop_blocked',
      culprit: 'listOnTimeout (node:internal/timers:581)',
      ms: 1000,
      msg: 'nothing else is done while listOnTimeout (node:internal/timers:581) has the event loop',
    })
    assert.ok(Date.parse(String(time)) > 0)
    assert.equal((stack as unknown[]).length, 12)
  })
})
