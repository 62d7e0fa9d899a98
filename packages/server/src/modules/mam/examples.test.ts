/** The examples of the specifications as they are written there; only addresses, ids and times are those of the story. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errorCondition, parseMamResult } from '@meerkat/protocol'
import { type Element, parseElement } from '@meerkat/xml'
import type { Device } from '../../testing/story.ts'
import disco from '../disco.ts'
import { JULIET, ROMEO, bodyOf, read, verona } from './stage.fixture.ts'

/** A stanza of a specification, with other words in the place of its own. */
function example(xml: string, words: Readonly<Record<string, string>> = {}): Element {
  const other = { ...words, 'juliet@capulet.lit': JULIET, 'romeo@montague.lit': ROMEO }
  const text = Object.entries(other).reduce((known, [from, to]) => known.replaceAll(from, to), xml)
  return parseElement(text.replace(/^<(iq|message)/, "<$1 xmlns='jabber:client'"))
}

/** What an element says, whatever the order of its attributes and the space between its children. */
function said({ name, ns, attrs, children }: Element): unknown[] {
  const inner = children.map((child) => (typeof child === 'string' ? child.trim() : said(child)))
  const attributes = attrs.flatMap((value, i) => (i % 2 === 0 ? [`${value}=${attrs[i + 1]}`] : [])).toSorted()
  return [ns, name, attributes, ...inner.filter((child) => child !== '')]
}

/** The answer to a request of a specification, without the addresses that the examples leave out. */
async function answer(device: Device, xml: string, words: Readonly<Record<string, string>> = {}): Promise<Element> {
  return (await device.request(example(xml, words))).with({ from: undefined, to: undefined })
}

const query = (fields: string, more = '', id = 'juliet1'): string => `<iq type='set' id='${id}'>
  <query xmlns='urn:xmpp:mam:2'>
    <x xmlns='jabber:x:data' type='submit'>
      <field var='FORM_TYPE' type='hidden'>
        <value>urn:xmpp:mam:2</value>
      </field>
      ${fields}
    </x>
    ${more}
  </query>
</iq>`
const field = (name: string, value: string): string => `<field var='${name}'><value>${value}</value></field>`
const FIRST = '28482-98726-73623'
const LAST = '09af3-cc343-b409f'
const CALL_ME = "Call me but love, and I'll be new baptized; Henceforth I never will be Romeo."
const WHAT_MAN = "What man art thou that thus bescreen'd in night so stumblest on my counsel?"

/** What the message in a result says. */
const words = (result: Element): string => bodyOf(parseMamResult(result)!)

/** Romeo and Juliet have spoken as in the examples, and Romeo with himself before and after it. */
async function spoken(t: { after(end: () => Promise<void>): void }) {
  const { scene, romeo, juliet } = await verona(t, { user_prefs_store: 'rdbms' }, [[disco]])
  const say = (device: Device, xml: string) => device.send(example(xml))
  await say(romeo, `<message to='juliet@capulet.lit/balcony' type='chat'><body>${CALL_ME}</body></message>`)
  await scene.wait(60)
  await say(
    juliet,
    `<message to='romeo@montague.lit/orchard' type='chat' id='8a54s'><body>${WHAT_MAN}</body></message>`,
  )
  const { ids, results } = await read(juliet)
  const [received] = juliet.take()
  return { scene, romeo, juliet, received, results, ids: { [FIRST]: ids[0]!, [LAST]: ids[1]! } }
}

describe('XEP-0313: the examples for users', () => {
  it('1: a client receives a message that has been archived', async (t) => {
    const { romeo, juliet } = await verona(t)
    await romeo.send(example(`<message to='juliet@capulet.lit/balcony' type='chat'><body>${CALL_ME}</body></message>`))
    const [received] = juliet.take()
    const { ids } = await read(juliet)
    const expected = `<message to='juliet@capulet.lit/balcony' from='romeo@montague.lit/orchard' type='chat'>
  <body>${CALL_ME}</body>
  <stanza-id xmlns='urn:xmpp:sid:0' by='juliet@capulet.lit' id='${FIRST}' />
</message>`
    assert.deepEqual(said(received!), said(example(expected, { [FIRST]: ids[0]! })))
  })

  it('2 to 4: a query, the messages and the result that signals the end', async (t) => {
    const { juliet, ids, results } = await spoken(t)
    const end = await answer(juliet, "<iq type='set' id='juliet1'><query xmlns='urn:xmpp:mam:2' queryid='f27' /></iq>")
    const [first] = juliet.take()
    const result = `<message to='juliet@capulet.lit/balcony' from='juliet@capulet.lit'>
  <result xmlns='urn:xmpp:mam:2' queryid='f27' id='${FIRST}'>
    <forwarded xmlns='urn:xmpp:forward:0'>
      <delay xmlns='urn:xmpp:delay' stamp='2010-07-10T23:08:25Z'/>
      <message xmlns='jabber:client' to='juliet@capulet.lit/balcony' from='romeo@montague.lit/orchard' type='chat'>
        <body>${CALL_ME}</body>
        <stanza-id xmlns='urn:xmpp:sid:0' by='juliet@capulet.lit' id='${FIRST}' />
      </message>
    </forwarded>
  </result>
</message>`
    const stamp = new Date(results[0]!.stamp / 1000).toISOString().slice(0, 19)
    const stamped = new RegExp(`^${stamp}(\\.\\d+)?Z$`)
    const delay = first!.elements()[0]!.elements()[0]!.elements()[0]!.attr('stamp')!
    assert.match(delay, stamped)
    assert.deepEqual(said(first!), said(example(result, { ...ids, '2010-07-10T23:08:25Z': delay })))
    const fin = `<iq type='result' id='juliet1'>
  <fin xmlns='urn:xmpp:mam:2' complete='true'>
    <set xmlns='http://jabber.org/protocol/rsm'>
      <first index='0'>${FIRST}</first>
      <last>${LAST}</last>
      <count>2</count>
    </set>
  </fin>
</iq>`
    assert.deepEqual(said(end), said(example(fin, ids)))
  })

  const filters: readonly [title: string, fields: string, found: readonly string[]][] = [
    ['6: all messages to and from a JID', field('with', 'romeo@montague.lit'), [CALL_ME, WHAT_MAN]],
    ['6: and of one with whom nothing was said', field('with', 'mercutio@capulet.lit'), []],
    ['7: a timespan', field('start', '2010-06-07T00:00:00Z') + field('end', '2010-07-07T13:23:54Z'), []],
    ['8: after a certain time', field('start', '2010-08-07T00:00:00Z'), [CALL_ME, WHAT_MAN]],
    ['9: after a certain message', field('after-id', FIRST), [WHAT_MAN]],
    ['10: between two known messages', field('after-id', FIRST) + field('before-id', LAST), []],
    ['11: a specific message', field('ids', FIRST), [CALL_ME]],
    ['12: including groupchat messages', field('include-groupchat', 'true'), [CALL_ME, WHAT_MAN]],
    ['13: excluding groupchat messages', field('include-groupchat', 'false'), [CALL_ME, WHAT_MAN]],
  ]
  for (const [title, fields, found] of filters)
    it(title, async (t) => {
      const { juliet, ids } = await spoken(t)
      assert.equal((await answer(juliet, query(fields), ids)).attr('type'), 'result')
      assert.deepEqual(juliet.take().map(words), found)
    })

  it('14 and 15: the fields that can be asked, with a search of our own', async (t) => {
    const { juliet } = await spoken(t)
    const form = await answer(juliet, "<iq type='get' id='form1'><query xmlns='urn:xmpp:mam:2'/></iq>")
    const expected = `<iq type='result' id='form1'>
  <query xmlns='urn:xmpp:mam:2'>
    <x xmlns='jabber:x:data' type='form'>
      <field type='hidden' var='FORM_TYPE'>
        <value>urn:xmpp:mam:2</value>
      </field>
      <field type='jid-single' var='with'/>
      <field type='text-single' var='start'/>
      <field type='text-single' var='end'/>
      <field type='text-single' var='before-id'/>
      <field type='text-single' var='after-id'/>
      <field type='list-multi' var='ids'>
        <validate xmlns="http://jabber.org/protocol/xdata-validate" datatype="xs:string">
          <open/>
        </validate>
      </field>
      <field type='boolean' var='include-groupchat'/>
      <field type='text-single' var='{urn:xmpp:fulltext:0}fulltext'/>
    </x>
  </query>
</iq>`
    const sorted = (iq: Element) =>
      said(iq.elements()[0]!.elements()[0]!)
        .map((part) => JSON.stringify(part))
        .toSorted()
    assert.deepEqual(sorted(form), sorted(example(expected)))
  })

  it('16: a query with discovered fields; with fields that are not ours, feature-not-implemented', async (t) => {
    const { juliet } = await spoken(t)
    const asked = (name: string) =>
      query(`<field type='text-single' var='${name}'><value>What art thou, counsel?</value></field>`)
    const found = await answer(juliet, asked('{urn:xmpp:fulltext:0}fulltext'))
    assert.deepEqual([found.attr('type'), ...juliet.take().map(words)], ['result', WHAT_MAN])
    const unknown = await answer(juliet, asked('{http://example.com/}free-text-search'))
    assert.equal(errorCondition(unknown), 'feature-not-implemented')
  })

  it('18 to 24: pages, an id that is not there, the last page and one that is flipped', async (t) => {
    const { juliet, ids } = await spoken(t)
    const start = field('start', '2010-08-07T00:00:00Z')
    const page = async (set: string, more = '', known: Record<string, string> = ids) => {
      const rsm = `<set xmlns='http://jabber.org/protocol/rsm'>${set}</set>${more}`
      const iq = await answer(juliet, query(start, rsm, 'q29302'), known)
      return { iq, found: juliet.take().map(words) }
    }
    const limited = await page('<max>1</max>')
    assert.deepEqual(limited.found, [CALL_ME])
    const fin = `<iq type='result' id='q29302'>
  <fin xmlns='urn:xmpp:mam:2'>
    <set xmlns='http://jabber.org/protocol/rsm'>
      <first index='0'>${FIRST}</first>
      <last>${FIRST}</last>
      <count>2</count>
    </set>
  </fin>
</iq>`
    assert.deepEqual(said(limited.iq), said(example(fin, ids)))
    assert.deepEqual((await page(`<max>10</max><after>${FIRST}</after>`)).found, [WHAT_MAN])
    const missing = await page(`<max>10</max><after>${LAST}</after>`, '', {})
    assert.deepEqual([errorCondition(missing.iq), missing.iq.attr('id')], ['item-not-found', 'q29302'])
    const last = await page('<max>10</max><before/>')
    assert.deepEqual([last.found, last.iq.elements()[0]?.attr('complete')], [[CALL_ME, WHAT_MAN], 'true'])
    assert.deepEqual((await page('<max>10</max>', '<flip-page/>')).found, [WHAT_MAN, CALL_ME])
  })

  it('25 and 26: metadata', async (t) => {
    const { juliet, ids } = await spoken(t)
    const request = "<iq type='get' id='jui8921rr9'><metadata xmlns='urn:xmpp:mam:2'/></iq>"
    const answered = await answer(juliet, request)
    const [start, end] = answered.elements()[0]!.elements()
    const expected = `<iq type='result' id='jui8921rr9'>
  <metadata xmlns='urn:xmpp:mam:2'>
    <start id='YWxwaGEg' timestamp='2008-08-22T21:09:04Z' />
    <end id='b21lZ2Eg' timestamp='2020-04-20T14:34:21Z' />
  </metadata>
</iq>`
    const stamps = {
      '2008-08-22T21:09:04Z': start!.attr('timestamp')!,
      '2020-04-20T14:34:21Z': end!.attr('timestamp')!,
    }
    const known = { YWxwaGEg: ids[FIRST], b21lZ2Eg: ids[LAST], ...stamps }
    assert.deepEqual(said(answered), said(example(expected, known)))
    assert.equal(
      Date.parse(stamps['2020-04-20T14:34:21Z']) - Date.parse(stamps['2008-08-22T21:09:04Z']) >= 60_000,
      true,
    )
  })

  it('28 and 29, XEP-0359 6, XEP-0424 6: features', async (t) => {
    const { juliet } = await spoken(t)
    const request =
      "<iq type='get' id='disco1' to='juliet@capulet.lit'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
    const [info] = (await answer(juliet, request)).elements()
    const features = new Set(info!.elements().map((feature) => feature.attr('var')))
    const expected = [
      'urn:xmpp:mam:2',
      'urn:xmpp:mam:2#extended',
      'urn:xmpp:sid:0',
      'urn:xmpp:message-retract:1#tombstone',
    ]
    for (const feature of expected) assert.equal(features.has(feature), true, feature)
  })
})

describe('XEP-0359: the examples for users', () => {
  it('2: an origin-id passes; 3: the archive of the recipient adds its own id', async (t) => {
    const { romeo, juliet } = await verona(t)
    const sent = `<message to='juliet@capulet.lit/balcony' type='chat'>
  <body>Typical body text</body>
  <origin-id xmlns='urn:xmpp:sid:0' id='de305d54-75b4-431b-adb2-eb6b9e546013'/>
</message>`
    await romeo.send(example(sent))
    const [received] = juliet.take()
    const { ids } = await read(juliet)
    const ours = `<stanza-id xmlns='urn:xmpp:sid:0' id='${ids[0]}' by='juliet@capulet.lit'/></message>`
    const expected = sent
      .replace("type='chat'", "type='chat' from='romeo@montague.lit/orchard'")
      .replace('</message>', ours)
    assert.deepEqual(said(received!), said(example(expected)))
  })
})

describe('XEP-0441: the examples', () => {
  const GET = "<iq type='get' id='juliet2'><prefs xmlns='urn:xmpp:mam:2'/></iq>"
  const update = (type: string): string => `<iq type='${type}' id='juliet3'>
  <prefs xmlns='urn:xmpp:mam:2' default='roster'>
    <always>
      <jid>romeo@montague.lit</jid>
    </always>
    <never>
      <jid>montague@montague.lit</jid>
    </never>
  </prefs>
</iq>`

  it('1 and 2: retrieving preferences; 4 and 5: updating them', async (t) => {
    const { juliet } = await spoken(t)
    const current = `<iq type='result' id='juliet2'>
  <prefs xmlns='urn:xmpp:mam:2' default='always'>
    <always/>
    <never/>
  </prefs>
</iq>`
    assert.deepEqual(said(await answer(juliet, GET)), said(example(current)))
    assert.deepEqual(said(await answer(juliet, update('set'))), said(example(update('result'))))
    assert.deepEqual(said(await answer(juliet, GET)), said(example(update('result').replace('juliet3', 'juliet2'))))
  })

  it('3: a server without them', async (t) => {
    const { juliet } = await verona(t)
    assert.equal(errorCondition(await answer(juliet, GET)), 'feature-not-implemented')
  })
})

describe('XEP-0424: the examples for users', () => {
  it('3, 4 and 7: a message, its retraction and the tombstone', async (t) => {
    const { romeo, juliet } = await verona(t)
    const other = { 'lord@capulet.example': JULIET, 'romeo@montague.example': `${ROMEO}/orchard` }
    await romeo.send(
      example(
        `<message type='chat' to='lord@capulet.example' id='wrong-recipient-1'>
  <body>Have not saints lips, and holy palmers too?</body>
</message>`,
        other,
      ),
    )
    await romeo.send(
      example(
        `<message type='chat' to='lord@capulet.example' id='retract-message-1'>
  <retract id="wrong-recipient-1" xmlns='urn:xmpp:message-retract:1'/>
  <fallback xmlns="urn:xmpp:fallback:0" for='urn:xmpp:message-retract:1'/>
  <body>/me retracted a previous message, but it's unsupported by your client.</body>
  <store xmlns="urn:xmpp:hints"/>
</message>`,
        other,
      ),
    )
    const { results } = await read(juliet)
    const tombstone = results[0]!.message
    const expected = `<message type='chat' from='romeo@montague.example' to='lord@capulet.example' id='wrong-recipient-1'>
  <retracted stamp='2019-09-20T23:09:32Z' xmlns='urn:xmpp:message-retract:1' id='retract-message-1'/>
</message>`
    const stamp = tombstone.elements()[0]!.attr('stamp')!
    assert.deepEqual(said(tombstone), said(example(expected, { ...other, '2019-09-20T23:09:32Z': stamp })))
    assert.equal(results.length, 2)
  })
})
