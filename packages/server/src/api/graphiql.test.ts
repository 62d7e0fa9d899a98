import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runInNewContext } from 'node:vm'
import { parse, validate } from 'graphql'
import { settle } from '../testing/story.ts'
import { API, apiStory } from './api-story.fixture.ts'
import { PAGE } from './graphiql.ts'

/** As much of an element as the page needs. */
class FakeElement {
  value = ''
  textContent = ''
  onclick: (() => unknown) | undefined
  readonly children: FakeElement[] = []

  append(...children: FakeElement[]): void {
    this.children.push(...children)
  }
}

describe('the page', () => {
  it('lists what the schema offers, writes requests that are valid, and runs them', async (t) => {
    const { ask } = await apiStory(t)
    const elements = new Map<string, FakeElement>()
    const at = (id: string) => {
      const element = elements.get(id) ?? new FakeElement()
      elements.set(id, element)
      return element
    }
    const headers: Record<string, string>[] = []
    const fetch = async (_path: string, init: { body: string; headers: Record<string, string> }) => {
      headers.push(init.headers)
      const { query, variables } = JSON.parse(init.body) as { query: string; variables?: string }
      const answer = await ask(
        query,
        {},
        variables === undefined ? {} : (JSON.parse(variables) as Record<string, unknown>),
      )
      return { json: async () => answer.body }
    }
    const document = { getElementById: at, createElement: () => new FakeElement() }
    const script = /<script>([^]*)<\/script>/.exec(PAGE)![1]!
    runInNewContext(script, { document, location: { pathname: '/' }, fetch, btoa, TextEncoder })
    await settle()

    const categories = at('docs').children
    assert.ok(categories.some(({ children }) => children[0]?.textContent === 'mutation account'))
    for (const button of categories.flatMap(({ children }) => children.slice(1))) {
      button.onclick!()
      assert.deepEqual(validate(API.schema, parse(at('query').value)), [], at('query').value)
    }

    at('query').value = 'query ($d: DomainName!) { account { countUsers(domain: $d) } }'
    at('variables').value = '{"d": "example.com"}'
    at('user').value = 'admin'
    at('password').value = 'sécret'
    await at('run').onclick!()
    assert.deepEqual(JSON.parse(at('answer').textContent), { data: { account: { countUsers: 0 } } })
    assert.equal(headers.at(-1)!['authorization'], `Basic ${Buffer.from('admin:sécret').toString('base64')}`)
  })
})
