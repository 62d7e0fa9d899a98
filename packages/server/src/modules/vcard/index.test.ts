import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  DataForm,
  DiscoInfo,
  DiscoItems,
  Iq,
  Message,
  Presence,
  SearchQuery,
  VCard,
  buildForm,
  buildRsmRequest,
  errorCondition,
  findForm,
  makeJid,
  parseDiscoInfo,
  parseDiscoItems,
  parseFormRows,
  parseRsmPage,
  parseSearchItems,
  vcardTag,
  vcardText,
} from '@meerkat/protocol'
import { type Element, parseElement, serialize } from '@meerkat/xml'
import { accountRemoved, sectionSchema } from '../../core/module.ts'
import { DOMAIN, type Device, type Story, settle, story } from '../../testing/story.ts'
import disco from '../disco.ts'
import mod_vcard from './index.ts'

const VJUD = `vjud.${DOMAIN}`

/** XEP-0054 §3.1. */
const PETER = parseElement(`<vCard xmlns='vcard-temp'>
  <FN>Peter Saint-Andre</FN>
  <N><FAMILY>Saint-Andre</FAMILY><GIVEN>Peter</GIVEN><MIDDLE/></N>
  <NICKNAME>stpeter</NICKNAME>
  <BDAY>1966-08-06</BDAY>
  <ORG><ORGNAME>XMPP Standards Foundation</ORGNAME><ORGUNIT/></ORG>
  <TEL><WORK/><VOICE/><NUMBER>303-308-3282</NUMBER></TEL>
  <ADR><WORK/><LOCALITY>Denver</LOCALITY><CTRY>USA</CTRY></ADR>
  <EMAIL><INTERNET/><PREF/><USERID>stpeter@jabber.org</USERID></EMAIL>
</vCard>`)

const get = (to?: string) => Iq({ type: 'get', to }, VCard())
const set = (card: Element, to?: string) => Iq({ type: 'set', to }, card)
const named = (family: string, given: string, ...more: Element[]) =>
  VCard({}, vcardTag('N')({}, vcardTag('FAMILY')({}, family), vcardTag('GIVEN')({}, given)), ...more)

async function refused(device: Device, iq: Element): Promise<string | undefined> {
  return errorCondition(await device.request(iq))
}

async function searching(t: Parameters<typeof story>[0], section: Record<string, unknown> = {}): Promise<Story> {
  const scene = await story(t, {
    modules: [[disco], [mod_vcard, section]],
    users: ['romeo', 'juliet', 'tybalt', 'peter'],
  })
  await scene.device('juliet').request(set(named('Capulet', 'Juliet', vcardTag('NICKNAME')({}, 'JuliC'))))
  await scene.device('tybalt').request(set(named('Capulet', 'Tybalt', vcardTag('EMAIL')({}, 'ty@capulet.lit'))))
  await scene.device('peter').request(set(PETER))
  return scene
}

/** Who is found with a form, by name. */
async function found(device: Device, fields: Record<string, string>, page?: Element): Promise<(string | undefined)[]> {
  const form = buildForm(
    { type: 'submit', formType: SearchQuery.ns },
    Object.entries(fields).map(([name, value]) => ({ var: name, value })),
  )
  const answer = await device.request(Iq({ type: 'set', to: VJUD }, SearchQuery({}, form, page)))
  const rows = parseFormRows(DataForm.in(SearchQuery.in(answer)!)!)
  return rows.map((row) => row.get('jid')?.[0]?.split('@')[0])
}

describe('XEP-0054 §3: vCards of users', () => {
  it('§3.1 and §3.2: one stores the own vCard and gets it back on every device', async (t) => {
    const scene = await story(t, { modules: [[mod_vcard]], users: ['peter/1', 'peter/2'] })
    assert.equal(await refused(scene.device('peter/1'), get()), 'item-not-found')
    assert.equal((await scene.device('peter/1').request(set(PETER))).attr('type'), 'result')
    const kept = VCard.in(await scene.device('peter/2').request(get()))
    assert.equal(serialize(kept!), serialize(PETER))
  })

  it("§3.2: nobody changes somebody else's, nor the server's", async (t) => {
    const scene = await story(t, { modules: [[mod_vcard]], users: ['romeo', 'peter'] })
    await scene.device('peter').request(set(PETER))
    for (const to of [`peter@${DOMAIN}`, DOMAIN])
      assert.equal(await refused(scene.device('romeo'), set(named('X', 'Y'), to)), 'not-allowed')
    assert.equal(serialize(VCard.in(await scene.device('peter').request(get()))!), serialize(PETER))
  })

  it('§3.3: everybody sees them; of who has none one learns no more than of who does not exist', async (t) => {
    const scene = await story(t, { modules: [[mod_vcard]], users: ['romeo', 'peter'], absent: ['nurse'] })
    await scene.device('peter').request(set(PETER))
    const romeo = scene.device('romeo')
    const seen = VCard.in(await romeo.request(get(`peter@${DOMAIN}`)))
    assert.equal(vcardText(seen!, 'FN'), 'Peter Saint-Andre')
    const told = async (user: string) => {
      const answer = await romeo.request(get(`${user}@${DOMAIN}`))
      return [errorCondition(answer), answer.elements().map((element) => serialize(element))]
    }
    const [condition, words] = await told('nobody')
    assert.equal(condition, 'service-unavailable')
    assert.deepEqual(await told('nurse'), [condition, words])
  })

  it('the server has one too, and announces the feature', async (t) => {
    const scene = await story(t, { modules: [[mod_vcard]], users: ['romeo'] })
    const card = VCard.in(await scene.device('romeo').request(get(DOMAIN)))
    assert.equal(vcardText(card!, 'FN'), 'Meerkat')
    assert.ok(scene.host.serverFeatures.list().includes('vcard-temp'))
  })

  it('one that is too large is refused, and the present one stays', async (t) => {
    const scene = await story(t, { modules: [[mod_vcard, { max_size: 1000 }]], users: ['peter'] })
    const peter = scene.device('peter')
    await peter.request(set(PETER))
    const photo = vcardTag('PHOTO')({}, vcardTag('BINVAL')({}, 'é'.repeat(500)))
    assert.equal(await refused(peter, set(VCard({}, photo))), 'policy-violation')
    assert.equal(serialize(VCard.in(await peter.request(get()))!), serialize(PETER))
  })

  it('S3: what looks like an entity is text, and stays it', async (t) => {
    const scene = await story(t, { modules: [[mod_vcard]], users: ['peter'] })
    const peter = scene.device('peter')
    const hostile = VCard({}, vcardTag('FN')({}, '&xxe; <!ENTITY xxe SYSTEM "file:///etc/passwd">'))
    await peter.request(set(hostile))
    assert.equal(serialize(VCard.in(await peter.request(get()))!), serialize(hostile))
  })
})

describe('XEP-0055 §2: searching', () => {
  it('the service is an item of the server and tells what it is', async (t) => {
    const scene = await searching(t)
    const romeo = scene.device('romeo')
    const items = await romeo.request(Iq({ type: 'get', to: DOMAIN }, DiscoItems()))
    assert.deepEqual(
      parseDiscoItems(DiscoItems.in(items)!).map(({ jid }) => jid),
      [VJUD],
    )
    const info = parseDiscoInfo(DiscoInfo.in(await romeo.request(Iq({ type: 'get', to: VJUD }, DiscoInfo())))!)
    assert.deepEqual([info.identities[0]!.category, info.identities[0]!.type], ['directory', 'user'])
    assert.ok(info.features.includes('jabber:iq:search'))
    assert.ok((await romeo.request(Iq({ type: 'get', to: VJUD }, DiscoItems()))).attr('type') === 'result')
    assert.equal(await refused(romeo, Iq({ type: 'get', to: VJUD }, DiscoInfo({ node: 'x' }))), 'item-not-found')
    assert.ok(VCard.in(await romeo.request(get(VJUD))))
  })

  it('tells its fields with and without a form', async (t) => {
    const scene = await searching(t)
    const query = SearchQuery.in(await scene.device('romeo').request(Iq({ type: 'get', to: VJUD }, SearchQuery())))!
    const plain = query.elements().map(({ name }) => name)
    assert.deepEqual(plain, ['instructions', 'first', 'last', 'nick', 'email', 'x'])
    const fields = findForm(query, 'jabber:iq:search')!
      .elements()
      .map((field) => field.attr('var'))
    const expected = 'user fn first middle last nick bday ctry locality email orgname orgunit'.split(' ')
    assert.deepEqual(
      fields.filter((name) => name !== undefined && name !== 'FORM_TYPE'),
      expected,
    )
  })

  it('without a form', async (t) => {
    const scene = await searching(t)
    const last = parseElement("<query xmlns='jabber:iq:search'><last>Capulet</last></query>")
    const answer = await scene.device('romeo').request(Iq({ type: 'set', to: VJUD }, last))
    const items = parseSearchItems(SearchQuery.in(answer)!)
    assert.deepEqual(
      items.map((item) => [item.get('jid'), item.get('first'), item.get('nick'), item.get('email')]),
      [
        [`juliet@${DOMAIN}`, 'Juliet', 'JuliC', ''],
        [`tybalt@${DOMAIN}`, 'Tybalt', '', 'ty@capulet.lit'],
      ],
    )
    const nobody = parseElement("<query xmlns='jabber:iq:search'><last>Montague</last></query>")
    const empty = await scene.device('romeo').request(Iq({ type: 'set', to: VJUD }, nobody))
    assert.deepEqual(SearchQuery.in(empty)?.children, [])
  })

  it('§3: with a form, by any field, in any case, all values together', async (t) => {
    const scene = await searching(t)
    const romeo = scene.device('romeo')
    assert.deepEqual(await found(romeo, { last: 'CAPULET' }), ['juliet', 'tybalt'])
    assert.deepEqual(await found(romeo, { last: 'Capulet', first: 'juliet' }), ['juliet'])
    assert.deepEqual(await found(romeo, { last: 'Capulet', first: 'peter' }), [])
    assert.deepEqual(await found(romeo, { user: 'peter' }), ['peter'])
    for (const [name, value] of Object.entries({
      fn: 'Peter Saint-Andre',
      nick: 'stpeter',
      bday: '1966-08-06',
      ctry: 'usa',
      locality: 'denver',
      email: 'stpeter@jabber.org',
      orgname: 'XMPP Standards Foundation',
    }))
      assert.deepEqual(await found(romeo, { [name]: value }), ['peter'], name)
  })

  it('MongooseIM: a * at the end stands for anything', async (t) => {
    const scene = await searching(t)
    const romeo = scene.device('romeo')
    assert.deepEqual(await found(romeo, { last: 'cap*' }), ['juliet', 'tybalt'])
    assert.deepEqual(await found(romeo, { last: '*' }), ['juliet', 'peter', 'tybalt'])
    assert.deepEqual(await found(romeo, { last: 'cap' }), [])
    assert.deepEqual(await found(romeo, { last: 'cap*', first: 't*' }), ['tybalt'])
  })

  it('nothing in particular finds nobody, and neither do fields that there are not', async (t) => {
    const scene = await searching(t)
    const romeo = scene.device('romeo')
    assert.deepEqual(await found(romeo, {}), [])
    assert.deepEqual(await found(romeo, { last: '' }), [])
    assert.deepEqual(await found(romeo, { toString: 'x', 'last\u0000': 'Capulet' }), [])
    assert.deepEqual(await found(romeo, { last: "' OR 1=1 --" }), [])
    assert.deepEqual(await found(romeo, { last: 'cap%' }), [])
  })

  it('MongooseIM: finds no more than matches', async (t) => {
    const scene = await searching(t, { matches: 1 })
    assert.equal((await found(scene.device('romeo'), { last: 'capulet' })).length, 1)
    const all = await searching(t, { matches: 'infinity' })
    assert.equal((await found(all.device('romeo'), { last: '*' })).length, 3)
  })

  it('XEP-0059: in pages', async (t) => {
    const scene = await searching(t)
    const romeo = scene.device('romeo')
    const page = (request: Parameters<typeof buildRsmRequest>[0]) =>
      found(romeo, { last: '*' }, buildRsmRequest(request))
    assert.deepEqual(await page({ max: 2 }), ['juliet', 'peter'])
    assert.deepEqual(await page({ max: 2, after: `juliet@${DOMAIN}` }), ['peter', 'tybalt'])
    assert.deepEqual(await page({ max: 2, before: '' }), ['peter', 'tybalt'])
    assert.deepEqual(await page({ max: 1, before: `tybalt@${DOMAIN}` }), ['peter'])
    assert.deepEqual(await page({ max: 1, index: 1 }), ['peter'])
    assert.deepEqual(await page({ max: 0 }), [])
    const form = buildForm({ type: 'submit' }, [{ var: 'last', value: '*' }])
    const query = SearchQuery({}, form, buildRsmRequest({ max: 1, after: `juliet@${DOMAIN}` }))
    const told = parseRsmPage(SearchQuery.in(await romeo.request(Iq({ type: 'set', to: VJUD }, query)))!)
    assert.deepEqual(told, { first: `peter@${DOMAIN}`, last: `peter@${DOMAIN}`, index: 1, count: 3 })
    const nowhere = SearchQuery({}, form, buildRsmRequest({ after: 'nobody' }))
    assert.equal(await refused(romeo, Iq({ type: 'set', to: VJUD }, nowhere)), 'item-not-found')
  })

  it('answers requests to its domain and nothing else', async (t) => {
    const scene = await searching(t)
    const romeo = scene.device('romeo')
    for (const to of [`x@${VJUD}`, `${VJUD}/x`])
      assert.equal(await refused(romeo, Iq({ type: 'get', to }, SearchQuery())), 'service-unavailable')
    assert.equal(await refused(romeo, Iq({ type: 'set', to: VJUD }, DiscoInfo())), 'service-unavailable')
    await romeo.send(Message({ to: VJUD }))
    await romeo.send(Presence({ to: VJUD }))
    await romeo.send(Iq({ type: 'result', to: VJUD, id: 'x' }))
    assert.deepEqual(romeo.take().map(errorCondition), ['service-unavailable'])
  })

  it('search = false offers none, and the host can have any name', async (t) => {
    const none = await searching(t, { search: false })
    assert.equal(
      await refused(none.device('romeo'), Iq({ type: 'get', to: VJUD }, SearchQuery())),
      'remote-server-not-found',
    )
    const named = await searching(t, { host: 'people.@HOST@' })
    const answer = await named.device('romeo').request(Iq({ type: 'get', to: `people.${DOMAIN}` }, SearchQuery()))
    assert.equal(answer.attr('type'), 'result')
  })
})

describe('what is searched', () => {
  it('is the vCard as it is now', async (t) => {
    const scene = await searching(t)
    const [romeo, juliet] = [scene.device('romeo'), scene.device('juliet')]
    await juliet.request(set(named('Montague', 'Juliet')))
    assert.deepEqual(await found(romeo, { last: 'Capulet' }), ['tybalt'])
    assert.deepEqual(await found(romeo, { last: 'Montague' }), ['juliet'])
    assert.deepEqual(await found(romeo, { nick: 'JuliC' }), [])
  })

  it('also when two devices change it at once: nothing of the loser stays', async (t) => {
    const scene = await searching(t)
    const other = scene.connect('juliet/other')
    const change = (device: Device, name: string) => device.send(set(named(name, name)).with({ id: name }))
    await Promise.all([
      change(scene.device('juliet'), 'One'),
      change(other, 'Two'),
      change(scene.device('juliet'), 'Three'),
    ])
    await settle()
    const keys = [...(await scene.host.stores.keyedSet('vcard_index').all(DOMAIN)).keys()]
    const own = keys.filter((key) => key.endsWith('\u0001juliet'))
    assert.equal(own.length, 3, own.join())
  })

  it('has values that are long, or differ behind the key', async (t) => {
    const scene = await searching(t)
    const long = 'x'.repeat(300)
    await scene.device('juliet').request(set(named(`${long}1`, 'J')))
    await scene.device('tybalt').request(set(named('x'.repeat(61), 'T')))
    const romeo = scene.device('romeo')
    assert.deepEqual(await found(romeo, { last: 'x'.repeat(61) }), ['tybalt'])
    assert.deepEqual(await found(romeo, { last: 'x'.repeat(250) }), ['juliet'])
    assert.deepEqual(await found(romeo, { last: `${'x'.repeat(70)}*` }), ['juliet'])
  })

  it('goes with the account, index and all', async (t) => {
    const scene = await searching(t)
    const { host } = scene
    for (const name of ['juliet', 'tybalt', 'peter']) {
      const user = makeJid(name, DOMAIN)
      await host.accounts.remove(user, await host.hooks.fold(accountRemoved, [], user))
    }
    assert.deepEqual(await found(scene.device('romeo'), { last: '*' }), [])
    for (const store of ['vcard_index', 'vcard_fields'])
      assert.equal(await host.stores.keyedSet(store).count(DOMAIN), 0)
    assert.equal(await host.stores.keyValue('vcard').get(`peter@${DOMAIN}`), undefined)
  })
})

describe('the settings', () => {
  const read = (section: Record<string, unknown>) =>
    sectionSchema(mod_vcard.config!, { folder: '.' }).safeParse(section)

  it('take what MongooseIM takes of LDAP, and refuse it as the backend by name', () => {
    const ldap = { base: 'ou=Users', uids: [{ attr: 'uid' }], search_operator: 'or', binary_search_fields: ['PHOTO'] }
    assert.equal(read({ backend: 'rdbms', ldap }).success, true)
    const refusal = read({ backend: 'ldap', ldap })
    assert.match(refusal.error?.issues[0]?.message ?? '', /"ldap".*not built/)
    assert.deepEqual(refusal.error?.issues[0]?.path, ['backend'])
  })
})
