import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import httpUpload from '../modules/http-upload/index.ts'
import { makeJid } from '@meerkat/protocol'
import { personalData } from '../core/personal-data.ts'
import messages from '../modules/messages.ts'
import { apiStory, codeOf } from './api-story.fixture.ts'

const ask = (args: string) => `mutation { httpUpload { getUrl(${args}) { putUrl getUrl headers { name value } } } }`
const FILE = 'domain: "example.com", filename: "très cool.jpg"'

const stage = (t: Parameters<typeof apiStory>[0], section: Record<string, unknown> = {}) =>
  apiStory(t, { modules: [[messages], [httpUpload, section]] })
const urls = (answer: { body: { data?: unknown } }): { putUrl: string; getUrl: string; headers: unknown } =>
  JSON.parse(JSON.stringify(answer.body.data)).httpUpload.getUrl

const s3 = {
  bucket_url: 'https://bucket.s3.example/files',
  region: 'eu-west-1',
  access_key_id: 'AKIDEXAMPLE',
  secret_access_key: 'hush',
  add_acl: true,
}

describe('the category httpUpload', () => {
  it('gives addresses of this server', async (t) => {
    const { putUrl, getUrl, headers } = urls(await (await stage(t)).ask(ask(`${FILE}, size: 10, timeout: 60`)))
    assert.match(getUrl, /^https:\/\/example\.com\/example\.com\/[0-9a-f]{32}\/tr%C3%A8s%20cool\.jpg$/)
    assert.ok(putUrl.startsWith(`${getUrl}?token=`))
    assert.deepEqual(headers, [])
  })

  it('gives addresses of a bucket, good for as long as it is asked for', async (t) => {
    const api = await stage(t, { s3 })
    const { putUrl, getUrl, headers } = urls(
      await api.ask(ask(`${FILE}, size: 10, contentType: "image/jpeg", timeout: 77`)),
    )
    assert.match(getUrl, /^https:\/\/bucket\.s3\.example\/files\/[0-9a-f]{64}\/tr%C3%A8s%20cool\.jpg$/)
    const query = new URL(putUrl).searchParams
    assert.equal(query.get('X-Amz-Expires'), '77')
    assert.equal(query.get('X-Amz-SignedHeaders'), 'content-length;content-type;host;x-amz-acl')
    assert.deepEqual(headers, [{ name: 'x-amz-acl', value: 'public-read' }])
    const plain = urls(await api.ask(ask(`${FILE}, size: 10, contentType: "", timeout: 77`)))
    assert.equal(new URL(plain.putUrl).searchParams.get('X-Amz-SignedHeaders'), 'content-length;host;x-amz-acl')
  })

  it('gives users addresses for files of their own', async (t) => {
    const { as, story } = await apiStory(t, { modules: [[messages], [httpUpload]], absent: ['alice'] })
    const query = 'mutation { httpUpload { getUrl(filename: "a", size: 10, timeout: 60) { putUrl getUrl } } }'
    assert.match(urls(await as('alice').ask(query)).putUrl, /\?token=/)
    const [data] = await story.host.hooks.fold(personalData, [], makeJid('alice', 'example.com'))
    assert.equal(data?.group, 'http_upload')
    for (const name of ['http_upload', 'httpUpload'])
      assert.equal(codeOf(await as('alice', { allowedCategories: [name] }).ask(query)), undefined)
    assert.equal(codeOf(await as('alice', { allowedCategories: ['vcard'] }).ask(query)), 'category_disabled')
  })

  it('says why there is none', async (t) => {
    const api = await stage(t, { max_file_size: 9 })
    const code = async (args: string) => codeOf(await api.ask(ask(args)))
    assert.equal(await code(`${FILE}, size: 10, timeout: 60`), 'file_too_large_error')
    assert.equal(await code(`${FILE}, size: 9, contentType: "x", timeout: 60`), 'bad_request')
    assert.equal(await code('domain: "other.example", filename: "a", size: 1, timeout: 60'), 'domain_not_found')
    for (const bad of [`${FILE}, size: 0, timeout: 60`, `${FILE}, size: 1, timeout: 0`, `${FILE}, size: 1`])
      assert.notEqual(await code(bad), undefined)
    const without = await apiStory(t)
    assert.equal(codeOf(await without.ask(ask(`${FILE}, size: 1, timeout: 60`))), 'deps_not_loaded')
  })
})
