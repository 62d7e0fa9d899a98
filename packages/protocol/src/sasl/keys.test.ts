import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { SaslError } from '../errors.ts'
import {
  fakeScramKeys,
  formatMultiScram,
  parseMultiScram,
  type ScramHash,
  scramHashes,
  scramKeys,
  verifyPassword,
} from './index.ts'

const salt = Uint8Array.from({ length: 16 }, (_, i) => i)
/** Stored key and server key of the password `pencil` with this salt and 4096 iterations, from another implementation of PBKDF2. */
const derived: Record<ScramHash, [stored: string, server: string]> = {
  sha1: ['VDlbg2hiPs7Sz96xRXoDeVxwMPk=', '4q9hLjotvo0hqzEIvTJY/oC5Boo='],
  sha224: ['7RHZEEF2W+49C3ROVGfbICS79YlHpu4N/JBuIQ==', 'BWUjMyHiXleLnbUlt/D2R55+EM35+OmTAV3y6A=='],
  sha256: ['zHCdol2044/ZyWzPLi7oxApCkamKw9Z+E4U/QApd/5Y=', 'dd5peBOitVnLNFu7VmwP+HiDaaw4OUCv396eVCWhYiE='],
  sha384: [
    'p+SqwHTqQZyqnnsEucl5YJlrVm/511B6ph9Oe6oFoyY9ng0VUVnydeD0ndTf8Rq6',
    'AC35VEDGEYMy91p4RCIGRyTDd+OiJ+TvhHpNufjnEIkCrDEyf5RG9+rb5g8WKaIG',
  ],
  sha512: [
    'DBrOiJLJVkZeM/lYBjyn8Hk/LQ2RrM3V/Yg5Hd19QfaCFV/oaPeQAMJkwtvBdi4XgARejU3ucE9eDagBMHJ+Vw==',
    '2vDce8mhwQs1RvSfuxS4bDFFONxrAOi/yeePIaiwig2xiC16lQeN+wHOzONm/18VM49JFg9XoAyQ7oHFPavA3g==',
  ],
}
const record = new Map(
  scramHashes.map((hash) => {
    const [storedKey, serverKey] = derived[hash].map((key) => Buffer.from(key, 'base64')) as [Buffer, Buffer]
    return [hash, { salt: Buffer.from(salt), iterations: 4096, storedKey, serverKey }]
  }),
)
const serialised =
  '==MULTI_SCRAM==,4096,' +
  [
    `===SHA1===AAECAwQFBgcICQoLDA0ODw==|${derived.sha1.join('|')}`,
    `==SHA224==AAECAwQFBgcICQoLDA0ODw==|${derived.sha224.join('|')}`,
    `==SHA256==AAECAwQFBgcICQoLDA0ODw==|${derived.sha256.join('|')}`,
    `==SHA384==AAECAwQFBgcICQoLDA0ODw==|${derived.sha384.join('|')}`,
    `==SHA512==AAECAwQFBgcICQoLDA0ODw==|${derived.sha512.join('|')}`,
  ].join(',')

describe('RFC 5802 §3: keys', () => {
  for (const hash of scramHashes) {
    it(`of ${hash} are derived from the password`, async () => {
      const { storedKey, serverKey } = await scramKeys('pencil', hash, salt, 4096)
      assert.deepEqual(
        [storedKey, serverKey].map((key) => Buffer.from(key).toString('base64')),
        derived[hash],
      )
    })
  }

  it('verify the password and no other', async () => {
    const keys = await scramKeys('pencil', 'sha256', salt, 64)
    assert.equal(await verifyPassword('pencil', 'sha256', keys), true)
    assert.equal(await verifyPassword('Pencil', 'sha256', keys), false)
    assert.equal(await verifyPassword('', 'sha256', keys), false)
    assert.equal(await verifyPassword('pencil', 'sha1', keys), false)
  })

  it('RFC 4013 §3: equal passwords may be written differently', async () => {
    const keys = await scramKeys('I\u00ADX', 'sha256', salt, 64)
    assert.equal(await verifyPassword('IX', 'sha256', keys), true)
    assert.equal(await verifyPassword('\u2168', 'sha256', keys), true)
    await assert.rejects(scramKeys('\u0007', 'sha256', salt, 64), SaslError)
  })

  it('S37: no key is derived from a password of a megabyte', async () => {
    const long = 'x'.repeat(1_000_000)
    await assert.rejects(scramKeys(long, 'sha256', salt, 64), { condition: 'malformed-request' })
    assert.equal(await verifyPassword(long, 'sha256', await scramKeys('x', 'sha256', salt, 64)), false)
  })

  it('S32: fake keys are the same each time, differ by user, and fit no password', async () => {
    const secret = Buffer.from('secret of the server')
    const keys = fakeScramKeys(secret, 'nobody', 'sha256', 64)

    assert.deepEqual(fakeScramKeys(secret, 'nobody', 'sha256', 64), keys)
    assert.notDeepEqual(fakeScramKeys(secret, 'noone', 'sha256', 64).salt, keys.salt)
    assert.notDeepEqual(fakeScramKeys(Buffer.from('other'), 'nobody', 'sha256', 64).salt, keys.salt)
    assert.equal(keys.salt.length, 16)
    assert.equal(keys.storedKey.length, 32)
    assert.equal(await verifyPassword('nobody', 'sha256', keys), false)
  })
})

describe('serialised keys', () => {
  it('have one line for all hashes', () => {
    assert.equal(formatMultiScram(record), serialised)
    assert.deepEqual(
      parseMultiScram(serialised),
      new Map(scramHashes.toReversed().map((hash) => [hash, record.get(hash)])),
    )
  })

  it('may be of some hashes only', () => {
    const some = new Map([['sha512', record.get('sha512')!]] as const)
    assert.deepEqual(parseMultiScram(formatMultiScram(some)), some)
  })

  it('are read in the legacy form', () => {
    const [stored, server] = derived.sha1
    const legacy = `==SCRAM==,${stored},${server},AAECAwQFBgcICQoLDA0ODw==,4096`
    assert.deepEqual(parseMultiScram(legacy), new Map([['sha1', record.get('sha1')]]))
  })

  it('have one iteration count', () => {
    const mixed = new Map(record).set('sha1', { ...record.get('sha1')!, iterations: 10 })
    assert.throws(() => formatMultiScram(mixed), RangeError)
    assert.throws(() => formatMultiScram(new Map()), RangeError)
  })

  it('are nothing else', () => {
    const wrong = [
      '',
      'pencil',
      '==MULTI_SCRAM==,',
      '==MULTI_SCRAM==,4096',
      '==MULTI_SCRAM==,4096,',
      serialised.replace('4096', '0'),
      serialised.replace('4096', '1e3'),
      serialised.replace('===SHA1===', '==SHA1=='),
      serialised.replace('==SHA224==', '==SHA256=='),
      serialised.replace(derived.sha1[0], derived.sha1[0].slice(4)),
      serialised.replace('|', ','),
      `${serialised}|x`,
      '==SCRAM==,a,b,c,4096',
      `==SCRAM==,${derived.sha1.join(',')},,4096`,
    ]
    for (const text of wrong) assert.equal(parseMultiScram(text), undefined, text)
  })

  it('never make the reader throw', () => {
    const pieces = fc.constantFrom(
      '==MULTI_SCRAM==',
      '==SCRAM==',
      '===SHA1===',
      '==SHA256==',
      ',',
      '|',
      '4096',
      'AAEC',
      '=',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string())), (parts) => {
        const parsed = parseMultiScram(parts.join(''))
        assert.ok(parsed === undefined || parsed.size > 0)
      }),
    )
  })
})
