import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { check } from './check-imports.ts'
import { importsOf } from './imports.ts'

const manifests = {
  'package.json': { name: 'all', devDependencies: { 'fast-check': '1' } },
  'packages/xml/package.json': { name: '@meerkat/xml' },
  'packages/protocol/package.json': { name: '@meerkat/protocol', dependencies: { '@meerkat/xml': '1' } },
  'packages/client/package.json': { name: '@meerkat/client', dependencies: { '@meerkat/xml': '1' } },
  'packages/server/package.json': {
    name: '@meerkat/server',
    dependencies: { '@meerkat/protocol': '1', '@meerkat/xml': '1', amqplib: '1', 'smol-toml': '1' },
  },
}

/** What the check says about one file, given others. */
function verdict(path: string, source: string, others: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'imports-'))
  try {
    const all = { ...others, [path]: source }
    for (const [name, manifest] of Object.entries(manifests)) all[name] = JSON.stringify(manifest)
    for (const [name, content] of Object.entries(all)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), content)
    }
    return check(folder, [path]).join('\n')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const modules = 'packages/server/src/modules'
const core = 'packages/server/src/core'

test('imports are found in all their forms, and not in strings and comments', () => {
  const source = `
    import 'a'
    import b, { type B } from 'b'
    import type { C } from 'c'
    import { type D, type E } from 'd'
    export * from 'e'
    export {
      f,
    } from 'f'
    // import g from 'g'
    const h = \`
    import h from 'h'\`
    const i = await import('i')
    export interface J { readonly from: 'j' }
    export const k = from('k')
  `
  assert.deepEqual(
    importsOf(source).map(({ line, from, types }) => `${line} ${from}${types ? ' types' : ''}`),
    ['2 a', '3 b', '4 c types', '5 d types', '6 e', '7 f', '13 i'],
  )
})

test('layers point one way', () => {
  assert.equal(verdict('packages/protocol/src/a.ts', "import { tag } from '@meerkat/xml'"), '')
  assert.match(
    verdict('packages/xml/src/a.ts', "import { jid } from '@meerkat/protocol'"),
    /a\.ts:1: .*not in the dependencies/,
  )
  assert.match(
    verdict(`${core}/a.ts`, "\nimport { ping } from '../modules/ping.ts'"),
    /a\.ts:2: core must not import modules/,
  )
  assert.equal(verdict(`${modules}/a.ts`, "import { type Sql } from '../storage/sql.ts'"), '')
  assert.match(verdict(`${modules}/a.ts`, "import { sql } from '../storage/sql.ts'"), /only types of storage/)
  assert.match(verdict('packages/server/src/cli/a.ts', "import { a } from '../core/a.ts'"), /cli must not import core/)
  assert.equal(verdict('packages/server/src/cli/a.ts', "import { a } from '../api/schema.generated.ts'"), '')
  assert.equal(verdict('packages/server/src/main.ts', "import { a } from './listeners/tcp.ts'"), '')
})

test('client and server stay strangers, in tests too', () => {
  assert.match(
    verdict('packages/client/src/a.test.ts', "import { x } from '@meerkat/server/module'"),
    /not in the dependencies/,
  )
  assert.match(verdict(`${core}/a.test.ts`, "import { x } from '@meerkat/client'"), /not in the dependencies/)
  assert.match(
    verdict('e2e/a.test.ts', "import { x } from '../packages/server/src/core/a.ts'"),
    /reaches into packages\/server/,
  )
  assert.match(verdict('e2e/a.test.ts', "import { x } from '@meerkat/server/module'"), /e2e must not import core/)
  assert.equal(verdict('e2e/a.test.ts', "import { x } from '@meerkat/client'"), '')
})

test('of another module only its doors, and then it is required', () => {
  const other = `${modules}/muc-light/hooks.ts`
  const use = "import { left } from '../muc-light/hooks.ts'\n"
  const index = `${modules}/inbox/index.ts`
  assert.match(verdict(index, use, { [other]: '' }), /inbox does not name mod_muc_light/)
  assert.equal(verdict(index, `${use}const a = {\n  requires: ['mod_muc_light'],\n}`, { [other]: '' }), '')
  assert.match(verdict(index, `${use}// requires: ['mod_muc_light']`, { [other]: '' }), /does not name/)
  assert.match(verdict(index, "import { room } from '../muc-light/room.ts'"), /only hooks\.ts or api\.ts/)
  assert.equal(verdict(index, "import { store } from './store.ts'"), '')
  assert.equal(verdict(`${modules}/inbox/a.test.ts`, "import { room } from '../muc-light/room.ts'"), '')
})

test('a module has no socket, timer or driver of its own', () => {
  const path = `${modules}/ping.ts`
  assert.match(verdict(path, "import { connect } from 'node:net'"), /node:net is not for modules/)
  assert.equal(verdict(path, "import { type Socket } from 'node:net'"), '')
  assert.match(verdict(path, "import { connect } from 'amqplib'"), /driver amqplib belongs in pools/)
  assert.match(verdict(path, 'export const a = () => setTimeout(b, 1)'), /instead of calling setTimeout/)
  assert.equal(verdict(path, "const a = host.setTimeout(b), c = 'fetch(1)' // setInterval(1)"), '')
  assert.equal(verdict('packages/server/src/pools/rabbit.ts', "import { connect } from 'amqplib'"), '')
})

test('what is imported is declared where it is used', () => {
  assert.match(
    verdict('packages/protocol/src/a.ts', "import { parse } from 'smol-toml'"),
    /smol-toml is not in the dependencies/,
  )
  assert.equal(verdict(`${core}/a.ts`, "import { parse } from 'smol-toml'"), '')
  assert.match(verdict(`${core}/a.ts`, "import fc from 'fast-check'"), /fast-check is not in the dependencies/)
  assert.equal(verdict(`${core}/a.test.ts`, "import fc from 'fast-check'"), '')
  assert.match(verdict('packages/xml/src/a.ts', "import { readFileSync } from 'node:fs'"), /node:fs is not for xml/)
  assert.equal(verdict(`${core}/a.ts`, "import { isIP } from 'node:net'"), '')
  assert.match(verdict(`${core}/a.ts`, "import { isIP, connect } from 'node:net'"), /node:net is not for core/)
  assert.match(
    verdict('packages/protocol/src/a.ts', "import { tag } from '../../xml/src/tag.ts'"),
    /reaches into packages\/xml/,
  )
})
