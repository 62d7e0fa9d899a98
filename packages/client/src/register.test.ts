import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorReply, RegisterQuery, StanzaError } from '@meerkat/protocol'
import { connect, register, unregister } from './index.ts'
import { fakeServer } from './testing/fake-server.ts'
import { optionsFor } from './testing/server.ts'

test('XEP-0077 §3: an account is registered, used and removed', async (t) => {
  const server = await fakeServer(t)
  const options = optionsFor(server, undefined, { username: 'romeo', password: 'montague' })

  await register(options)
  assert.equal(server.accounts.get('romeo'), 'montague')
  await (await connect(options)).close()

  await unregister(options)
  assert.equal(server.accounts.has('romeo'), false)
  await server.idle()
})

test('XEP-0077 §3.1.2: other fields are sent along', async (t) => {
  const names: string[] = []
  const server = await fakeServer(t, {
    intercept: (element) => {
      names.push(...(RegisterQuery.in(element)?.elements() ?? []).map((field) => field.name))
    },
  })
  await register(optionsFor(server, undefined, { username: 'romeo', password: 'x' }), { email: 'romeo@mail.example' })
  assert.deepEqual(names, ['username', 'password', 'email'])
})

test('XEP-0077 §3.1.1: a name that is taken is a conflict', async (t) => {
  const server = await fakeServer(t, {
    intercept: (element, session) => {
      if (!RegisterQuery.in(element)) return false
      session.send(errorReply(element, new StanzaError('cancel', 'conflict')))
      return true
    },
  })
  const options = optionsFor(server, undefined, { username: 'juliet', password: 'x' })
  await assert.rejects(register(options), { name: 'StanzaError', condition: 'conflict' })
})
