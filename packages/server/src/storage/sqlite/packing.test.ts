import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type SqlValue, StorageError, type Write } from '../../core/database.ts'
import { Packer, unpack } from './packing.ts'

const write = (sql: string, ...params: SqlValue[]): Write => ({ sql, params })
const statement = (sql: string, ...params: SqlValue[]) => ({
  sql,
  params,
  mustChange: false,
  late: undefined,
  numbered: false,
})

/** What the writer gets of one unit with these parameters. */
function through(...params: SqlValue[]): readonly SqlValue[] {
  const packer = new Packer()
  return unpack(packer.take([packer.pack([write('a', ...params)])]))[0]![0]!.params
}

describe('packed units', () => {
  it('bring every kind of value', () => {
    const values = [null, 0, -1.5, 2 ** 53, NaN, 1n, -(2n ** 63n), 2n ** 63n - 1n, new Uint8Array([0, 255])]
    assert.deepEqual(through(...values.slice(0, -1)), values.slice(0, -1))
    assert.deepEqual(Array.from(through(values.at(-1)!)[0] as Uint8Array), [0, 255])
  })

  it('bring texts of every length and alphabet', () => {
    const texts = ['', 'a', 'ä', '漢字', '🜚', 'é'.repeat(60), 'x'.repeat(100), 'x'.repeat(100_000), '🜚'.repeat(70_000)]
    assert.deepEqual(through(...texts), texts)
  })

  it('bring half of a surrogate pair as SQLite would store it', () => {
    assert.deepEqual(through('a\ud800'), ['a\ufffd'])
  })

  it('keep units and statements apart, and say which must change a row', () => {
    const packer = new Packer()
    const first = packer.pack([write('one', 1), { ...write('two'), orElse: new Error('refused') }])
    const second = packer.pack([write('one', 2)])
    assert.deepEqual(unpack(packer.take([first, second])), [
      [statement('one', 1), { ...statement('two'), mustChange: true }],
      [statement('one', 2)],
    ])
  })

  it('say of which statement the number of the row is asked for', () => {
    const packer = new Packer()
    const asked: Write = { ...write('one', 1), added: () => undefined }
    assert.deepEqual(unpack(packer.take([packer.pack([asked, write('one', 1)])])), [
      [{ ...statement('one', 1), numbered: true }, statement('one', 1)],
    ])
  })

  it('say which statements are late', () => {
    const packer = new Packer()
    const each = { ...write('one', 1), late: 'each' } as const
    const summed = { ...write('two', 1), late: 'summed' } as const
    assert.deepEqual(unpack(packer.take([packer.pack([each, summed])])), [
      [
        { ...statement('one', 1), late: 'each' },
        { ...statement('two', 1), late: 'summed' },
      ],
    ])
  })

  it('are taken in parts, while others are packed', () => {
    const packer = new Packer()
    const [a, b] = [packer.pack([write('a', 'a')]), packer.pack([write('b', 'b')])]
    assert.deepEqual(unpack(packer.take([a])), [[statement('a', 'a')]])
    const c = packer.pack([write('c', 'c')])
    assert.deepEqual(unpack(packer.take([b, c])), [[statement('b', 'b')], [statement('c', 'c')]])
  })

  it('forget those that were given up', () => {
    const packer = new Packer()
    packer.pack([write('a', 'given up')])
    const kept = packer.pack([write('b')])
    assert.deepEqual(unpack(packer.take([kept])), [[statement('b')]])
  })

  it('leave nothing of a unit behind that cannot be packed', () => {
    const packer = new Packer()
    const before = packer.pack([write('a', 1)])
    for (const value of [true, 2n ** 63n, {}])
      assert.throws(() => packer.pack([write('b', 'x', value as SqlValue)]), StorageError)
    const behind = packer.pack([write('c', 2)])
    assert.deepEqual(unpack(packer.take([before, behind])), [[statement('a', 1)], [statement('c', 2)]])
  })

  it('are not changed by what their bytes come to hold later', () => {
    const packer = new Packer()
    const bytes = new Uint8Array([1, 2, 3])
    const taken = packer.take([packer.pack([write('a', bytes)])])
    bytes.fill(9)
    packer.pack([write('b', 'y'.repeat(100))])
    assert.deepEqual(Array.from(unpack(taken)[0]![0]!.params[0] as Uint8Array), [1, 2, 3])
  })
})
