import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseJid } from '@meerkat/protocol'
import { read, steps } from './play.fixture.ts'
import { Unknowns } from './unknowns.fixture.ts'

const JULIET = parseJid('juliet@example.com/balcony')

const compare = (expected: string, got: string, unknown: readonly string[] = []): string | undefined =>
  new Unknowns(unknown).compare(read(expected), read(got), JULIET)

describe('comparing what a server says with an example', () => {
  it('finds what is different', () => {
    const example = `<iq type='result' id='1'><query xmlns='q' node='n'><name>x</name></query></iq>`
    const others: readonly (readonly [string, string])[] = [
      [`<iq type='result' id='1'><query xmlns='q' node='n'><name> x </name></query></iq>`, ''],
      [`<iq type='result' id='2'><query xmlns='q' node='n'><name>x</name></query></iq>`, 'id is 2'],
      [`<iq type='result' id='1'><query xmlns='q' node='m'><name>x</name></query></iq>`, 'node is m'],
      [`<iq type='result' id='1'><query xmlns='q' node='n' ver='1'><name>x</name></query></iq>`, 'there is ver, too'],
      [`<iq type='result' id='1'><query xmlns='p' node='n'><name>x</name></query></iq>`, 'it is query of p'],
      [`<iq type='result' id='1'><query xmlns='q' node='n'><name>y</name></query></iq>`, 'the text is y'],
      [`<iq type='result' id='1'><query xmlns='q' node='n'/></iq>`, 'it has 0 children'],
      [`<iq type='error' id='1'/>`, 'type is error'],
    ]
    for (const [got, problem] of others) assert.equal(compare(example, got) ?? '', problem, got)
  })

  it('lets the server leave out addresses that go without saying, and no others', () => {
    const got = `<iq type='result' id='1'/>`
    assert.equal(compare(`<iq type='result' id='1' from='juliet@example.com' to='${JULIET}'/>`, got), undefined)
    assert.equal(compare(`<iq type='result' id='1' from='example.com'/>`, got), 'from is undefined')
  })

  it('takes a word for the same thing each time', () => {
    const example = `<a xmlns='x' one='some-id' two='some-id'/>`
    assert.equal(compare(example, `<a xmlns='x' one='7' two='7'/>`, ['some-id']), undefined)
    assert.equal(compare(example, `<a xmlns='x' one='7' two='8'/>`, ['some-id']), 'two is 8')
    const unknowns = new Unknowns(['some-id'])
    unknowns.compare(read(example), read(`<a xmlns='x' one='7' two='7'/>`), JULIET)
    assert.equal(unknowns.fill(`<b previd='some-id'/>`), `<b previd='7'/>`)
  })

  it('finds what an ellipsis does not stand for', () => {
    const example = `<query xmlns='q'>...<feature var='a'/>...</query>`
    assert.equal(compare(example, `<query xmlns='q'><feature var='b'/><feature var='a'/></query>`), undefined)
    assert.equal(compare(example, `<query xmlns='q'><feature var='b'/></query>`), 'there is no feature')
  })

  it('compares type and condition of errors', () => {
    const error = (type: string, condition: string): string =>
      `<iq type='error'><error type='${type}'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`
    assert.equal(compare(error('cancel', 'conflict'), error('cancel', 'conflict')), undefined)
    assert.equal(compare(error('cancel', 'conflict'), error('modify', 'conflict')), 'the type is modify')
    assert.equal(compare(error('cancel', 'conflict'), error('cancel', 'gone')), 'the condition is gone')
    assert.equal(compare(error('cancel', 'conflict'), `<iq type='error'/>`), 'the type is undefined')
  })
})

it('a script has steps', () => {
  const script = `
    # Example 1
    romeo: <presence/>
    > juliet: <presence>
      <status>a: b</status>
    </presence>
    ! wait 60
    > juliet: nothing`
  assert.deepEqual(
    steps(script).map(({ kind, name, words }) => [kind, name, words.replaceAll(/\s+/g, ' ')]),
    [
      ['sends', 'romeo', '<presence/>'],
      ['gets', 'juliet', '<presence> <status>a: b</status> </presence>'],
      ['happens', '', 'wait 60'],
      ['gets', 'juliet', 'nothing'],
    ],
  )
})
