import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Element } from '@meerkat/xml'
import { StanzaError } from './errors.ts'
import { parseJid } from './jid.ts'
import { MAM_NS, MAM_V1_NS } from './mam.ts'
import { buildMamMetadata, buildMamPrefs, MamMetadata, MamPrefs, parseMamMetadata, parseMamPrefs } from './mam-prefs.ts'

describe('XEP-0441 §2: preferences', () => {
  const prefs = {
    default: 'roster',
    always: [parseJid('romeo@montague.lit')],
    never: [parseJid('montague.lit')],
  } as const

  it('are a default and two lists', () => {
    for (const ns of [MAM_NS, MAM_V1_NS]) assert.deepEqual(parseMamPrefs(buildMamPrefs(prefs, ns)), prefs)
    assert.deepEqual(parseMamPrefs(MamPrefs({ default: 'never' })), { default: 'never', always: [], never: [] })
  })

  it('are refused with an unknown default or an address that is none', () => {
    const conditions = (condition: string) => (error: unknown) =>
      error instanceof StanzaError && error.condition === condition
    const list = new Element('always', MAM_NS, [], [new Element('jid', MAM_NS, [], ['@'])])

    assert.throws(() => parseMamPrefs(MamPrefs({ default: 'sometimes' })), conditions('bad-request'))
    assert.throws(() => parseMamPrefs(MamPrefs({})), conditions('bad-request'))
    assert.throws(() => parseMamPrefs(MamPrefs({ default: 'always' }, list)), conditions('jid-malformed'))
  })
})

describe('XEP-0313 §5: metadata', () => {
  it('is the first and the last message', () => {
    const ends = {
      start: { id: 'YWxwaGEg', stamp: 1_219_962_582_000_000 },
      end: { id: 'b21lZ2Eg', stamp: 1_587_643_800_000_000 },
    }
    const metadata = buildMamMetadata(ends)

    assert.deepEqual(parseMamMetadata(metadata), ends)
    assert.deepEqual(metadata.elements()[0]?.attrs, ['id', 'YWxwaGEg', 'timestamp', '2008-08-28T22:29:42.000000Z'])
  })

  it('of an empty archive is empty', () => {
    assert.deepEqual(buildMamMetadata(), MamMetadata())
    assert.equal(parseMamMetadata(MamMetadata()), undefined)
  })
})
