/** Messages between users (RFC 6121 §5, §8): where they go, in which order, and that they come as they were sent. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Body, Message, Presence } from '@meerkat/protocol'
import { connectDevice, expect, freshUser, message, story } from '@meerkat/client/testing'
import { Element, serialize, text } from '@meerkat/xml'
import { startServer } from './harness.ts'

const server = await startServer()

function chat(to: { toString(): string }, body: string): Element {
  return Message({ to: to.toString(), type: 'chat' }, Body({}, body))
}

test('RFC 6121 §8.5.2.1.1: two users chat both ways by bare address', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 }, nothingLeft: true }, async ({ alice, bob }) => {
    alice.send(chat(bob.jid.bare, 'hi'))
    await expect(bob).message({ from: alice, to: bob.jid.bare, body: 'hi', type: 'chat' })
    bob.send(chat(alice.jid.bare, 'hello'))
    await expect(alice).message({ from: bob, body: 'hello' })
  })
})

test('RFC 6121 §8.5.3.1: a full address reaches that device and no other', async (t) => {
  await story(t, { server, users: { alice: 2, bob: 2 }, nothingLeft: true }, async ({ alice, bob, bob2 }) => {
    alice.send(chat(bob2.jid, 'to the second'))
    await expect(bob2).message({ from: alice, to: bob2, body: 'to the second' })
    bob2.send(chat(alice.jid, 'from the second'))
    await expect(alice).message({ from: bob2, body: 'from the second' })
    await expect(bob).nothing()
  })
})

test('RFC 6121 §5.2.2: the types are kept; a headline and a normal message come, too', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 }, nothingLeft: true }, async ({ alice, bob }) => {
    for (const type of [undefined, 'normal', 'chat', 'headline']) {
      alice.send(Message({ to: bob.jid, type }, Body({}, 'typed')))
      const received = await expect(bob).message({ from: alice, body: 'typed' })
      assert.equal(received.attr('type'), type)
    }
  })
})

test('RFC 6121 §8.1.1.1: a message without an address is for the own account', async (t) => {
  await story(t, { server, users: { alice: 2 } }, async ({ alice, alice2 }) => {
    alice.send(Message({ type: 'headline' }, Body({}, 'note to self')))
    await expect(alice2).message({ from: alice, body: 'note to self' })
  })
})

test('RFC 6121 §8.5.1: nobody of that name: service-unavailable', async (t) => {
  await story(t, { server, users: { alice: 1 }, nothingLeft: true }, async ({ alice }) => {
    for (const to of ['nobody@localhost', 'nobody@localhost/r']) {
      alice.send(chat(to, 'hello?').with({ id: 'm1' }))
      await expect(alice).error('service-unavailable', { kind: 'message', id: 'm1', from: to })
    }
  })
})

test('RFC 6121 §8.5.2.2.1: without mod_offline, a chat message to a user who is not there: service-unavailable', async (t) => {
  await story(t, { server, users: { alice: 1 }, nothingLeft: true }, async ({ alice }) => {
    const absent = await freshUser(server, 'bob')
    alice.send(chat(absent.jid, 'hello?'))
    await expect(alice).error('service-unavailable', { kind: 'message', from: absent.jid })
    // RFC 6121 §8.5.2.2.1: a headline is dropped
    alice.send(Message({ to: absent.jid, type: 'headline' }, Body({}, 'news')))
    await expect(alice).nothing()
  })
})

test('RFC 6121 §4.2, §8.5.2.1: messages to the bare address do not reach a device without presence, nor one of negative priority', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 2 }, nothingLeft: true }, async ({ alice, bob, bob2 }) => {
    bob.sendRaw('<presence><priority>-1</priority></presence>')
    await expect(bob).presence({ from: bob })
    await expect(bob2).presence({ from: bob })
    const bob3 = await connectDevice(server, {
      username: bob.jid.local,
      password: bob.options.password!,
      jid: bob.jid.bare,
    })
    alice.send(chat(bob.jid.bare, 'hi'))
    await expect(bob2).message({ body: 'hi' })
    await expect(bob).nothing()
    await expect(bob3).nothing()
    await bob3.close()
  })
})

test('RFC 6121 §8.5.3.2.1: a full address of a device that has gone is treated as the bare one', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 2 } }, async ({ alice, bob, bob2 }) => {
    const gone = bob2.jid
    await bob2.close()
    await expect(bob).presence({ type: 'unavailable', from: gone })
    alice.send(chat(gone, 'still there?'))
    await expect(bob).message({ from: alice, body: 'still there?' })
  })
})

test('RFC 6120 §10.1: a thousand messages both ways arrive once and in order', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 }, nothingLeft: true }, async ({ alice, bob }) => {
    const count = 1000
    for (let i = 0; i < count; i++) {
      // full and bare addresses alike, and with other stanzas between
      alice.send(chat(i % 2 === 0 ? bob.jid : bob.jid.bare, `${i}`))
      bob.send(chat(i % 3 === 0 ? alice.jid : alice.jid.bare, `${i}`))
      if (i % 100 === 0) await alice.barrier()
    }
    for (const device of [alice, bob]) {
      const bodies: string[] = []
      while (bodies.length < count) bodies.push(text(Body.in(await device.receive(message().matches))))
      assert.deepEqual(
        bodies,
        Array.from({ length: count }, (_, i) => `${i}`),
      )
    }
  })
})

test('RFC 6120 §10.1: order is kept among many senders, for each of them', async (t) => {
  const users = { alice: 1, bob: 1, carol: 1, dave: 1 } as const
  await story(t, { server, users, nothingLeft: true }, async ({ alice, bob, carol, dave }) => {
    const senders = [alice, bob, carol]
    for (let i = 0; i < 100; i++) for (const sender of senders) sender.send(chat(dave.jid.bare, `${i}`))
    const heard = new Map(senders.map((sender) => [sender.jid.toString(), 0]))
    for (let i = 0; i < 300; i++) {
      const came = await dave.receive(message().matches)
      const from = came.attr('from')!
      assert.equal(text(Body.in(came)), `${heard.get(from)}`)
      heard.set(from, heard.get(from)! + 1)
    }
  })
})

test('S13: what is delivered is the same tree as was sent, however it was written', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 }, nothingLeft: true }, async ({ alice, bob }) => {
    const to = bob.jid.toString()
    alice.sendRaw(
      `<message\n to="${to}" type='chat' xml:lang = 'de'><body>a &lt;b&gt; &amp;amp; <![CDATA[<c> & ]]>&#x1F600;&quot;&apos;</body>` +
        `<x:a xmlns:x='urn:a' y:b='&#10;' xmlns:y='urn:y'><x:c/><c/><d xmlns=''/></x:a></message>`,
    )
    const came = await expect(bob).message({ from: alice, body: `a <b> &amp; <c> & 😀"'` })
    assert.equal(came.attr('xml:lang'), 'de')
    const extension = came.elements().find(({ ns }) => ns === 'urn:a')!
    assert.deepEqual(
      extension.elements().map(({ name, ns }) => `{${ns}}${name}`),
      ['{urn:a}c', '{jabber:client}c', '{}d'],
    )
    assert.match(serialize(extension), /&#(xA|10);/)
  })
})

test('S14: names that mean something to JavaScript are names like others', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 }, nothingLeft: true }, async ({ alice, bob }) => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      alice.sendRaw(
        `<message to='${bob.jid}' type='chat' ${name}='1'><body>hi</body><${name} xmlns='${name}'/></message>`,
      )
      const came = await bob.receive(message({ from: alice, body: 'hi' }).matches)
      assert.equal(came.attr(name), '1')
      assert.ok(came.elements().some((child) => child.name === name && child.ns === name))
    }
  })
})

test('S67: addresses are compared as prepared: case, width, and the domain', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 }, nothingLeft: true }, async ({ alice, bob }) => {
    const { local } = bob.jid
    const wide = local.replaceAll(/[a-z]/g, (letter) => String.fromCodePoint(letter.codePointAt(0)! + 0xfee0))
    for (const to of [`${local.toUpperCase()}@localhost`, `${local}@LOCALHOST`, `${wide}@localhost`]) {
      alice.send(chat(to, to))
      await expect(bob).message({ from: alice, body: to })
    }
  })
})

test('RFC 6120 §4.4: what was sent right before the end of the stream still arrives', async (t) => {
  await story(t, { server, users: { alice: 1, bob: 1 } }, async ({ alice, bob }) => {
    for (let i = 0; i < 20; i++) alice.send(chat(bob.jid, `${i}`))
    alice.send(Presence({ type: 'unavailable' }))
    await alice.close()
    for (let i = 0; i < 20; i++) await expect(bob).message({ body: `${i}` })
  })
})
