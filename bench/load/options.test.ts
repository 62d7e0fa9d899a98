import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadOptions } from './options.ts'

test('what is not named has its default', () => {
  const { number, tls, mechanism, steps, subjects } = loadOptions(['--port', '1234', '--pid', '7,8'])
  assert.equal(number('port'), 1234)
  assert.equal(number('pairs'), 200)
  assert.equal(tls, false)
  assert.equal(mechanism, 'auto')
  assert.deepEqual(steps, [5000, 10_000])
  assert.deepEqual(subjects, { server: [7, 8], beside: [] })
})

test('numbers have bounds, and unknown options are refused', () => {
  assert.throws(() => loadOptions(['--users', '1000000']).number('users'), /--users wants a number up to 15000/)
  assert.throws(() => loadOptions(['--steps', '5000,50000']), /up to 15000/)
  assert.throws(() => loadOptions(['--paris', '200']), /Unknown option/)
  assert.throws(() => loadOptions(['--mechanism', 'DIGEST-MD5']), /--mechanism wants/)
})
