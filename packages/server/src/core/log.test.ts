import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AreaLogs, KnownSecrets, createLog } from './log.ts'

/** A root logger and the lines that it wrote. */
function written(level: string, secrets: readonly string[] = []) {
  const lines: string[] = []
  const log = createLog(level, { secrets: new KnownSecrets(secrets), write: (line) => void lines.push(line) })
  return { log, lines, whats: () => lines.map((line) => (JSON.parse(line) as { what: string }).what) }
}

describe('S90: secrets in log lines', () => {
  it('are struck out under names that tell of them', () => {
    const { log, lines } = written('info')
    log.info({ password: 'abcdefgh1', user: { token: 'abcdefgh2' }, pool: { connection: { secret: 'abcdefgh3' } } })
    assert.doesNotMatch(lines.join(''), /abcdefgh/)
  })

  it('are struck out wherever they stand when the configuration holds them, also in words of errors', () => {
    const { log, lines } = written('info', ['with "quotes"', 'abcdefgh', 'abcdefghijkl', 'tiny'])
    log.error({ what: 'x', error: 'Error: cannot log in with abcdefghijkl or abcdefgh, with "quotes"' }, 'tiny')
    assert.doesNotMatch(lines.join(''), /abcd|ijkl|quotes/)
    // A short one would be found in half of the words.
    assert.match(lines.join(''), /tiny/)
  })
})

describe('levels', () => {
  it("are MongooseIM's: a notice is graver than what is said of each session", () => {
    const { log, whats } = written('notice')
    log.info({ what: 'session_opened' })
    log.warn({ what: 'config_notice' })
    assert.deepEqual(whats(), ['config_notice'])
  })

  it('may differ between areas, and change for those without one of their own', () => {
    const { log, whats } = written('warning')
    const logs = new AreaLogs(log, 'warning', { c2s: 'debug' })
    const host = logs.part('modules', { host_type: 'a' })
    logs.area('c2s').debug({ what: 'c2s 1' })
    logs.area('http').info({ what: 'http 1' })
    host.info({ what: 'modules 1' })
    logs.setLevels('info')
    logs.area('c2s').debug({ what: 'c2s 2' })
    logs.area('http').info({ what: 'http 2' })
    host.info({ what: 'modules 2' })
    logs.setLevels('info', { modules: 'none' })
    host.error({ what: 'modules 3' })
    logs.area('c2s').debug({ what: 'c2s 3' })
    assert.deepEqual(whats(), ['c2s 1', 'c2s 2', 'http 2', 'modules 2'])
  })

  it('stand in every line with the area', () => {
    const { log, lines } = written('info')
    new AreaLogs(log).area('auth').warn({ what: 'x' })
    const { area, level } = JSON.parse(lines[0]!) as { area: string; level: number }
    assert.deepEqual([area, level], ['auth', 40])
  })
})
