/**
 * Converse.js in Chromium, over WebSocket: it logs in, shows what the archive has, and chats. With
 * MEERKAT_SCREENSHOT=docs/converse.png the page as it is at the end is kept.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { type Client } from '@meerkat/client'
import { announce, befriend, connectDevice, freshUser, message, type TestUser } from '@meerkat/client/testing'
import { Body, Iq, Message, RosterQuery } from '@meerkat/protocol'
import { startServer } from '../e2e/harness.ts'
import { Browser } from './clients/converse/browser.ts'
import { isPresent, serve } from './clients/converse/site.ts'
import { webSocketUrl, withWebSocket } from './clients/server.ts'

const isAbsent = !isPresent || spawnSync('chromium', ['--version', '--no-sandbox']).status !== 0

/** What Chromium calls a key that it is to trust. */
function keyOf(certificate: string): string {
  const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(key).digest('base64')
}

const server = isAbsent ? undefined : await startServer(withWebSocket)

const shows = (text: string): string => `document.body.innerText.includes(${JSON.stringify(text)})`

describe(
  'Converse.js',
  { skip: isAbsent && 'Chromium or Converse.js is absent: interop/services/up.sh converse' },
  () => {
    const HISTORY = ['Are you there?', 'I have <b>news</b> & more', 'Écris-moi 🐾']
    let romeo: Client
    let juliet: TestUser
    let browser: Browser
    let site: Awaited<ReturnType<typeof serve>>

    before(async () => {
      if (server === undefined) return
      romeo = await connectDevice(server, await freshUser(server, 'romeo'))
      juliet = await freshUser(server, 'juliet')
      await announce(romeo, [])
      site = await serve({ jid: juliet.jid.toString(), password: juliet.password, url: webSocketUrl(server) })
      browser = await Browser.start(keyOf(server.ca))
    })
    after(async () => {
      await browser?.close()
      site?.server.close()
      await romeo?.close()
    })

    const write = (text: string): void => romeo.send(Message({ to: juliet.jid, type: 'chat' }, Body({}, text)))

    /** Another device of hers has made him a contact and got it all, so that the archive alone still knows it. */
    async function readElsewhere(texts: readonly string[]): Promise<void> {
      const phone = await connectDevice(server!, juliet)
      // RFC 6121 §3.1.6: who has asked for the roster hears of subscriptions
      for (const device of [romeo, phone]) await device.request(Iq({ type: 'get' }, RosterQuery()))
      await announce(phone, [])
      await befriend(phone, romeo)
      for (const body of texts) {
        write(body)
        await phone.receive(message({ body }).matches)
      }
      await phone.close()
    }

    test('RFC 7395: it logs in', { timeout: 120_000 }, async () => {
      await readElsewhere(HISTORY)
      await browser.open(site.address)
      await browser.until('window.api?.connection.connected()')
      await browser.until(shows('I am online'))
      await browser.until(shows(romeo.jid.bare.toString()))
    })

    test('XEP-0313 §4: it shows what was written before', { timeout: 120_000 }, async () => {
      // What it resolves with has nothing to tell, and may be long in coming.
      await browser.evaluate(`void api.chats.open('${romeo.jid.bare}', {}, true)`)
      for (const text of HISTORY) await browser.until(shows(text))
    })

    test('RFC 6121 §5: it chats', { timeout: 120_000 }, async () => {
      await browser.until('document.querySelector("textarea.chat-textarea")')
      await browser.evaluate('document.querySelector("textarea.chat-textarea").focus()')
      await browser.type('Here I am: "ça va" &amp; <b>')
      const came = await romeo.receive(message({ body: 'Here I am: "ça va" &amp; <b>' }).matches)
      assert.ok(came.attr('from')?.startsWith(`${juliet.jid}/`))
      write('So you are.')
      await browser.until(shows('So you are.'))
      const picture = await browser.screenshot()
      assert.equal(picture.toString('latin1', 1, 4), 'PNG')
      const file = process.env['MEERKAT_SCREENSHOT']
      if (file !== undefined) writeFileSync(file, picture)
    })
  },
)
