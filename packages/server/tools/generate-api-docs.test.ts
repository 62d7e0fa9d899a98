import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assembleSchema } from '../src/api/schema.ts'
import { commandPage, schemaPage } from './generate-api-docs.ts'

const ZOO = assembleSchema('schema { query: AdminQuery } type AdminQuery', [
  {
    category: 'zoo',
    sdl: `
      extend type AdminQuery { "Animals" zoo: Zoo @protected }
      type Zoo @use(modules: ["mod_zoo"]) {
        "List | count"
        animals(domain: DomainName!, limit: PosInt): [Animal!] @protected(type: DOMAIN, args: ["domain"])
        close: String @protected(type: GLOBAL)
      }
      "One of them"
      type Animal @protected { name: String }`,
    resolvers: {},
  },
])

describe('the generated pages', () => {
  it('tell of each operation who may ask and what it needs, and what it answers', () => {
    const page = schemaPage('Zoo', 'About it.', ZOO)
    assert.ok(page.includes('## zoo\n\nAnimals.'))
    assert.ok(
      page.includes(
        '| query `animals(domain: DomainName!, limit: PosInt): [Animal!]` | domain (`domain`) | `mod_zoo` | List \\| count |',
      ),
    )
    assert.ok(page.includes('| query `close: String` | global | `mod_zoo` |  |'))
    assert.match(page, /"""One of them"""\ntype Animal \{/)
    assert.doesNotMatch(page, /type Zoo|type AdminQuery|scalar Boolean/)
  })

  it('tell of each command what it takes', () => {
    const page = commandPage(ZOO)
    assert.ok(page.includes('| `animals --domain DomainName [--limit PosInt]` | List \\| count |'))
    assert.match(page, /Usage: meerkat/)
  })
})
