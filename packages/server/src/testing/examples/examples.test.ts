import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseElement, serialize } from '@meerkat/xml'
import { ALL } from './all.fixture.ts'
import { perform, read, steps } from './play.fixture.ts'

for (const specification of ALL) {
  const { name, version, count, plays, others, modules } = specification
  describe(`the examples of ${name}`, () => {
    for (const play of plays) {
      const numbers = play.examples.join(', ')
      it(`${name} example${play.examples.length > 1 ? 's' : ''} ${numbers}: ${play.title}`, (t) =>
        perform(t, specification, play))
    }

    it('each is played, or it is said why not', () => {
      const numbers = [...plays.flatMap(({ examples }) => examples), ...Object.values(others).flat()]
      assert.deepEqual(
        numbers.toSorted((a, b) => a - b),
        Array.from({ length: count }, (_, i) => i + 1),
      )
    })

    it('are of the version that is followed', () => {
      const followed = modules.flatMap(([module]) => module.specs).find((spec) => spec.name === name)
      assert.ok(followed, `no module follows ${name}`)
      assert.equal(followed.version ?? '', version)
    })

    it('mean the same when they are written anew', () => {
      for (const { kind, words } of plays.flatMap(({ script }) => steps(script))) {
        if (kind === 'happens' || words === 'nothing') continue
        const text = serialize(read(words))
        assert.equal(serialize(parseElement(text)), text)
      }
    })
  })
}
