import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { buildSchema } from 'graphql'
import { commandsOf, isCurrent } from './generate-schema.ts'

describe('the generated schema', () => {
  it('is what the schema says: else run tools/generate-schema.ts', () => {
    assert.equal(isCurrent(), true)
  })

  it('asks for all fields, to a bounded depth, and knows how arguments are read', () => {
    const schema = buildSchema(`
      type Query { checkAuth: Int zoo: Zoo }
      type Mutation { zoo: ZooMutation }
      type Zoo { "All animals" animals(limit: Int, of: [ID!], like: Pattern): [Animal!]! }
      type ZooMutation { close(now: Boolean!): String }
      type Animal { name: String! child: Animal food: Food }
      union Food = Plant | Animal
      type Plant { colour: String }
      input Pattern { name: String }
    `)
    const { zoo, ...others } = commandsOf(schema)
    assert.deepEqual(others, {})
    assert.deepEqual(zoo!.commands['close'], {
      summary: '',
      args: [{ name: 'now', type: 'Boolean!', read: 'json' }],
      document: 'mutation ($now: Boolean!) { zoo { close(now: $now) } }',
    })
    const { animals } = zoo!.commands
    assert.deepEqual(
      animals!.args.map(({ read }) => read),
      ['integer', 'json', 'json'],
    )
    const leaf = '{ name child { __typename } food { ... on Plant { colour } ... on Animal { __typename } } }'
    const inner = `{ name child ${leaf} food { ... on Plant { colour } ... on Animal ${leaf} } }`
    assert.ok(animals!.document.endsWith(`{ zoo { animals(limit: $limit, of: $of, like: $like) ${inner} } }`))
  })

  it('refuses two commands of one name', () => {
    const schema = buildSchema(`
      type Query { zoo: Zoo }
      type Mutation { zoo: Zoo }
      type Zoo { open: Int }
    `)
    assert.throws(() => commandsOf(schema), /zoo open is there twice/)
  })
})
