import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'

/** Loads a file in a process of its own; the modules of GraphQL and of the schemas that came with it. */
function loadedWith(file: string): string[] {
  const script = `
    import { registerHooks } from 'node:module'
    const seen = []
    registerHooks({ load: (url, context, next) => (seen.push(url), next(url, context)) })
    await import(${JSON.stringify(join(import.meta.dirname, file))})
    console.log(JSON.stringify(seen))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  assert.match(stdout, /^\[/, stderr)
  return (JSON.parse(stdout) as string[]).filter((url) =>
    /\/node_modules\/graphql\/|\/api\/(?:admin|user)\.ts$/.test(url),
  )
}

test('graphql-js and the schemas come with the first request: a server that nobody asks does without', () => {
  assert.deepEqual(loadedWith('index.ts'), [])
  assert.notEqual(loadedWith('user.ts').length, 0)
})
