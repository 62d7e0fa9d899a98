/**
 * The load generator: one test a call, on 127.0.0.1 only, bounded in connections, messages and time. Prints its results as lines of JSON.
 *
 *     node bench/load/main.ts register|route|logins|idle|contacts|rosters|popular|storm|s2s|pep --port PORT --pid PID [OPTION...]
 */
import { loadOptions } from './options.ts'
import { Test } from './test.ts'
import { idle } from './tests/idle.ts'
import { logins, register } from './tests/logins.ts'
import { pep } from './tests/pep.ts'
import { contacts, popular, rosters, storm } from './tests/presence.ts'
import { route } from './tests/route.ts'
import { s2s } from './tests/s2s.ts'

const tests = new Map(Object.entries({ register, route, logins, idle, contacts, rosters, popular, storm, s2s, pep }))

/** Seconds beyond what a test is meant to last after which something must be wrong. */
const PATIENCE = 1800

const [name = '', ...args] = process.argv.slice(2)
const run = tests.get(name)
if (run === undefined) throw new Error(`usage: node bench/load/main.ts ${[...tests.keys()].join('|')} [OPTION...]`)
const test = new Test(name, loadOptions(args))
const limit = setTimeout(
  () => {
    console.error(`${name}: does not end`)
    process.exit(3)
  },
  (PATIENCE + test.options.number('seconds')) * 1000,
)
limit.unref()
await run(test)
process.exit()
