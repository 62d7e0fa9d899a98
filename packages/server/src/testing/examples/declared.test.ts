/** Every specification that is declared has its examples somewhere, or it is said why not. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { specs as kernelSpecs } from '../../core/specs.ts'
import { specs as boshSpecs } from '../../listeners/bosh/specs.ts'
import { specs as c2sSpecs } from '../../listeners/c2s/specs.ts'
import { specs as componentSpecs } from '../../listeners/component/specs.ts'
import { specs as s2sSpecs } from '../../listeners/s2s/specs.ts'
import { specs as websocketSpecs } from '../../listeners/websocket/specs.ts'
import { loadModules } from '../../main/modules.ts'
import { ALL } from './all.fixture.ts'
import { ELSEWHERE, WITHOUT } from './declared.fixture.ts'

const ROOT = join(import.meta.dirname, '../../../../..')
const modules = await loadModules()
const builtIn = [kernelSpecs, boshSpecs, c2sSpecs, componentSpecs, s2sSpecs, websocketSpecs]
const declared = new Set(
  [...builtIn, ...Array.from(modules.values(), ({ specs }) => specs)].flat().map(({ name }) => name),
)
const played = ALL.map(({ name }) => name)
const known = [...played, ...Object.keys(ELSEWHERE), ...Object.keys(WITHOUT)]

describe('the examples of what is declared', () => {
  for (const name of declared)
    it(`${name} has its examples played here or elsewhere, or a reason why not`, () =>
      assert.ok(known.includes(name), `${name} needs a fixture in all.fixture.ts or a line in declared.fixture.ts`))

  it('each is in one place, and declared', () => {
    assert.deepEqual(known, [...new Set(known)])
    assert.deepEqual(
      known.filter((name) => !declared.has(name)),
      [],
    )
  })

  for (const [name, files] of Object.entries(ELSEWHERE))
    it(`those of ${name} are where they are said to be`, () => {
      for (const file of files) {
        const path = join(ROOT, file)
        assert.ok(existsSync(path), `${file} is not there`)
        assert.ok(readFileSync(path, 'utf8').includes(name), `${file} does not name ${name}`)
      }
    })
})
