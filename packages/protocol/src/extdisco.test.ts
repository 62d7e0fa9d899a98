import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseElement } from '@meerkat/xml'
import { buildExternalCredentials, buildExternalServices } from './extdisco.ts'

const attributes = (xml: string) =>
  parseElement(xml)
    .elements()
    .map(
      (service) =>
        new Map(
          Array.from(
            { length: service.attrs.length / 2 },
            (_, i) => service.attrs.slice(2 * i, 2 * i + 2) as [string, string],
          ),
        ),
    )
const asXml = (element: ReturnType<typeof buildExternalServices>) =>
  element
    .elements()
    .map(
      (service) =>
        new Map(
          Array.from(
            { length: service.attrs.length / 2 },
            (_, i) => service.attrs.slice(2 * i, 2 * i + 2) as [string, string],
          ),
        ),
    )

test('XEP-0215 §3.1: a list of services', () => {
  const services = buildExternalServices([
    { type: 'stun', host: 'stun.shakespeare.lit', port: 9998, transport: 'udp' },
    { type: 'ftp', host: 'ftp.shakespeare.lit', port: 20, transport: 'tcp', username: 'guest', password: 'guest' },
  ])
  const example = `<services xmlns='urn:xmpp:extdisco:2'>
    <service host='stun.shakespeare.lit' port='9998' transport='udp' type='stun'/>
    <service host='ftp.shakespeare.lit' password='guest' port='20' restricted='true' transport='tcp' type='ftp' username='guest'/>
  </services>`
  assert.deepEqual(asXml(services), attributes(example))
  assert.equal(services.attr('type'), undefined)
})

test('XEP-0215 §3.2: the type that was asked for comes back', () => {
  assert.equal(buildExternalServices([], 'turn').attr('type'), 'turn')
})

test('XEP-0215 §2: credentials expire at a time of XEP-0082, in UTC', () => {
  const credentials = buildExternalCredentials([
    {
      type: 'turn',
      host: 'turn.example.com',
      username: '1767229200:romeo@example.com',
      password: 'x',
      expires: 1_767_229_200,
    },
  ])
  assert.equal(credentials.elements()[0]!.attr('expires'), '2026-01-01T01:00:00Z')
})
