import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Element } from '@meerkat/xml'
import { buildVersion, parseVersion, VersionQuery } from './version.ts'

const child = (name: string, words: string): Element => new Element(name, 'jabber:iq:version', [], [words])

test('XEP-0092 §2: name, version and operating system', () => {
  const answer = buildVersion({ name: 'Exodus', version: '0.7.0.4', os: 'Windows-XP 5.01.2600' })

  assert.deepEqual(
    answer,
    VersionQuery({}, child('name', 'Exodus'), child('version', '0.7.0.4'), child('os', 'Windows-XP 5.01.2600')),
  )
  assert.deepEqual(parseVersion(answer), { name: 'Exodus', version: '0.7.0.4', os: 'Windows-XP 5.01.2600' })
})

test('XEP-0092 §5: an entity need not reveal its operating system', () => {
  assert.deepEqual(parseVersion(buildVersion({ name: 'a', version: '1' })), { name: 'a', version: '1', os: undefined })
  assert.deepEqual(parseVersion(VersionQuery()), { name: '', version: '', os: undefined })
})
