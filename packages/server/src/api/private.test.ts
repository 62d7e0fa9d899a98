import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Iq, PrivateQuery, payload } from '@meerkat/protocol'
import { parseElement, serialize } from '@meerkat/xml'
import messages from '../modules/messages.ts'
import mod_private from '../modules/private.ts'
import { apiStory, codeOf } from './api-story.fixture.ts'

const PREFS = `<exodus xmlns='exodus:prefs'><defaultnick>Hamlet</defaultnick></exodus>`
const get = (user: string, element = 'exodus') =>
  `{ private { getPrivate(user: "${user}", element: "${element}", nameSpace: "exodus:prefs") } }`
const set = (user: string, text = PREFS) =>
  `mutation { private { setPrivate(user: "${user}", elementString: "${text}") } }`

const stage = (t: Parameters<typeof apiStory>[0], section = {}) =>
  apiStory(t, { modules: [[messages], [mod_private, section]], users: ['alice'], absent: ['bob'] })
const value = (answer: { body: { data?: unknown } }): unknown =>
  Object.values(Object.values(answer.body.data as Record<string, Record<string, unknown>>)[0]!)[0]

describe('the category private', () => {
  it('reads what a client has stored, and clients read what it sets', async (t) => {
    const { story, ask } = await stage(t)
    const alice = story.device('alice')
    await alice.request(Iq({ type: 'set' }, PrivateQuery({}, parseElement(PREFS))))
    assert.equal(value(await ask(get('alice@example.com'))), serialize(parseElement(PREFS)))
    const other = PREFS.replace('Hamlet', 'Yorick')
    assert.equal(value(await ask(set('alice@example.com', other))), serialize(parseElement(other)))
    const asked = Iq({ type: 'get' }, PrivateQuery({}, parseElement(`<exodus xmlns='exodus:prefs'/>`)))
    assert.equal(serialize(payload(await alice.request(asked))!.elements()[0]!), serialize(parseElement(other)))
  })

  it('answers with the empty element what was never stored', async (t) => {
    const { ask } = await stage(t)
    assert.equal(value(await ask(get('bob@example.com'))), serialize(parseElement(`<exodus xmlns='exodus:prefs'/>`)))
  })

  it('refuses users who do not exist, names that are none, and what the module refuses', async (t) => {
    const { ask } = await stage(t, { max_elements: 1 })
    for (const user of ['nobody@example.com', 'alice@other.example'])
      for (const query of [get(user), set(user)]) {
        const code = codeOf(await ask(query))
        assert.ok(code === 'not_found' || code === 'deps_not_loaded', String(code))
      }
    assert.equal(codeOf(await ask(get('nobody@example.com'))), 'not_found')
    assert.equal(codeOf(await ask(get('bob@example.com', '<x'))), 'bad_request')
    assert.equal(codeOf(await ask(set('bob@example.com'))), undefined)
    assert.equal(codeOf(await ask(set('bob@example.com', `<other xmlns='x:y'/>`))), 'resource_constraint')
    assert.equal(codeOf(await ask(set('bob@example.com', `<other/>`))), 'bad_request')
  })

  it('needs mod_private', async (t) => {
    const { ask } = await apiStory(t, { absent: ['bob'] })
    assert.equal(codeOf(await ask(get('bob@example.com'))), 'deps_not_loaded')
  })
})
