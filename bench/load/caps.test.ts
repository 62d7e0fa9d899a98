import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerQuestions, presenceOf, version } from './caps.ts'
import { wired } from './wired.fixture.ts'

const INFO = 'http://jabber.org/protocol/disco#info'
const software = { node: 'https://client.example', name: 'Exodus', features: [INFO, 'a+notify'] }

test('XEP-0115 §5.2: the example, of another kind of client', () => {
  const features = ['http://jabber.org/protocol/caps', INFO, 'http://jabber.org/protocol/disco#items']
  const exodus = { ...software, name: 'Exodus 0.9.1', features: [...features, 'http://jabber.org/protocol/muc'] }
  assert.equal(version(exodus, 'pc'), 'QgayPKawpkPSDYmwT/WM94uAlu0=')
  assert.match(presenceOf(software), new RegExp(` ver='${version(software).replaceAll('+', '\\+')}'`))
})

test('questions are answered wherever the text is cut, but those of the own account', () => {
  const ask = (from: string) =>
    `<iq type='get' id='q' from='${from}'><query xmlns='${INFO}' node='https://client.example#v'/></iq>`
  const text = ask('example.test') + ask('u1@example.test') + ask('c1@example.test')
  for (let cut = 0; cut < text.length; cut++) {
    const { client, written } = wired()
    client.jid = 'u1@example.test/b'
    const rest = answerQuestions(client, software, text.slice(0, cut))
    answerQuestions(client, software, rest + text.slice(cut))
    assert.deepEqual(
      written.map((answer) => / to='([^']*)'/.exec(answer)?.[1]),
      ['example.test', 'c1@example.test'],
    )
    assert.match(
      written[0]!,
      /^<iq type='result' id='q'.*node='https:\/\/client.example#v'.*<feature var='a\+notify'\/>/,
    )
  }
})
