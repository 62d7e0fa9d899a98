import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { remainingDays } from './certificate-watch.ts'
import { developmentCertificate } from './certificates.ts'

const DAY = 86_400_000

describe('S43: the days that a certificate has left', () => {
  it('are counted, below 0 once it has ended, with words for what cannot be counted', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'meerkat-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const { certfile } = await developmentCertificate(folder, ['localhost'])
    const now = Date.now()
    const left = remainingDays(certfile, now)
    assert.ok(left > 300)
    assert.equal(remainingDays(certfile, now + (left + 3) * DAY), -3)
    assert.equal(remainingDays(certfile, now - 400 * DAY), -32_767)
    const broken = join(folder, 'broken.pem')
    writeFileSync(broken, '-----BEGIN')
    assert.deepEqual([remainingDays(broken, now), remainingDays(join(folder, 'none'), now)], [-32_768, -32_768])
  })
})
