/** Components that are not ours (XEP-0114): a program with slixmpp, and biboumi with an IRC server behind it. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { announce, message, presence, story } from '@meerkat/client/testing'
import { Body, DiscoInfo, DiscoItems, Iq, Message, Ping, Presence, RosterQuery } from '@meerkat/protocol'
import { tag } from '@meerkat/xml'
import { startServer } from '../e2e/harness.ts'
import { ForeignClient } from './clients/foreign-client.ts'
import { IrcServer } from './components/irc-server.fixture.ts'

const SECRET = 'between us'
const server = await startServer({
  extra: `[[listen.component]]
port = 0
ip_address = "127.0.0.1"
password = "${SECRET}"`,
})

const portOf = (): string => /Components +\S+:(\d+) /.exec(server.stdout)![1]!
const has = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0

/** Starts the component with slixmpp. */
function echo(domain: string): Promise<ForeignClient> {
  const program = join(import.meta.dirname, 'components/echo.py')
  const args = [program, domain, SECRET, '127.0.0.1', portOf()]
  return ForeignClient.online(spawn('/usr/bin/python3', args, { stdio: 'pipe' }))
}

const listed = async (ask: (iq: ReturnType<typeof Iq>) => Promise<ReturnType<typeof Iq>>): Promise<string[]> => {
  const items = DiscoItems.in(await ask(Iq({ type: 'get', to: 'localhost' }, DiscoItems())))
  return items!.elements().map((item) => item.attr('jid')!)
}

describe('slixmpp', { skip: !has('/usr/bin/python3', '-c', 'import slixmpp') && 'slixmpp is not installed' }, () => {
  test('XEP-0114: it is found, asked, subscribed to and talked with, and its end is noticed', async (t) => {
    const component = await echo('echo.localhost')
    assert.deepEqual(component.session['items'], ['echo.localhost'])
    await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
      const ask = (iq: ReturnType<typeof Iq>) => alice.request(iq)
      assert.deepEqual(await listed(ask), ['echo.localhost'])
      const info = DiscoInfo.in(await alice.request(Iq({ type: 'get', to: 'echo.localhost' }, DiscoInfo())))
      assert.ok(info!.elements().some((each) => each.attr('name') === 'Echo'))
      await alice.request(Iq({ type: 'get', to: 'echo.localhost' }, Ping()))

      for (const text of ['Bonjour, ça va ?', '<3 & "🐾"', 'שלום']) {
        alice.send(Message({ to: 'anybody@echo.localhost', type: 'chat' }, Body({}, text)))
        await alice.receive(message({ from: 'anybody@echo.localhost', body: `You said: ${text}` }).matches)
      }

      await alice.request(Iq({ type: 'get' }, RosterQuery()))
      alice.send(Presence({ to: 'anybody@echo.localhost', type: 'subscribe' }))
      await alice.receive(presence({ from: 'anybody@echo.localhost', type: 'subscribed' }).matches)
      await alice.receive(presence({ from: 'anybody@echo.localhost' }).matches)
      alice.send(Presence({ to: 'room@echo.localhost' }))
      await component.sees({ event: 'available', who: alice.jid.toString() })
      alice.send(Presence({ to: 'room@echo.localhost', type: 'unavailable' }))
      await component.sees({ event: 'unavailable', who: alice.jid.toString() })

      component.kill()
      await component.sees({ event: 'ended' })
      await server.logs('component_gone')
      assert.deepEqual(await listed(ask), [])
      alice.send(Message({ to: 'anybody@echo.localhost', type: 'chat', id: 'late' }, Body({}, 'there?')))
      await alice.receive(message({ type: 'error', id: 'late' }).matches)
    })
  })

  test('XEP-0114 §3: of two with one domain the second is sent away', async () => {
    const first = await echo('one.localhost')
    await assert.rejects(echoOnce('one.localhost'), /conflict/)
    first.kill()
    await first.sees({ event: 'ended' })
  })
})

/** Resolves when a second component of that domain is there; rejects with the stream error that it gets. */
async function echoOnce(domain: string): Promise<void> {
  const code = `
import asyncio, sys
from slixmpp import ComponentXMPP
loop = asyncio.new_event_loop(); asyncio.set_event_loop(loop)
c = ComponentXMPP(sys.argv[1], sys.argv[2], '127.0.0.1', int(sys.argv[3]))
done = loop.create_future()
c.add_event_handler('stream_error', lambda e: done.done() or done.set_result(e['condition']))
c.add_event_handler('session_start', lambda _: done.done() or done.set_result('online'))
c.connect()
print(loop.run_until_complete(done))
`
  const child = spawn('/usr/bin/python3', ['-c', code, domain, SECRET, portOf()], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let told = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text))
  await new Promise((resolve) => child.on('close', resolve))
  if (told.trim() !== 'online') throw new Error(told)
}

/** Where the IRC server listens: gateways look at the usual port. */
const IRC = '127.0.0.77'
const MucJoin = tag('http://jabber.org/protocol/muc', 'x')

describe('biboumi', { skip: !has('sh', '-c', 'command -v biboumi') && 'biboumi is not installed' }, () => {
  test('XEP-0114: through it a user of ours talks on IRC', async (t) => {
    const irc = await IrcServer.listen(IRC)
    after(() => irc.close())
    const config = join(server.folder, 'biboumi.cfg')
    const lines = [
      'hostname=biboumi.localhost',
      `password=${SECRET}`,
      'xmpp_server_ip=127.0.0.1',
      `port=${portOf()}`,
      `db_name=${join(server.folder, 'biboumi.sqlite')}`,
      'log_level=1',
      'realname_customization=false',
      'identd_port=0',
    ]
    writeFileSync(config, lines.join('\n'))
    const child = spawn('biboumi', [config], { stdio: 'ignore' })
    const ended = new Promise((resolve) => child.on('close', resolve))
    after(() => void child.kill('SIGKILL'))

    await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
      await server.logs('"component":"biboumi.localhost"')
      assert.deepEqual(await listed((iq) => alice.request(iq)), ['biboumi.localhost'])
      const info = DiscoInfo.in(await alice.request(Iq({ type: 'get', to: 'biboumi.localhost' }, DiscoInfo())))
      assert.ok(info!.elements().some((each) => each.attr('category') === 'conference'))

      await announce(alice, [])
      const channel = `#meerkats%${IRC}@biboumi.localhost`
      alice.send(Presence({ to: `${channel}/alice` }, MucJoin()))
      await alice.receive(presence({ from: `${channel}/robot` }).matches)
      await alice.receive(presence({ from: `${channel}/alice` }).matches)
      alice.send(Message({ to: channel, type: 'groupchat' }, Body({}, 'hello, IRC 🐾')))
      await irc.hears('alice: hello, IRC 🐾')
      await alice.receive(message({ from: `${channel}/alice`, body: 'hello, IRC 🐾' }).matches)
      irc.say('robot', '#meerkats', 'hello, XMPP')
      await alice.receive(message({ from: `${channel}/robot`, type: 'groupchat', body: 'hello, XMPP' }).matches)
    })
    child.kill('SIGTERM')
    await ended
  })
})
