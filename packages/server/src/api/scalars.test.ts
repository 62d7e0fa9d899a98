import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Jid, parseJid } from '@meerkat/protocol'
import { Element } from '@meerkat/xml'
import fc from 'fast-check'
import { type GraphQLScalarType } from 'graphql'
import { API } from './api-story.fixture.ts'

const scalar = (name: string) => API.schema.getType(name) as GraphQLScalarType
const read = (name: string, value: unknown): unknown => scalar(name).coerceInputValue(value)
const write = (name: string, value: unknown): unknown => scalar(name).coerceOutputValue(value)

describe('MongooseIM: scalars in', () => {
  const refused: readonly (readonly [type: string, value: unknown, reason: string])[] = [
    ['JID', '', 'failed_to_parse_jid'],
    ['JID', 'a@b@', 'failed_to_parse_jid'],
    ['JID', 7, 'failed_to_parse_jid'],
    ['JID', 'example.com', 'jid_without_local_part'],
    ['BareJID', 'a@b/c', 'jid_with_resource'],
    ['FullJID', 'a@b', 'jid_without_resource'],
    ['UserName', '', 'empty_user_name'],
    ['UserName', 'a b', 'failed_to_parse_user_name'],
    ['RoomName', '', 'empty_room_name'],
    ['DomainName', '', 'empty_domain_name'],
    ['DomainName', 'a@b', 'failed_to_parse_domain_name'],
    ['ResourceName', '', 'empty_resource_name'],
    ['NodeName', 'meerkat', 'incorrect_node_name'],
    ['DateTime', 'yesterday', 'failed_to_parse_datetime'],
    ['DateTime', '2026-13-01T00:00:00Z', 'failed_to_parse_datetime'],
    ['XmlElement', '<a>', 'failed_to_parse_xml'],
    ['NonEmptyString', '', 'Given string is empty'],
    ['PosInt', 0, 'Value is not a positive integer'],
    ['PosInt', '1', 'Value is not a positive integer'],
    ['NonNegInt', -1, 'Value is not a non-negative integer'],
    ['NonNegInt', 1.5, 'Value is not a non-negative integer'],
  ]
  for (const [type, value, reason] of refused)
    it(`${type} refuses ${JSON.stringify(value)}: ${reason}`, () => {
      assert.throws(
        () => read(type, value),
        (error: Error) =>
          error.message.startsWith(`Input coercion failed for type ${type} with value `) &&
          error.message.endsWith(reason),
      )
    })

  it('prepares names', () => {
    assert.equal(read('UserName', 'Alice'), 'alice')
    assert.equal(read('DomainName', 'EXAMPLE.com'), 'example.com')
    assert.equal(String(read('JID', 'Alice@Example.COM/Phone')), 'alice@example.com/Phone')
    assert.equal((read('FullJID', 'a@b/c') as Jid).resource, 'c')
  })

  it('reads XML and node names', () => {
    const element = read('XmlElement', "<message to='b@c'><body>hi</body></message>") as Element
    assert.deepEqual([element.name, element.attr('to')], ['message', 'b@c'])
    assert.equal(read('NodeName', 'self'), 'self')
    assert.equal(read('NodeName', 'meerkat@host'), 'meerkat@host')
  })
})

describe('MongooseIM: scalars out', () => {
  it('writes JIDs and XML', () => {
    assert.equal(write('JID', parseJid('a@b/c')), 'a@b/c')
    assert.equal(write('BareJID', parseJid('a@b/c')), 'a@b')
    assert.equal(write('XmlElement', new Element('a', '', [], [])), '<a/>')
    assert.equal(write('PosInt', 3), 3)
  })

  it('DateTime is UTC with microseconds, whatever zone it came in', () => {
    const micros = read('DateTime', '2026-05-17T11:30:00.123456+02:00') as number
    assert.equal(write('DateTime', micros), '2026-05-17T09:30:00.123456Z')
    assert.equal(write('DateTime', read('DateTime', '2026-05-17t09:30:00z')), '2026-05-17T09:30:00.000000Z')
  })

  it('DateTime reads what it writes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4e15 }),
        (micros) => read('DateTime', write('DateTime', micros)) === micros,
      ),
    )
  })
})
