import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Iq, VCard } from '@meerkat/protocol'
import { parseElement, serialize } from '@meerkat/xml'
import messages from '../modules/messages.ts'
import mod_vcard from '../modules/vcard/index.ts'
import { apiStory, codeOf } from './api-story.fixture.ts'
import type { ApiAnswer } from './execute.ts'
import { readVCard, vcardOf } from './vcard-fields.ts'

const ALICE = 'alice@example.com'
const SET = `mutation ($vcard: VcardInput!) { vcard { setVcard(user: "${ALICE}", vcard: $vcard) { formattedName } } }`
const get = (fields: string, user = ALICE) => `{ vcard { getVcard(user: "${user}") { ${fields} } } }`

const stage = (t: Parameters<typeof apiStory>[0], section: Record<string, unknown> = {}) =>
  apiStory(t, { modules: [[messages], [mod_vcard, section]], users: ['alice'], absent: ['bob'] })

function card(answer: ApiAnswer): unknown {
  assert.equal(answer.body.errors, undefined, JSON.stringify(answer.body.errors))
  return (JSON.parse(JSON.stringify(answer.body.data)) as { vcard: Record<string, unknown> }).vcard['getVcard']
}

/** One of everything that the schema knows. */
const EVERYTHING = {
  formattedName: 'Alice Example',
  nameComponents: { family: 'Example', givenName: 'Alice', middleName: 'B.', prefix: 'Dr.', suffix: 'Jr.' },
  nickname: ['al', 'ice'],
  photo: [{ type: 'image/png', binValue: 'AAAA' }, { extValue: 'https://example.com/photo' }],
  birthday: ['1990-01-01'],
  address: [
    {
      tags: ['HOME', 'PREF'],
      pobox: '1',
      extadd: '2',
      street: '3',
      locality: '4',
      region: '5',
      pcode: '6',
      country: '7',
    },
  ],
  label: [{ tags: ['WORK'], line: ['a', 'b'] }],
  telephone: [{ tags: ['HOME', 'CELL'], number: '1' }],
  email: [{ tags: ['INTERNET', 'X400'], userId: 'alice@mail.example' }],
  jabberId: [ALICE],
  mailer: ['m'],
  timeZone: ['+01:00'],
  geo: [{ lat: '1', lon: '2' }],
  title: ['t'],
  role: ['r'],
  logo: [{ extValue: 'https://example.com/logo' }],
  agent: [{ vcard: { formattedName: 'Bob', nameComponents: { family: 'B' } } }, { extValue: 'xmpp:bob@example.com' }],
  org: [{ orgname: 'o', orgunit: ['u', 'v'] }],
  categories: [{ keyword: ['k', 'l'] }],
  note: ['n'],
  prodId: ['p'],
  rev: ['2026-01-01'],
  sortString: ['s'],
  sound: [{ phonetic: 'ph' }, { binValue: 'BBBB' }, { extValue: 'https://example.com/sound' }],
  uid: ['i'],
  url: ['https://example.com'],
  desc: ['d'],
  class: [{ tags: ['PUBLIC'] }],
  key: [{ type: 'pgp', credential: 'c' }],
}

const SELECTION = `formattedName nameComponents { family givenName middleName prefix suffix } nickname
  photo { ... on ImageData { type binValue } ... on External { extValue } } birthday
  address { tags pobox extadd street locality region pcode country } label { tags line }
  telephone { tags number } email { tags userId } jabberId mailer timeZone geo { lat lon } title role
  logo { ... on ImageData { type } ... on External { extValue } }
  agent { ... on AgentVcard { vcard { formattedName nameComponents { family } } } ... on External { extValue } }
  org { orgname orgunit } categories { keyword } note prodId rev sortString
  sound { ... on Phonetic { phonetic } ... on BinValue { binValue } ... on External { extValue } }
  uid url desc class { tags } key { type credential }`

describe('setVcard and getVcard', () => {
  it('carry everything that the schema knows, and clients see it', async (t) => {
    const { ask, story } = await stage(t)
    assert.equal((await ask(SET, {}, { vcard: EVERYTHING })).body.errors, undefined)
    assert.deepEqual(card(await ask(get(SELECTION))), EVERYTHING)
    const seen = VCard.in(await story.device('alice').request(Iq({ type: 'get' }, VCard())))
    assert.equal(serialize(seen!), serialize(vcardOf(EVERYTHING)))
    assert.match(serialize(seen!), /<SORT-STRING>s<\/SORT-STRING>/)
  })

  it('show what a client has set; what the schema has no place for is left out', async (t) => {
    const { ask, story } = await stage(t)
    const set = parseElement(`<vCard xmlns='vcard-temp'><FN>Alice</FN><X-ODD>1</X-ODD><TEL><CELL/><ODD/><NUMBER/></TEL>
      <PHOTO><BINVAL>AAAA</BINVAL></PHOTO><FN>Second</FN><EMAIL><USERID>a@b</USERID></EMAIL></vCard>`)
    await story.device('alice').request(Iq({ type: 'set' }, set))
    const fields = 'formattedName nickname telephone { tags number } photo { __typename } email { tags userId }'
    assert.deepEqual(card(await ask(get(fields))), {
      formattedName: 'Alice',
      nickname: null,
      telephone: [{ tags: ['CELL'], number: '' }],
      photo: [{ __typename: 'ImageData' }],
      email: [{ tags: [], userId: 'a@b' }],
    })
  })

  it('word their errors as MongooseIM does', async (t) => {
    const { ask, story } = await stage(t)
    const failure = async (user: string) => (await ask(get('formattedName', user))).body.errors?.[0]
    assert.deepEqual((await failure('bob@example.com'))?.extensions, {
      code: 'vcard_not_found',
      user: 'bob@example.com',
    })
    assert.equal((await failure('nobody@example.com'))?.message, 'Given user does not exist')
    assert.equal((await failure('nobody@else.example'))?.message, "User's domain does not exist")
    await story.kernel.modules.stop(story.host, mod_vcard.key)
    assert.equal(codeOf(await ask(get('formattedName'))), 'deps_not_loaded')
  })

  it('S3: take nothing that XML cannot carry, or that is too large', async (t) => {
    const { ask } = await stage(t, { max_size: 500 })
    const set = (formattedName: string) => ask(SET, {}, { vcard: { formattedName, nameComponents: {} } })
    assert.equal(codeOf(await set('\u0000')), 'not_well_formed')
    assert.equal(codeOf(await set('x'.repeat(500))), 'policy_violation')
    assert.equal(codeOf(await ask(get('formattedName'))), 'vcard_not_found')
    await set('</FN><JABBERID>x')
    assert.deepEqual(card(await ask(get('formattedName jabberId'))), {
      formattedName: '</FN><JABBERID>x',
      jabberId: null,
    })
  })

  it("S80: an admin of a domain may with that domain's users", async (t) => {
    const { ask } = await stage(t)
    const caller = { role: 'domain_admin', domain: 'example.com' } as const
    const vcard = { formattedName: 'A', nameComponents: {} }
    assert.equal((await ask(SET, caller, { vcard })).body.errors, undefined)
    assert.deepEqual(card(await ask(get('formattedName'), caller)), { formattedName: 'A' })
    const other = { ...caller, domain: 'else.example' }
    assert.equal(codeOf(await ask(SET, other, { vcard })), 'no_permissions')
    assert.equal(codeOf(await ask(get('formattedName'), other)), 'no_permissions')
  })
})

describe('the fields of a vCard', () => {
  it('are those of XEP-0054, none of them inherited', () => {
    assert.deepEqual(readVCard(parseElement("<vCard xmlns='vcard-temp'><constructor>x</constructor></vCard>")), {})
    assert.deepEqual(vcardOf({ toString: 'x', nickname: [null, 'a'] }).elements().length, 1)
  })
})
