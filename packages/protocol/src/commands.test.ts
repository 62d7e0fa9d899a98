import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseElement, serialize } from '@meerkat/xml'
import { buildCommand, commandError, parseCommand, parseCommandAnswer } from './commands.ts'
import { buildForm } from './data-form.ts'

const NS = 'http://jabber.org/protocol/commands'
const SESSION = 'config:20020923T213616Z-700'
const request = (attributes: string, inside = '') =>
  parseCommand(parseElement(`<command xmlns='${NS}' ${attributes}>${inside}</command>`))
const SUBMITTED = "<x xmlns='jabber:x:data' type='submit'><field var='service'><value>httpd</value></field></x>"

describe('XEP-0050 §2.4: requests', () => {
  it('execute is what is meant when nothing is said', () => {
    const plain = { node: 'list', sessionId: undefined, action: 'execute', form: undefined }
    assert.deepEqual(request("node='list'"), plain)
    assert.deepEqual(request("node='list' action='execute' status='completed'"), plain)
  })

  it('later stages have the session and the form', () => {
    const next = request(`node='config' sessionid='${SESSION}'`, SUBMITTED)
    assert.deepEqual([next.sessionId, next.form?.values.get('service')], [SESSION, ['httpd']])
    assert.equal(request(`node='config' sessionid='${SESSION}' action='prev'`).action, 'prev')
    assert.equal(request(`node='config' sessionid='${SESSION}' action='cancel'`).action, 'cancel')
  })

  it('§3.4.1: a cancelled form counts as submitted, other types and broken forms are no payload', () => {
    assert.equal(request("node='a'", "<x xmlns='jabber:x:data' type='cancel'/>").form?.type, 'cancel')
    for (const inside of [
      "<x xmlns='jabber:x:data' type='form'/>",
      "<x xmlns='jabber:x:data' type='submit'><field><value>1</value></field></x>",
    ])
      assert.throws(() => request("node='a'", inside), { application: commandError('bad-payload').application })
  })

  it('§4.4: a node is needed, and an action that there is', () => {
    assert.throws(() => request("action='execute'"), { condition: 'bad-request' })
    assert.throws(() => request("node='a' action='toString'"), {
      condition: 'bad-request',
      application: commandError('malformed-action').application,
    })
  })
})

describe('XEP-0050 §2.4: answers', () => {
  it('a stage says what may be done next, what execute means first', () => {
    const form = buildForm({ type: 'form', title: 'Configure Service' }, [])
    const stage = buildCommand({
      node: 'config',
      sessionId: SESSION,
      status: 'executing',
      moves: ['complete', 'prev'],
      payload: [form],
    })
    const expected = `<command xmlns='${NS}' node='config' sessionid='${SESSION}' status='executing'>
      <actions execute='complete'><prev/><complete/></actions>${serialize(form)}</command>`.replaceAll(/\n\s*/g, '')
    assert.equal(serialize(stage), serialize(parseElement(expected)))
    const read = parseCommandAnswer(stage)
    assert.deepEqual([read?.moves, read?.payload], [['complete', 'prev'], [form]])
  })

  it('§4.3: notes', () => {
    const notes = [{ type: 'error', text: 'Service is down.' }] as const
    const done = buildCommand({ node: 'list', sessionId: '1', status: 'completed', notes })
    assert.deepEqual(parseCommandAnswer(done)?.notes, notes)
    assert.deepEqual(parseCommandAnswer(done)?.moves, [])
  })

  it('what is no answer is not read as one', () => {
    const read = (attributes: string) => parseCommandAnswer(parseElement(`<command xmlns='${NS}' ${attributes}/>`))
    assert.equal(read("node='a' sessionid='1' status='done'"), undefined)
    assert.equal(read("node='a' status='completed'"), undefined)
  })
})

describe('XEP-0050 §4.4: errors', () => {
  it('a session that is over is not allowed, the rest is a bad request', () => {
    const { type, condition, application } = commandError('session-expired')
    assert.deepEqual([type, condition, application?.name], ['cancel', 'not-allowed', 'session-expired'])
    assert.equal(commandError('bad-sessionid').condition, 'bad-request')
  })
})
