import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readAddress } from './address.ts'

const ID = '0123456789abcdef0123456789abcdef'
const TOKEN = 'a'.repeat(64)

test('an address of a file, and of an upload', () => {
  const file = { domain: 'example.com', id: ID, name: 'très cool.jpg', token: undefined }
  assert.deepEqual(readAddress('/upload', `/upload/example.com/${ID}/tr%C3%A8s%20cool.jpg`), file)
  assert.deepEqual(readAddress('', `/example.com/${ID}/tr%C3%A8s%20cool.jpg?token=${TOKEN}`), { ...file, token: TOKEN })
})

test('S83: every other way to write an address leads nowhere', () => {
  for (const target of [
    '',
    '/',
    '/upload',
    '/upload/',
    `/upload/${ID}/a`,
    `/upload/example.com/${ID}`,
    `/upload/example.com/${ID}/a/b`,
    `/upload//example.com/${ID}/a`,
    `/upload/example.com/${ID}/../a`,
    `/upload/example.com/../${ID}/a`,
    `/upload/example.com/%2e%2e/a`,
    `/upload/example.com/..%2f..%2fetc/passwd`,
    `/upload/example.com/${ID.toUpperCase()}/a`,
    `/upload/example.com/${ID.slice(1)}/a`,
    `/upload/example.com/${ID}%00/a`,
    `/upload/example.com/${ID}/%zz`,
    `/upload/%u002e/${ID}/a`,
    `/UPLOAD/example.com/${ID}/a`,
    `/uploadx/example.com/${ID}/a`,
    `/upload/example.com/${ID}/a?token=${TOKEN}?token=${TOKEN}`,
  ])
    assert.equal(readAddress('/upload', target), undefined, target)
})

test('S86: a token that is none is none', () => {
  for (const query of [
    '',
    'token=',
    'token=undefined',
    'token=null',
    `token=${TOKEN}&x=1`,
    `x=1&token=${TOKEN}`,
    `token=${TOKEN}=`,
    'token=a',
  ])
    assert.equal(readAddress('', `/d/${ID}/a?${query}`)!.token, undefined, query)
})
