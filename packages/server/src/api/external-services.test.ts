import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import extdisco from '../modules/extdisco/index.ts'
import messages from '../modules/messages.ts'
import { apiStory, codeOf } from './api-story.fixture.ts'

const FIELDS = '{ host type port transport username password expires }'
const ask = (args: string) => `mutation { externalServices { getServices(${args}) ${FIELDS} } }`
const STUN = { type: 'stun', host: 'stun.example.com', port: 3478, transport: 'udp' }
const TURN = { type: 'turn', host: 'turn.example.com', secret: 'north' }

const stage = (t: Parameters<typeof apiStory>[0]) =>
  apiStory(t, { modules: [[messages], [extdisco, { service: [STUN, TURN] }]] })
const services = (answer: { body: { data?: unknown } }): Record<string, unknown>[] =>
  JSON.parse(JSON.stringify(answer.body.data)).externalServices.getServices

describe('the category externalServices', () => {
  it('lists the services of a domain, with credentials', async (t) => {
    const api = await stage(t)
    const expires = Math.floor(api.story.clock.now() / 1000) + 3600
    const username = `${expires}:example.com`
    const password = createHmac('sha1', 'north').update(username).digest('base64')
    const nothing = { port: null, transport: null, username: null, password: null, expires: null }
    assert.deepEqual(services(await api.ask(ask('domain: "example.com"'))), [
      { ...nothing, ...STUN },
      { ...nothing, type: 'turn', host: 'turn.example.com', username, password, expires },
    ])
  })

  it('of one type', async (t) => {
    const api = await stage(t)
    const found = services(await api.ask(ask('domain: "example.com", type: "stun"')))
    assert.deepEqual(
      found.map(({ host }) => host),
      ['stun.example.com'],
    )
    assert.deepEqual(services(await api.ask(ask('domain: "example.com", type: "ftp"'))), [])
  })

  it('needs mod_extdisco, and a domain that is served', async (t) => {
    const without = await apiStory(t)
    assert.equal(codeOf(await without.ask(ask('domain: "example.com"'))), 'deps_not_loaded')
    assert.equal(codeOf(await (await stage(t)).ask(ask('domain: "other.example"'))), 'domain_not_found')
  })
})
