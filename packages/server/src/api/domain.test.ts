import assert from 'node:assert/strict'
import { type TestContext, describe, it } from 'node:test'
import { parseJid } from '@meerkat/protocol'
import { provideDomains } from '../core/domains.ts'
import type { Host } from '../core/host.ts'
import roster from '../modules/roster/index.ts'
import { settle } from '../testing/story.ts'
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
    const ofType = (name: string) => (domain: string) =>
      `${name}(domain: "${domain}", hostType: "example.com") { status }`
    const plain = (name: string) => (domain: string) => `${name}(domain: "${domain}") { status }`
    const needing = [ofType('addDomain'), plain('enableDomain'), plain('disableDomain')]
    for (const field of [...needing, ofType('removeDomain'), ofType('requestRemoveDomain')])
      assert.equal(codeOf(await ask(mutate(field('example.com')))), 'static')
    for (const field of needing) {
      const { extensions } = (await ask(mutate(field('new.example')))).body.errors![0]!
      assert.deepEqual(extensions, { not_loaded_services: ['service_domain_db'], code: 'deps_not_loaded' })
    }
  })
})

describe('domains that the configuration names no more', () => {
  const GONE = 'gone.example'
  const FIELDS = '{ domain hostType status }'
  const remove = (name: string, domain = GONE, hostType = domain) =>
    mutate(`${name}(domain: "${domain}", hostType: "${hostType}") ${FIELDS}`)
  /** A server with something of a user of the domain, and of another domain that ends with the same words. */
  const withRemains = async (t: TestContext) => {
    const told = await apiStory(t, { known: [roster] })
    const { host } = told.story
    const notes = host.stores.keyedSet('roster_farewells')
    await host.commit(
      host.stores.keyValue('domain_admin').put(GONE, 'keys'),
      ...[GONE, `not-${GONE}`].map((domain) => notes.put(`romeo@${domain}`, 'juliet@example.com', '{}')),
      { sql: `INSERT INTO users (server, username, password) VALUES (?, 'romeo', '')`, params: [GONE] },
    )
    const left = async () => ({
      admin: await host.stores.keyValue('domain_admin').get(GONE),
      romeo: (await notes.all(`romeo@${GONE}`)).size,
      other: (await notes.all(`romeo@not-${GONE}`)).size,
      accounts: await host.storage.query('SELECT username FROM users WHERE server = ?', GONE),
    })
    return { ...told, left }
  }
  const NOTHING = { admin: undefined, romeo: 0, other: 1, accounts: [] }

  it('removeDomain removes all that is kept of one, and then it is unknown', async (t) => {
    const { ask, left } = await withRemains(t)
    assert.deepEqual(dataOf(await ask(remove('removeDomain'))), {
      domain: { removeDomain: { domain: GONE, hostType: GONE, status: 'DELETED' } },
    })
    assert.deepEqual(await left(), NOTHING)
    assert.equal(codeOf(await ask(remove('removeDomain'))), 'not_found')
  })

  it('requestRemoveDomain does not wait, and details tell of it until it is done', async (t) => {
    const { ask, left, story } = await withRemains(t)
    const details = `{ domain { domainDetails(domain: "${GONE}") { domain hostType status type }
      allDomains { domain hostType status type } } }`
    assert.equal(codeOf(await ask(details)), 'not_found')
    assert.deepEqual(dataOf(await ask(remove('requestRemoveDomain', GONE, 'example.com'))), {
      domain: { requestRemoveDomain: { domain: GONE, hostType: 'example.com', status: 'DELETING' } },
    })
    const going = { domain: GONE, hostType: GONE, status: 'DELETING', type: 'DYNAMIC' }
    assert.deepEqual(dataOf(await ask(details)), { domain: { domainDetails: going, allDomains: [STATIC, going] } })
    assert.equal((await left()).romeo, 1)
    await story.wait(1)
    await story.kernel.eraser.finish(parseJid(GONE))
    assert.deepEqual(await left(), NOTHING)
    assert.equal(codeOf(await ask(details)), 'not_found')
  })

  it('a server that stops meanwhile does not say that it is done', async (t) => {
    const { ask, left, story } = await withRemains(t)
    await story.kernel.eraser.stop()
    assert.deepEqual(dataOf(await ask(remove('removeDomain'))), {
      domain: { removeDomain: { domain: GONE, hostType: GONE, status: 'DELETING' } },
    })
    assert.equal((await left()).romeo, 1)
  })

  it('nothing is removed of what is served, or under a wrong name', async (t) => {
    const { ask, left, story } = await withRemains(t)
    story.kernel.hosts.addService(`conference.${GONE}`, () => undefined)
    for (const name of ['removeDomain', 'requestRemoveDomain']) {
      assert.equal(codeOf(await ask(remove(name, 'never.example'))), 'not_found')
      assert.equal(codeOf(await ask(remove(name, GONE, 'other.example'))), 'unknown_host_type')
      assert.equal(codeOf(await ask(remove(name, `conference.${GONE}`))), 'static')
      const admin = { role: 'domain_admin', domain: GONE } as const
      assert.equal(codeOf(await ask(remove(name), admin)), 'no_permissions')
    }
    assert.equal((await left()).romeo, 1)
  })
})

describe('domains of the main store', () => {
  const NEW = 'new.example'
  const changed = (name: string, rest: Record<string, string>) => ({ domain: { [name]: { domain: NEW, ...rest } } })
  const call = (name: string, domain = NEW, hostType?: string) =>
    mutate(`${name}(domain: "${domain}"${hostType ? `, hostType: "${hostType}"` : ''}) { domain hostType status }`)
  const TYPE = 'example.com'
  const withDomains = async (t: TestContext) => {
    const told = await apiStory(t, { known: [roster] })
    return { ...told, domains: await provideDomains(told.story.kernel) }
  }

  it('MongooseIM: come, are switched off and on, and are listed', async (t) => {
    const { ask, story } = await withDomains(t)
    const { hosts } = story.kernel
    const enabled = { hostType: TYPE, status: 'ENABLED' }
    assert.deepEqual(dataOf(await ask(call('addDomain', NEW, TYPE))), changed('addDomain', enabled))
    assert.equal(hosts.of(NEW), story.host)
    const all = `{ domain { allDomains { domain hostType status type } domainsByHostType(hostType: "${TYPE}") } }`
    const dynamic = { domain: NEW, hostType: TYPE, status: 'ENABLED', type: 'DYNAMIC' }
    assert.deepEqual(dataOf(await ask(all)), {
      domain: { allDomains: [STATIC, dynamic], domainsByHostType: [TYPE, NEW] },
    })
    const disabled = { ...enabled, status: 'DISABLED' }
    assert.deepEqual(dataOf(await ask(call('disableDomain'))), changed('disableDomain', disabled))
    assert.equal(hosts.of(NEW), undefined)
    assert.deepEqual(
      dataOf(await ask(`{ domain { domainDetails(domain: "${NEW}") { domain hostType status type } } }`)),
      {
        domain: { domainDetails: { ...dynamic, status: 'DISABLED' } },
      },
    )
    assert.equal(codeOf(await ask(mutate(`setDomainPassword(domain: "${NEW}", password: "p")`))), 'not_found')
    assert.deepEqual(dataOf(await ask(call('enableDomain'))), changed('enableDomain', enabled))
    assert.equal(hosts.of(NEW), story.host)
  })

  it('MongooseIM: are not mixed up with those of the configuration, nor with host types that are not there', async (t) => {
    const { ask, story } = await withDomains(t)
    story.kernel.hosts.addService('conference.example.com', () => undefined)
    for (const name of ['addDomain', 'removeDomain', 'requestRemoveDomain']) {
      assert.equal(codeOf(await ask(call(name, TYPE, TYPE))), 'static')
      assert.equal(codeOf(await ask(call(name, 'conference.example.com', TYPE))), 'static')
      assert.equal(codeOf(await ask(call(name, NEW, 'nothing'))), 'unknown_host_type')
    }
    for (const name of ['enableDomain', 'disableDomain']) {
      assert.equal(codeOf(await ask(call(name, TYPE))), 'static')
      assert.equal(codeOf(await ask(call(name))), 'not_found')
    }
    assert.equal(codeOf(await ask(call('removeDomain', NEW, TYPE))), 'not_found')
    story.kernel.hosts.addType(Object.assign(Object.create(story.host) as Host, { type: 'other' }))
    dataOf(await ask(call('addDomain', NEW, TYPE)))
    for (const type of [TYPE, 'other']) assert.equal(codeOf(await ask(call('addDomain', NEW, type))), 'duplicate')
    assert.equal(codeOf(await ask(call('removeDomain', NEW, 'other'))), 'wrong_host_type')
  })

  it('MongooseIM: go with everything that is kept of them; sessions end, and one of the same name begins empty', async (t) => {
    const { ask, story } = await withDomains(t)
    const { host, kernel } = story
    dataOf(await ask(call('addDomain', NEW, TYPE)))
    const { connection } = story.connect('nurse').session
    const juliet = kernel.openSession(parseJid(`juliet@${NEW}/balcony`), connection)
    const kept = host.stores.keyedSet('roster')
    await host.commit(kept.put(`juliet@${NEW}`, 'romeo@example.com', '{}'))
    assert.deepEqual(
      dataOf(await ask(call('removeDomain', NEW, TYPE))),
      changed('removeDomain', { hostType: TYPE, status: 'DELETED' }),
    )
    assert.equal(juliet.closed, true)
    assert.equal((await kept.all(`juliet@${NEW}`)).size, 0)
    assert.deepEqual([kernel.hosts.of(NEW), await kernel.eraser.orderedDomains()], [undefined, []])
    assert.equal(codeOf(await ask(`{ domain { domainDetails(domain: "${NEW}") { type } } }`)), 'not_found')

    dataOf(await ask(call('addDomain', NEW, TYPE)))
    await host.commit(kept.put(`juliet@${NEW}`, 'romeo@example.com', '{}'))
    // The order's timer finds that all is done.
    await story.wait(2)
    await settle()
    assert.equal((await kept.all(`juliet@${NEW}`)).size, 1)
  })

  it('are served again after a restart, and removals go on; domains of the configuration go before them', async (t) => {
    const { ask, story, domains } = await withDomains(t)
    const { kernel, host } = story
    for (const domain of [NEW, 'off.example', 'going.example'])
      await domains.put(domain, { hostType: TYPE, status: 'enabled' })
    dataOf(await ask(call('disableDomain', 'off.example')))
    await domains.put('going.example', { hostType: TYPE, status: 'deleting' })
    await domains.put('elsewhere.example', { hostType: 'gone', status: 'enabled' })
    await domains.put(TYPE, { hostType: 'gone', status: 'disabled' })
    for (const domain of host.domains.filter((each) => each !== TYPE)) kernel.hosts.removeDomain(domain)

    const next = await provideDomains(kernel)
    assert.deepEqual([...host.domains].toSorted(), [TYPE, NEW])
    assert.equal(codeOf(await ask(call('enableDomain', TYPE))), 'static')
    assert.equal(codeOf(await ask(call('enableDomain', 'going.example'))), 'deleted')
    await story.wait(1)
    await settle()
    assert.deepEqual([...next.all().keys()], ['elsewhere.example', TYPE, NEW, 'off.example'])
  })

  it('one whose service is taken is not kept, either', async (t) => {
    const { story, domains } = await withDomains(t)
    const { kernel, host } = story
    kernel.hosts.addServiceOf(host, { domain: 'vjud.@HOST@', service: () => undefined })
    kernel.hosts.addService(`vjud.${NEW}`, () => undefined)
    await assert.rejects(
      domains.put(NEW, { hostType: TYPE, status: 'enabled' }),
      /vjud\.new\.example is already served/,
    )
    assert.deepEqual([[...domains.all().keys()], kernel.hosts.of(NEW)], [[], undefined])
    assert.equal((await kernel.stores.keyedSet('domains').all('')).size, 0)
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
