/** Whom a certificate lets in (XEP-0178 §2). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type SaslCondition, SaslError } from '@meerkat/protocol'
import { address, commonName, other, part, withNames, withSubject, words } from '../certificates/der.fixture.ts'
import { XMPP_ADDR } from '../certificates/fields.ts'
import { type ExternalRules, STANDARD_RULES, certifiedUser } from './external.ts'

const by = (...ways: ExternalRules['ways']): ExternalRules => ({ ...STANDARD_RULES, ways })

/** Whose account the certificate opens, or why it opens none. */
function opens(certificate: Buffer, authzid = '', rules = STANDARD_RULES): string {
  try {
    return certifiedUser({ certificate, authzid, domain: 'localhost' }, rules).toString()
  } catch (error) {
    assert.ok(error instanceof SaslError, String(error))
    return error.condition
  }
}

const NOBODY: SaslCondition = 'not-authorized'
const NOT_THIS: SaslCondition = 'invalid-authzid'

const juliet = address('juliet@localhost')
const nurse = address('nurse@localhost')

describe('standard', () => {
  test('XEP-0178 §2: one address, and nobody is asked for', () => {
    assert.equal(opens(withNames(juliet)), 'juliet@localhost')
    assert.equal(opens(withNames(address('Juliet@LOCALHOST/balcony'))), 'juliet@localhost')
    for (const asked of ['juliet@localhost', 'nurse@localhost']) assert.equal(opens(withNames(juliet), asked), NOT_THIS)
  })

  test('XEP-0178 §2: several addresses, and one of them is asked for', () => {
    const both = withNames(juliet, nurse)
    assert.equal(opens(both, 'nurse@localhost'), 'nurse@localhost')
    assert.equal(opens(both, 'NURSE@localhost'), 'nurse@localhost')
    assert.equal(opens(both), NOT_THIS)
    for (const asked of ['romeo@localhost', 'nurse', '@', 'localhost']) assert.equal(opens(both, asked), NOBODY, asked)
  })

  test('XEP-0178 §2: no address', () => {
    for (const asked of ['', 'juliet@localhost']) {
      assert.equal(opens(withNames(), asked), NOBODY)
      assert.equal(opens(withNames(words(0x82, 'juliet@localhost'), words(0x81, 'juliet@localhost')), asked), NOBODY)
    }
  })

  test('S38: an address of another domain, of a wildcard, or of nobody in particular', () => {
    for (const text of ['juliet@other.example', 'juliet@*', 'localhost', 'juliet', '', '@localhost'])
      assert.equal(opens(withNames(address(text))), NOBODY, text)
    // the account of that name, and no other
    assert.equal(opens(withNames(address('*@localhost'))), '*@localhost')
    assert.equal(opens(withNames(juliet, address('nurse@other.example')), 'nurse@other.example'), NOBODY)
  })

  test('S38: a NUL, and bytes that are no text, are part of an address', () => {
    for (const text of ['juliet@localhost\0.other.example', 'juliet\0@localhost', 'juliet@localhost\0'])
      assert.equal(opens(withNames(address(text))), NOBODY)
    const bytes = Buffer.concat([Buffer.from('juliet'), Buffer.from('ff', 'hex'), Buffer.from('@localhost')])
    const broken = other(XMPP_ADDR, Buffer.concat([Buffer.from([0x0c, bytes.length]), bytes]))
    assert.equal(opens(withNames(broken)), NOBODY)
    // one that nobody can use still makes them several
    assert.equal(opens(withNames(broken, juliet)), NOT_THIS)
  })

  test('S38: a certificate in which a byte is another one opens an account or is refused, and nothing else happens', () => {
    const whole = withSubject([commonName('john')], juliet, nurse)
    for (let at = 0; at < whole.length; at++)
      for (const byte of [0x00, 0x30, 0x7f, 0x80, 0x84, 0xff]) {
        const damaged = Buffer.from(whole)
        damaged[at] = byte
        assert.ok(opens(damaged, 'nurse@localhost', by('common_name', 'standard')).length > 0)
      }
  })

  test('S38: only UTF-8 strings of that kind are addresses', () => {
    const others = [other(XMPP_ADDR, words(0x16, 'juliet@localhost')), other('2a03', words(0x0c, 'juliet@localhost'))]
    for (const name of others) assert.equal(opens(withNames(name)), NOBODY)
  })

  test('S38: the subject opens nothing', () => {
    assert.equal(opens(withSubject([commonName('juliet')])), NOBODY)
    assert.equal(opens(withSubject([commonName('juliet@localhost')]), 'juliet@localhost'), NOBODY)
  })
})

describe('common_name', () => {
  const rules = by('standard', 'common_name')
  const named = (...names: readonly string[]) => withSubject(names.map((name) => commonName(name)))

  test('XEP-0178 §2: the common name is the name of the account', () => {
    for (const asked of ['', 'john@localhost']) assert.equal(opens(named('john'), asked, rules), 'john@localhost')
    for (const asked of ['mike@localhost', 'john@other.example', 'john', '\0'])
      assert.equal(opens(named('john'), asked, rules), NOT_THIS, asked)
  })

  test('the name of the account has a prefix and a suffix, what is asked for has none', () => {
    const dressed = { ...rules, prefix: 'user_', suffix: '-test' }
    for (const asked of ['', 'john@localhost'])
      assert.equal(opens(named('john'), asked, dressed), 'user_john-test@localhost')
    assert.equal(opens(named('john'), 'user_john-test@localhost', dressed), NOT_THIS)
  })

  test('S38: names that are none, and several names', () => {
    for (const name of ['', 'john@localhost', 'john\0', 'a/b'])
      assert.equal(opens(named(name), '', rules), NOBODY, name)
    assert.equal(opens(named('john', 'admin'), '', rules), NOBODY)
    assert.equal(opens(named('john', 'admin'), 'admin@localhost', rules), NOBODY)
  })

  test('S38: a common name that stands within another part of the subject', () => {
    const injected = withSubject([part('55040b', words(0x0c, 'CN=admin,')), commonName('john')])
    assert.equal(opens(injected, '', rules), 'john@localhost')
    assert.equal(opens(injected, 'admin@localhost', rules), NOT_THIS)
  })

  test('addresses come first where they are tried first', () => {
    const both = withSubject([commonName('john')], juliet)
    assert.equal(opens(both, '', rules), 'juliet@localhost')
    assert.equal(opens(both, '', by('common_name', 'standard')), 'john@localhost')
  })
})

describe('auth_id', () => {
  const rules = by('standard', 'auth_id')

  test('opens whatever account of the domain is asked for', () => {
    assert.equal(opens(withNames(), 'mike@localhost', rules), 'mike@localhost')
    for (const asked of ['', 'mike@other.example', 'localhost', 'mike'])
      assert.equal(opens(withNames(), asked, rules), NOBODY, asked)
  })

  test('the last refusal is the one that is told', () => {
    assert.equal(opens(withNames(juliet, nurse), '', by('auth_id', 'standard')), NOT_THIS)
    assert.equal(opens(withNames(juliet, nurse), '', by('standard', 'auth_id')), NOBODY)
  })
})
