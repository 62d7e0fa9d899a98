import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TimerWheel } from '../core/timers.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { RequestError } from './errors.ts'
import { WrongCredentials } from './wrong-credentials.ts'

function scene() {
  const clock = new FakeClock()
  const timers = new TimerWheel(clock, (error) => assert.fail(String(error)))
  const guard = new WrongCredentials(clock, timers)
  const wrong = (): string => {
    throw new RequestError(401, 'wrong_credentials', 'wrong')
  }
  /** The status of so many tries at once, with the seconds that the last answer took. */
  const tries = async (count: number, ip: string): Promise<{ statuses: number[]; seconds: number }> => {
    const statuses: number[] = []
    for (let i = 0; i < count; i++)
      guard
        .recognise(ip, wrong)
        .catch((error: unknown) => statuses.push(error instanceof RequestError ? error.status : 0))
    let seconds = 0
    for (; statuses.length < count; seconds++) {
      for (let turn = 0; turn < 10; turn++) await Promise.resolve()
      if (statuses.length === count) break
      clock.advance(1)
      timers.advance()
    }
    return { statuses, seconds }
  }
  return { clock, guard, tries }
}

describe('S36: wrong credentials at the API', () => {
  it('are answered at once while people may have mistyped, then later and later', async () => {
    const { tries } = scene()
    assert.deepEqual(await tries(10, '192.0.2.1'), { statuses: Array.from({ length: 10 }, () => 401), seconds: 0 })
    assert.ok((await tries(8, '192.0.2.1')).seconds >= 8)
    assert.equal((await tries(1, '192.0.2.2')).seconds, 0)
  })

  it('are refused for a while after too many, also when the right ones come, and from nowhere else', async () => {
    const { tries, guard, clock } = scene()
    const tried = tries(150, '192.0.2.1')
    await assert.rejects(
      guard.recognise('192.0.2.1', () => 'admin'),
      { status: 429 },
    )
    const { statuses } = await tried
    assert.equal(statuses.filter((status) => status === 401).length, 100)
    assert.equal(statuses.filter((status) => status === 429).length, 50)
    assert.equal(await guard.recognise('192.0.2.9', () => 'admin'), 'admin')
    clock.advance(20)
    assert.equal(await guard.recognise('192.0.2.1', () => 'admin'), 'admin')
  })

  it('count, and other refusals do not', async () => {
    const { guard, tries } = scene()
    for (let i = 0; i < 200; i++)
      await assert.rejects(
        guard.recognise('192.0.2.1', () => {
          throw new RequestError(401, 'request_error', 'malformed')
        }),
        { code: 'request_error' },
      )
    assert.equal((await tries(1, '192.0.2.1')).seconds, 0)
  })
})
