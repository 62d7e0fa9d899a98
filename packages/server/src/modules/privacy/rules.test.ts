import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type PrivacyItem, parseJid, parsePrivacyItems } from '@meerkat/protocol'
import { parseElement } from '@meerkat/xml'
import type { Contacts, Subscription } from '../../core/module.ts'
import { type Kind, Rules } from './rules.ts'

const list = (inner: string): Rules =>
  new Rules(parsePrivacyItems(parseElement(`<list xmlns='jabber:iq:privacy' name='a'>${inner}</list>`)))

const contacts: Contacts = {
  get(contact) {
    const known: Record<string, [Subscription, string[]]> = {
      'juliet@example.com': ['both', ['Friends']],
      'tybalt@example.com': ['from', ['Enemies', 'Family']],
    }
    const found = known[contact.toString()]
    if (found === undefined) return undefined
    return { jid: contact, subscription: found[0], groups: found[1], request: undefined, listed: true }
  },
  all: () => [],
}

function decide(rules: Rules, who: string, kind: Kind = 'message'): PrivacyItem['action'] {
  const found = rules.find(kind, parseJid(who), () => contacts)
  assert.ok(!(found instanceof Promise))
  return found?.action ?? 'allow'
}

describe('XEP-0016 §2.1: who an item is about', () => {
  it('a JID of each of the four forms', () => {
    const forms = {
      'tybalt@example.com/pda': ['tybalt@example.com/pda'],
      'tybalt@example.com': ['tybalt@example.com/pda', 'tybalt@example.com/home', 'tybalt@example.com'],
      'example.com/pda': ['tybalt@example.com/pda', 'example.com/pda'],
      'example.com': ['tybalt@example.com/pda', 'tybalt@example.com/home', 'tybalt@example.com', 'example.com/pda'],
    }
    const all = [...forms['example.com'], 'tybalt@example.org/pda', 'example.org', 'tybalt@conference.example.com']
    for (const [value, denied] of Object.entries(forms)) {
      const rules = list(`<item type='jid' value='${value}' action='deny' order='1'/>`)
      assert.deepEqual(
        all.filter((who) => decide(rules, who) === 'deny'),
        denied,
        value,
      )
    }
  })

  it('a group of the roster', () => {
    const rules = list(`<item type='group' value='Enemies' action='deny' order='4'/>`)
    assert.deepEqual(
      ['tybalt@example.com/x', 'juliet@example.com', 'paris@example.org'].map((who) => decide(rules, who)),
      ['deny', 'allow', 'allow'],
    )
  })

  it('a subscription, exactly; strangers have none', () => {
    const who = ['tybalt@example.com/x', 'juliet@example.com', 'paris@example.org']
    const denied = (value: string) =>
      who.filter(
        (each) => decide(list(`<item type='subscription' value='${value}' action='deny' order='1'/>`), each) === 'deny',
      )
    assert.deepEqual(['from', 'both', 'none', 'to'].map(denied), [[who[0]], [who[1]], [who[2]], []])
  })

  it('everybody', () => {
    assert.equal(decide(list(`<item action='deny' order='1'/>`), 'paris@example.org'), 'deny')
  })
})

describe('XEP-0016 §2.2: which item decides', () => {
  it('rules 5 and 6: the first in order, whatever it is about', () => {
    const rules = list(`
      <item type='jid' value='juliet@example.com' action='deny' order='30'/>
      <item type='subscription' value='both' action='allow' order='10'/>
      <item type='jid' value='tybalt@example.com' action='allow' order='5'/>
      <item type='group' value='Enemies' action='deny' order='6'/>
      <item action='deny' order='40'/>`)
    assert.deepEqual(
      ['juliet@example.com', 'tybalt@example.com', 'paris@example.org'].map((who) => decide(rules, who)),
      ['allow', 'allow', 'deny'],
    )
  })

  it('rule 7: what no item is about is allowed', () => {
    assert.equal(decide(list(`<item type='jid' value='a@b' action='deny' order='1'/>`), 'c@d'), 'allow')
    assert.equal(decide(new Rules([]), 'c@d'), 'allow')
  })

  it('an item for some kinds is not about the others', () => {
    const kinds: Kind[] = ['message', 'iq', 'presence-in', 'presence-out', 'other']
    const denied = (inner: string) =>
      kinds.filter((kind) => decide(list(`<item action='deny' order='1'>${inner}</item>`), 'a@b', kind) === 'deny')
    assert.deepEqual(denied('<message/>'), ['message'])
    assert.deepEqual(denied('<iq/><presence-out/>'), ['iq', 'presence-out'])
    assert.deepEqual(denied('<message/><iq/><presence-in/><presence-out/>'), kinds.slice(0, 4))
    assert.deepEqual(denied(''), kinds)
  })

  it('asks for contacts only when an item needs them', () => {
    const never = (): never => assert.fail('asked')
    const rules = list(
      `<item type='jid' value='a@b' action='deny' order='1'/><item type='group' value='x' action='deny' order='2'/>`,
    )
    assert.equal((rules.find('iq', parseJid('a@b/c'), never) as PrivacyItem).order, 1)
    const open = list(`<item action='allow' order='1'/><item type='group' value='x' action='deny' order='2'/>`)
    assert.equal((open.find('iq', parseJid('c@d'), never) as PrivacyItem).order, 1)
  })

  it('waits for contacts that are not at hand', async () => {
    const rules = list(`<item type='group' value='Enemies' action='deny' order='4'/>`)
    const found = rules.find('iq', parseJid('tybalt@example.com'), async () => contacts)
    assert.ok(found instanceof Promise)
    assert.equal((await found)?.action, 'deny')
  })
})
