/** The compliance suites, line by line, against a running server; prints what came of each. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { story } from '@meerkat/client/testing'
import { startServer } from '../../e2e/harness.ts'
import { nameOf, requirements, type Requirement } from './requirements.ts'
import { options, said, services } from './stage.ts'
import { levelsOf, linesOf } from './table.ts'
import { coreTrials } from './trials-core.ts'
import { imTrials } from './trials-im.ts'

const server = await startServer(options)
const trials = { ...coreTrials, ...imTrials }
const outcomes = new Map<Requirement, string>()
const keyOf = ({ suite, feature }: Requirement): string => `${suite}: ${feature}`

/** What a server says of itself that has what is not there yet. */
const SIGNS: Readonly<Record<string, readonly string[]>> = {
  'IM: Group chat': ['http://jabber.org/protocol/muc', 'conference/text'],
  'IM: User avatar compatibility': ['urn:xmpp:pep-vcard-conversion:0'],
  'IM: Advanced group chat': ['urn:xmpp:bookmarks:1#compat', 'urn:xmpp:bookmarks-conversion:0', 'conference/text'],
  'Mobile: Third-party push notifications': ['urn:xmpp:push:0'],
}

for (const line of requirements.filter(({ notYet }) => notYet === undefined))
  test(nameOf(line), async (t) => {
    const trial = trials[keyOf(line)] ?? assert.fail('nobody tries it')
    try {
      await trial({ server, t })
    } catch (error) {
      outcomes.set(line, `no: ${error instanceof Error ? error.message.split('\n')[0]! : String(error)}`)
      throw error
    }
    outcomes.set(line, 'yes')
  })

for (const line of requirements.filter(({ notYet }) => notYet !== undefined))
  test(`${nameOf(line)} is not there yet, and not advertised`, async (t) => {
    const signs = SIGNS[keyOf(line)] ?? assert.fail('nobody looks for it')
    await story(t, { server, users: { alice: 1 } }, async ({ alice }) => {
      const asked = ['localhost', alice.jid.bare, ...(await services(alice))]
      const all = new Set((await Promise.all(asked.map((of) => said(alice, of)))).flat())
      assert.deepEqual(
        signs.filter((sign) => all.has(sign)),
        [],
        'it is there: docs/compliance.md should say so',
      )
    })
    outcomes.set(line, `not yet: ${line.notYet}`)
  })

test('the tables', (t) => {
  const outcome = (line: Requirement): string => outcomes.get(line) ?? 'not tried'
  for (const row of [...levelsOf(outcome), '', ...linesOf(outcome)]) t.diagnostic(row)
  assert.deepEqual(levelsOf(outcome), levelsOf())
  assert.deepEqual(linesOf(outcome), linesOf())
})
