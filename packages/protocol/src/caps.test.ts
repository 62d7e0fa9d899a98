import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseElement } from '@meerkat/xml'
import { buildCaps, buildCaps2, capsHash, isUnmistakable, readCaps } from './caps.ts'
import { Presence } from './stanza.ts'

const info = (words: string) => parseElement(`<query xmlns='http://jabber.org/protocol/disco#info'>${words}</query>`)

/** XEP-0115 §5.2. */
const EXODUS = info(`<identity category='client' name='Exodus 0.9.1' type='pc'/>
  <feature var='http://jabber.org/protocol/caps'/>
  <feature var='http://jabber.org/protocol/disco#items'/>
  <feature var='http://jabber.org/protocol/disco#info'/>
  <feature var='http://jabber.org/protocol/muc'/>`)

/** XEP-0115 §5.3. */
const PSI = info(`<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>
  <identity xml:lang='el' category='client' name='Ψ 0.11' type='pc'/>
  <feature var='http://jabber.org/protocol/caps'/>
  <feature var='http://jabber.org/protocol/disco#info'/>
  <feature var='http://jabber.org/protocol/disco#items'/>
  <feature var='http://jabber.org/protocol/muc'/>
  <x xmlns='jabber:x:data' type='result'>
    <field var='FORM_TYPE' type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>
    <field var='ip_version' type='text-multi'><value>ipv6</value><value>ipv4</value></field>
    <field var='os'><value>Mac</value></field>
    <field var='os_version'><value>10.5.1</value></field>
    <field var='software'><value>Psi</value></field>
    <field var='software_version'><value>0.11</value></field>
  </x>`)

const BOMBUS_FEATURES = [
  'http://jabber.org/protocol/si',
  'http://jabber.org/protocol/bytestreams',
  'http://jabber.org/protocol/chatstates',
  'http://jabber.org/protocol/disco#info',
  'http://jabber.org/protocol/disco#items',
  'urn:xmpp:ping',
  'jabber:iq:time',
  'jabber:iq:privacy',
  'jabber:iq:version',
  'http://jabber.org/protocol/rosterx',
  'urn:xmpp:time',
  'jabber:x:oob',
  'http://jabber.org/protocol/ibb',
  'http://jabber.org/protocol/si/profile/file-transfer',
  'urn:xmpp:receipts',
  'jabber:iq:roster',
  'jabber:iq:last',
]
/** XEP-0390 §4.5.1. */
const BOMBUS = info(
  `<identity category="client" name="BombusMod" type="mobile"/>${BOMBUS_FEATURES.map((name) => `<feature var='${name}'/>`).join('')}`,
)

/** XEP-0390 §4.5.2. */
const TKABBER = info(`<identity category="client" name="Tkabber" type="pc" xml:lang="en"/>
  <identity category="client" name="Ткаббер" type="pc" xml:lang="ru"/>
  <feature var="games:board"/>
  <feature var="http://jabber.org/protocol/activity"/>
  <feature var="http://jabber.org/protocol/activity+notify"/>
  <feature var="http://jabber.org/protocol/bytestreams"/>
  <feature var="http://jabber.org/protocol/chatstates"/>
  <feature var="http://jabber.org/protocol/commands"/>
  <feature var="http://jabber.org/protocol/disco#info"/>
  <feature var="http://jabber.org/protocol/disco#items"/>
  <feature var="http://jabber.org/protocol/evil"/>
  <feature var="http://jabber.org/protocol/feature-neg"/>
  <feature var="http://jabber.org/protocol/geoloc"/>
  <feature var="http://jabber.org/protocol/geoloc+notify"/>
  <feature var="http://jabber.org/protocol/ibb"/>
  <feature var="http://jabber.org/protocol/iqibb"/>
  <feature var="http://jabber.org/protocol/mood"/>
  <feature var="http://jabber.org/protocol/mood+notify"/>
  <feature var="http://jabber.org/protocol/rosterx"/>
  <feature var="http://jabber.org/protocol/si"/>
  <feature var="http://jabber.org/protocol/si/profile/file-transfer"/>
  <feature var="http://jabber.org/protocol/tune"/>
  <feature var="http://www.facebook.com/xmpp/messages"/>
  <feature var="http://www.xmpp.org/extensions/xep-0084.html#ns-metadata+notify"/>
  <feature var="jabber:iq:avatar"/>
  <feature var="jabber:iq:browse"/>
  <feature var="jabber:iq:dtcp"/>
  <feature var="jabber:iq:filexfer"/>
  <feature var="jabber:iq:ibb"/>
  <feature var="jabber:iq:inband"/>
  <feature var="jabber:iq:jidlink"/>
  <feature var="jabber:iq:last"/>
  <feature var="jabber:iq:oob"/>
  <feature var="jabber:iq:privacy"/>
  <feature var="jabber:iq:roster"/>
  <feature var="jabber:iq:time"/>
  <feature var="jabber:iq:version"/>
  <feature var="jabber:x:data"/>
  <feature var="jabber:x:event"/>
  <feature var="jabber:x:oob"/>
  <feature var="urn:xmpp:avatar:metadata+notify"/>
  <feature var="urn:xmpp:ping"/>
  <feature var="urn:xmpp:receipts"/>
  <feature var="urn:xmpp:time"/>
  <x xmlns="jabber:x:data" type="result">
    <field type="hidden" var="FORM_TYPE"><value>urn:xmpp:dataforms:softwareinfo</value></field>
    <field var="software"><value>Tkabber</value></field>
    <field var="software_version"><value>0.11.1-svn-20111216-mod (Tcl/Tk 8.6b2)</value></field>
    <field var="os"><value>Windows</value></field>
    <field var="os_version"><value>XP</value></field>
  </x>`)

describe('hashes of capabilities', () => {
  it('XEP-0115 §5.2: the simple example', () => {
    equal(capsHash(EXODUS, 'v1', 'sha-1'), 'QgayPKawpkPSDYmwT/WM94uAlu0=')
  })

  it('XEP-0115 §5.3: the complex example', () => {
    equal(capsHash(PSI, 'v1', 'sha-1'), 'q07IKJEyjvHSyhy//CH0CxmKi8w=')
  })

  it('XEP-0390 §4.5.1: the simple example', () => {
    equal(capsHash(BOMBUS, 'v2', 'sha-256'), 'kzBZbkqJ3ADrj7v08reD1qcWUwNGHaidNUgD7nHpiw8=')
    equal(capsHash(BOMBUS, 'v2', 'sha3-256'), '79mdYAfU9rEdTOcWDO7UEAt6E56SUzk/g6TnqUeuD9Q=')
  })

  it('XEP-0390 §4.5.2: the complex example', () => {
    equal(capsHash(TKABBER, 'v2', 'sha-256'), 'u79ZroNJbdSWhdSp311mddz44oHHPsEBntQ5b1jqBSY=')
    equal(capsHash(TKABBER, 'v2', 'sha3-256'), 'XpUJzLAc93258sMECZ3FJpebkzuyNXDzRNwQog8eycg=')
  })

  it('S63: XEP-0115 §5.4: what says something twice has no hash', () => {
    const feature = `<feature var='urn:xmpp:ping'/>`
    const form = `<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>a</value></field></x>`
    for (const words of [feature + feature, `<identity category='a' type='b'/>`.repeat(2), form + form])
      equal(capsHash(info(words), 'v1', 'sha-1'), undefined, words)
  })

  it('S63: XEP-0115 §5.4: a form whose type is not hidden does not count', () => {
    const plain = `<identity category='client' type='pc'/><feature var='urn:xmpp:ping'/>`
    const form = `<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE'><value>a</value></field></x>`
    equal(capsHash(info(plain + form), 'v1', 'sha-1'), capsHash(info(plain), 'v1', 'sha-1'))
    equal(capsHash(info(plain + form), 'v2', 'sha-256'), undefined)
  })

  it('S63: features dressed up as a form have the same hash, and are seen through', () => {
    const honest = info(`<identity category='client' type='pc'/><feature var='a'/><feature var='b'/><feature var='c'/>`)
    const forged = info(`<identity category='client' type='pc'/><feature var='a'/>
      <x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>b</value></field><field var='c'/></x>`)
    equal(capsHash(forged, 'v1', 'sha-1'), capsHash(honest, 'v1', 'sha-1'))
    deepEqual([honest, forged].map(isUnmistakable), [true, false])
    equal(isUnmistakable(info(`<identity category='client' type='pc' name='x&lt;a'/><feature var='b'/>`)), false)
    equal(isUnmistakable(info(`<identity category='client' type=''/><feature var='b'/>`)), false)
    deepEqual([EXODUS, BOMBUS].map(isUnmistakable), [true, true])
  })

  it('an unknown function has none', () => {
    equal(capsHash(EXODUS, 'v1', 'md5'), undefined)
    equal(capsHash(EXODUS, 'v2', 'sha-1'), undefined)
  })
})

describe('capabilities in presence', () => {
  const v1 = buildCaps('sha-1', 'http://code.google.com/p/exodus', 'QgayPKawpkPSDYmwT/WM94uAlu0=')
  const v2 = buildCaps2('sha-256', 'kzBZbkqJ3ADrj7v08reD1qcWUwNGHaidNUgD7nHpiw8=')

  it('XEP-0115 §6.2: the node to ask is made of node and ver', () => {
    deepEqual(readCaps(Presence({}, v1)), {
      version: 'v1',
      algo: 'sha-1',
      value: 'QgayPKawpkPSDYmwT/WM94uAlu0=',
      node: 'http://code.google.com/p/exodus#QgayPKawpkPSDYmwT/WM94uAlu0=',
    })
  })

  it('XEP-0390 §4.3: the node of a hash', () => {
    equal(readCaps(Presence({}, v1, v2))?.node, 'urn:xmpp:caps#sha-256.kzBZbkqJ3ADrj7v08reD1qcWUwNGHaidNUgD7nHpiw8=')
  })

  it('only the versions that are wanted are read', () => {
    equal(readCaps(Presence({}, v1, v2), ['v1'])?.version, 'v1')
    equal(readCaps(Presence({}, v1), ['v2']), undefined)
    equal(readCaps(Presence({}, buildCaps2('md5', 'x'))), undefined)
    equal(readCaps(Presence()), undefined)
  })
})
