import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Iq, PrivateQuery, errorCondition, parseJid } from '@meerkat/protocol'
import { type Element, parseElement, serialize } from '@meerkat/xml'
import { accountRemoved } from '../core/module.ts'
import { type Device, story } from '../testing/story.ts'
import privateStorage from './private.ts'

const PREFS = `<exodus xmlns='exodus:prefs'><defaultnick>Hamlet</defaultnick></exodus>`
const prefs = parseElement(PREFS)
const empty = parseElement(`<exodus xmlns='exodus:prefs'/>`)

const set = (...elements: Element[]) => Iq({ type: 'set' }, PrivateQuery({}, ...elements))
const get = (...elements: Element[]) => Iq({ type: 'get' }, PrivateQuery({}, ...elements))
const kept = async (device: Device, asked = empty) =>
  PrivateQuery.in(await device.request(get(asked)))!
    .elements()
    .map((element) => serialize(element))

describe('XEP-0049: private XML storage', () => {
  it('§2.1 and §2.2: keeps an element and gives it back on every device', async (t) => {
    const scene = await story(t, { modules: [[privateStorage]], users: ['hamlet/castle', 'hamlet/ship'] })
    const answer = await scene.device('hamlet/castle').request(set(prefs))
    assert.equal(answer.attr('type'), 'result')
    assert.deepEqual(await kept(scene.device('hamlet/ship')), [serialize(prefs)])
  })

  it('§2.2: answers with the empty element what was never stored', async (t) => {
    const scene = await story(t, { modules: [[privateStorage]], users: ['hamlet', 'ophelia'] })
    await scene.device('hamlet').request(set(prefs))
    assert.deepEqual(await kept(scene.device('ophelia')), [serialize(empty)])
  })

  it("§2.3: refuses to touch another user's data", async (t) => {
    const scene = await story(t, { modules: [[privateStorage]], users: ['hamlet', 'ophelia'] })
    const theirs = set(prefs).with({ to: 'ophelia@example.com' })
    assert.equal(errorCondition(await scene.device('hamlet').request(theirs)), 'forbidden')
  })

  it('§2.3: refuses an empty query and an element without namespace', async (t) => {
    const scene = await story(t, { modules: [[privateStorage]], users: ['hamlet'] })
    assert.equal(errorCondition(await scene.device('hamlet').request(set())), 'bad-request')
    assert.equal(errorCondition(await scene.device('hamlet').request(get(PrivateQuery()))), 'bad-request')
  })

  it('keeps no more than max_elements, but always replaces', async (t) => {
    const scene = await story(t, { modules: [[privateStorage, { max_elements: 1 }]], users: ['hamlet'] })
    const hamlet = scene.device('hamlet')
    await hamlet.request(set(prefs))
    const other = parseElement(`<storage xmlns='storage:bookmarks'/>`)
    assert.equal(errorCondition(await hamlet.request(set(other))), 'resource-constraint')
    assert.equal((await hamlet.request(set(empty))).attr('type'), 'result')
    assert.deepEqual(await kept(hamlet), [serialize(empty)])
  })

  it('goes with the account', async (t) => {
    const scene = await story(t, { modules: [[privateStorage]], users: ['hamlet'] })
    await scene.device('hamlet').request(set(prefs))
    const user = parseJid('hamlet@example.com')
    await scene.host.accounts.remove(user, await scene.host.hooks.fold(accountRemoved, [], user))
    scene.connect('hamlet')
    assert.deepEqual(await kept(scene.device('hamlet')), [serialize(empty)])
  })
})
