import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { understand } from './command.ts'
import { categoryHelp, commandHelp, usage } from './help.ts'
import type { AdminCategories } from './schema.ts'

const ZOO: AdminCategories = {
  zoo: {
    summary: 'The zoo',
    commands: {
      feed: {
        summary: 'Feed an animal',
        args: [
          { name: 'animal', type: 'JID!', read: 'text' },
          { name: 'portions', type: 'PosInt', read: 'integer' },
          { name: 'names', type: '[String!]!', read: 'json' },
        ],
        document: 'mutation { zoo }',
      },
    },
  },
}

const feed = (...words: string[]) => understand(['zoo', 'feed', ...words], ZOO)
const message = (understood: ReturnType<typeof understand>) =>
  understood.kind === 'error' ? understood.message : understood

describe('MongooseIM: words of a command', () => {
  it('become variables in their types', () => {
    assert.deepEqual(feed('--animal', 'a@b', '--portions', '3', '--names', '["x"]'), {
      kind: 'run',
      document: 'mutation { zoo }',
      variables: { animal: 'a@b', portions: 3, names: ['x'] },
    })
  })

  it('a value may look like an option, a number or nothing', () => {
    const read = feed('--animal', '--names', '--names', '[]')
    assert.deepEqual(read.kind === 'run' && read.variables, { animal: '--names', names: [] })
    const empty = feed('--animal', '', '--names', '[]')
    assert.deepEqual(empty.kind === 'run' && empty.variables, { animal: '', names: [] })
  })

  it('faults are told in the words that MongooseIM has for them', () => {
    assert.equal(message(understand(['x'], ZOO)), 'Unknown category')
    assert.equal(message(understand(['constructor'], ZOO)), 'Unknown category')
    assert.equal(message(understand(['zoo', 'x'], ZOO)), "Unknown command 'x'")
    assert.equal(message(feed('--x', '1')), "Unknown argument 'x' for command 'feed'")
    assert.equal(
      message(feed('--portions', 'three')),
      "Invalid value 'three' of argument 'portions' for command 'feed'",
    )
    assert.equal(message(feed('--names', '[')), "Invalid value '[' of argument 'names' for command 'feed'")
    assert.equal(message(feed()), "Missing mandatory arguments for command 'feed': 'animal', 'names'")
    assert.equal(message(feed('--animal')), 'Could not parse the command arguments')
    assert.equal(message(feed('animal', 'a@b')), 'Could not parse the command arguments')
  })

  it('asks for help', () => {
    assert.deepEqual(understand([], ZOO), { kind: 'usage' })
    assert.deepEqual(understand(['zoo'], ZOO), { kind: 'help', category: 'zoo' })
    assert.deepEqual(feed('--help'), { kind: 'help', category: 'zoo', command: 'feed' })
  })
})

describe('help', () => {
  it('lists categories, commands and arguments', () => {
    assert.match(usage('mongooseimctl', ZOO), /^Usage: mongooseimctl .*\n[^]*\n {2}zoo The zoo\n[^]*\n {2}status +\S/)
    assert.match(categoryHelp('meerkat', 'zoo', ZOO), /in the category 'zoo':\n {2}feed Feed an animal\n/)
    const help = commandHelp('meerkat', 'zoo', 'feed', ZOO)
    assert.match(help, /\n {2}animal {3}JID!\n {2}names {4}\[String!\]!\n {2}portions PosInt\n/)
  })

  it('breaks long lines between words', () => {
    const long: AdminCategories = { zoo: { summary: 'word '.repeat(60), commands: {} } }
    for (const line of usage('meerkat', long).split('\n')) assert.ok(line.length <= 100, line)
  })
})
