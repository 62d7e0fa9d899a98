import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { apiStory, codeOf, dataOf } from './api-story.fixture.ts'
import { DomainPasswords } from './domain-passwords.ts'

const mutate = (field: string) => `mutation { domain { ${field} } }`
const STATIC = { domain: 'example.com', hostType: 'example.com', status: 'ENABLED', type: 'STATIC' }

describe('domains of the configuration', () => {
  it('MongooseIM: are listed, and told of', async (t) => {
    const { ask } = await apiStory(t)
    const query = `{ domain { domainsByHostType(hostType: "example.com") allDomains { domain hostType status type }
      domainDetails(domain: "example.com") { domain hostType status type } } }`
    assert.deepEqual(dataOf(await ask(query)), {
      domain: { domainsByHostType: ['example.com'], allDomains: [STATIC], domainDetails: STATIC },
    })
    assert.equal(codeOf(await ask('{ domain { domainsByHostType(hostType: "x") } }')), 'unknown_host_type')
    assert.equal(codeOf(await ask('{ domain { domainDetails(domain: "x") { type } } }')), 'not_found')
  })

  it('MongooseIM: are not changed, and others need a place to be kept', async (t) => {
    const { ask } = await apiStory(t)
    const changes = ['addDomain', 'removeDomain', 'requestRemoveDomain'].map(
      (name) => (domain: string) => `${name}(domain: "${domain}", hostType: "example.com") { status }`,
    )
    const switches = ['enableDomain', 'disableDomain'].map(
      (name) => (domain: string) => `${name}(domain: "${domain}") { status }`,
    )
    for (const field of [...changes, ...switches]) {
      assert.equal(codeOf(await ask(mutate(field('example.com')))), 'static')
      const { extensions } = (await ask(mutate(field('new.example')))).body.errors![0]!
      assert.deepEqual(extensions, { not_loaded_services: ['service_domain_db'], code: 'deps_not_loaded' })
    }
  })
})

describe('the passwords of domain admins', () => {
  it('MongooseIM: are set, changed and removed', async (t) => {
    const { ask, story } = await apiStory(t)
    const passwords = new DomainPasswords(story.kernel)
    const set = (password: string) => ask(mutate(`setDomainPassword(domain: "example.com", password: "${password}")`))
    assert.equal(await passwords.check('example.com', 'one'), false)
    assert.deepEqual(dataOf(await set('one')), { domain: { setDomainPassword: 'Domain password set successfully' } })
    assert.equal(await passwords.check('example.com', 'one'), true)
    dataOf(await set('two'))
    assert.deepEqual(
      [await passwords.check('example.com', 'one'), await passwords.check('example.com', 'two')],
      [false, true],
    )
    const remove = mutate('deleteDomainPassword(domain: "example.com")')
    assert.deepEqual(dataOf(await ask(remove)), {
      domain: { deleteDomainPassword: 'Domain password deleted successfully' },
    })
    assert.equal(await passwords.check('example.com', 'two'), false)
    assert.equal(codeOf(await ask(remove)), 'not_found')
    assert.equal(codeOf(await ask(mutate('setDomainPassword(domain: "x.example", password: "p")'))), 'not_found')
  })

  it('are not kept as they are', async (t) => {
    const { story } = await apiStory(t)
    await new DomainPasswords(story.kernel).set('example.com', 'secret-word')
    const kept = await story.kernel.stores.keyValue('domain_admin').get('example.com')
    assert.match(kept!, /sha512|SHA-?512/i)
    assert.doesNotMatch(kept!, /secret-word/)
  })
})
