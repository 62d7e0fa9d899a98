import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { contextOf, developmentCertificate } from './certificates.ts'

function folder(t: { after(end: () => void): void }): string {
  const path = mkdtempSync(join(tmpdir(), 'meerkat-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

const read = (file: string) => new X509Certificate(readFileSync(file))

describe('the certificate for development', () => {
  it('is for all served domains, its key for the owner alone, and is made once', async (t) => {
    const data = folder(t)
    const { certfile, keyfile } = await developmentCertificate(data, ['localhost', 'chat.example'])
    const certificate = read(certfile)
    assert.deepEqual(
      ['localhost', 'chat.example'].map((name) => certificate.checkHost(name)),
      ['localhost', 'chat.example'],
    )
    assert.equal(statSync(keyfile).mode & 0o777, 0o600)
    await developmentCertificate(data, ['localhost'])
    assert.equal(read(certfile).fingerprint256, certificate.fingerprint256)
  })

  it('is made anew for a domain that it lacks', async (t) => {
    const data = folder(t)
    const { certfile } = await developmentCertificate(data, ['localhost'])
    await developmentCertificate(data, ['localhost', 'new.example'])
    assert.equal(read(certfile).checkHost('new.example'), 'new.example')
  })
})

describe('S43: a certificate that is replaced on disk', () => {
  it('is used without a restart, and a half-written one is not', async (t) => {
    const [one, other] = [folder(t), folder(t)]
    const files = await developmentCertificate(one, ['localhost'])
    const next = await developmentCertificate(other, ['localhost'])
    let now = 0
    const context = contextOf(files, () => now)
    const first = context()

    const later = new Date(Date.now() + 10_000)
    writeFileSync(files.certfile, '-----BEGIN')
    utimesSync(files.certfile, later, later)
    now += 6000
    assert.equal(context(), first, 'the old one serves while the new one cannot be read')

    copyFileSync(next.certfile, files.certfile)
    copyFileSync(next.keyfile, files.keyfile)
    assert.equal(context(), first, 'files are not looked at for each handshake')
    now += 6000
    assert.notEqual(context(), first)
  })

  it('goes with its roots: those that are replaced are used, and end the sessions of before', async (t) => {
    const [path, other] = [folder(t), folder(t)]
    const files = await developmentCertificate(path, ['localhost'])
    const cacertfile = join(path, 'clients.pem')
    copyFileSync(files.certfile, cacertfile)
    let now = 0
    const context = contextOf({ ...files, cacertfile }, () => now)
    const first = context()
    now += 6000
    assert.equal(context(), first)
    copyFileSync((await developmentCertificate(other, ['localhost'])).certfile, cacertfile)
    const later = new Date(Date.now() + 10_000)
    utimesSync(cacertfile, later, later)
    now += 6000
    assert.notEqual(context(), first)
  })
})
