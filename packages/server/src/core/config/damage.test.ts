import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parse, stringify } from 'smol-toml'
import { type Path, valueAt } from './read-settings.ts'
import { ConfigError } from './problem.ts'
import { starterConfig } from './starter.ts'
import { load as loadWith, starterParts } from './testing.ts'

const load = (text: string) => loadWith(text, starterParts)

const whole = `${starterConfig()}
[outgoing_pools.rabbit.event_pusher.connection]
password = "SECRET"
[modules.mod_event_pusher.rabbit.chat_msg_exchange]
name = "x"
[auth.jwt]
algorithm = "HS256"
username_key = "sub"
secret.value = "SECRET"
[[host_config]]
host = "localhost"
[host_config.modules.mod_ping]
send_pings = true
[host_config.acl]
guest = [{ user = "guest" }]
`

/** Every place in a parsed file. */
function places(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  const steps = Array.isArray(value) ? [...value.keys()] : Object.keys(value)
  return [path, ...steps.flatMap((step) => places(valueAt(value, [step]), [...path, step]))]
}

const everywhere = places(parse(whole)).filter((path) => path.length > 0)

/** The file with something else at one place, or under another name. */
function damaged(path: Path, put: unknown, rename: string | undefined): string {
  const root = parse(whole)
  const last = path.at(-1)!
  const parent = valueAt(root, path.slice(0, -1))
  assert.ok(typeof parent === 'object' && parent !== null)
  if (rename === undefined || Array.isArray(parent)) {
    Reflect.set(parent, last, put)
  } else {
    Reflect.set(parent, rename, Reflect.get(parent, last))
    Reflect.deleteProperty(parent, last)
  }
  return stringify(root)
}

/** Loads a text; whatever is wrong with it must be told as problems of lines that exist, without secrets. */
function outcome(text: string): void {
  try {
    load(text)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    assert.ok(error.problems.length > 0)
    assert.ok(!error.message.includes('SECRET'), error.message)
    const lines = text.split('\n').length
    for (const { line } of error.problems) assert.ok(line >= 1 && line <= lines, error.message)
  }
}

const value = fc.oneof(
  fc.constantFrom<unknown>(
    '',
    'infinity',
    '@HOST@',
    0,
    -1,
    1.5,
    true,
    [],
    {},
    [{}],
    [[1]],
    { a: { b: 1 } },
    new Date(0),
  ),
  fc.string(),
)
const name = fc.option(fc.constantFrom('mod_muc', 'ldap', 'host', 'password_', 'x', 'shaper', 'scope'), {
  nil: undefined,
})

test('the undamaged file is accepted', () => {
  load(whole)
})

test('R28: whatever a file holds, it is accepted or refused by lines, and no secret is shown', () => {
  fc.assert(
    fc.property(fc.constantFrom(...everywhere), value, name, (path, put, rename) =>
      outcome(damaged(path, put, rename)),
    ),
    { numRuns: 100 },
  )
})

test('R28: a file that is cut or garbled anywhere is accepted or refused by lines, and no secret is shown', () => {
  const cut = fc.integer({ min: 0, max: whole.length })
  fc.assert(
    fc.property(cut, fc.constantFrom('', '"', '[', ']', '=', '{', '\n', '\\', "'''", '\u0000'), (at, noise) => {
      outcome(whole.slice(0, at) + noise)
      outcome(whole.slice(0, at) + noise + whole.slice(at + 1))
    }),
    { numRuns: 100 },
  )
})
