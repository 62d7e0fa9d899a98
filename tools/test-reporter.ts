/**
 * Reporter for `node --test`: prints failures as they come, what tests say with `t.diagnostic`, and nothing about what
 * passes. When MEERKAT_TEST_RECORD names a file, every result is appended to it as a line of JSON (`Result`), for
 * tools/test.ts to add up.
 */
import { appendFileSync } from 'node:fs'
import { type EventData } from 'node:test'
import { type TestEvent } from 'node:test/reporters'
import { relative, resolve } from 'node:path'
import { inspect } from 'node:util'

/** What became of one test. */
export interface Result {
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** Names from the outermost suite inwards, joined by ` > `. */
  readonly name: string
  readonly file: string
  /** Why it was skipped, where it says so. */
  readonly reason: string
}

/** How much of what a failing file has printed is shown. */
const tail = 8_000
const silence = 30_000

const here = (file: string | undefined) => (file ? relative(process.cwd(), file) : '')

function skipReason(data: EventData.TestPass | EventData.TestFail): string | undefined {
  const why = data.skip ?? data.todo
  if (why === undefined || why === false) return undefined
  return typeof why === 'string' ? why : data.todo === undefined ? 'no reason given' : 'to do'
}

const errorOf = (data: EventData.TestPass | EventData.TestFail) =>
  'error' in data.details ? (data.details.error as Error & { failureType?: string }) : undefined

/** The result that an event stands for; undefined for a suite, or a test whose subtests speak for it. */
export function resultOf(type: 'test:pass' | 'test:fail', data: EventData.TestPass | EventData.TestFail, name: string) {
  const result = (outcome: Result['outcome'], reason = ''): Result => ({ outcome, name, file: here(data.file), reason })
  const reason = skipReason(data)
  if (reason !== undefined) return result('skipped', reason)
  if (type === 'test:fail') {
    return errorOf(data)?.failureType === 'subtestsFailed' ? undefined : result('failed')
  }
  if (data.file && resolve(data.name) === data.file) return result('failed', 'there is no test in it')
  return data.details.type === 'suite' ? undefined : result('passed')
}

function failure(result: Result, data: EventData.TestFail | EventData.TestPass, printed: string): string {
  const error = errorOf(data)
  const why = error ? inspect(error.cause ?? error) : result.reason
  const where = data.line ? `${result.file}:${data.line}` : result.file
  return `\nFAILED ${result.name}\n  at ${where}\n${why.replace(/^/gm, '  ')}\n${printed}`
}

/** What the silent files have printed, by file, shortened. */
function keeper() {
  const printed = new Map<string, string>()
  return {
    add: (file: string, message: string) => printed.set(file, ((printed.get(file) ?? '') + message).slice(-tail)),
    take(file: string): string {
      const text = printed.get(file)
      printed.delete(file)
      return text ? `  it printed:\n${text.replace(/^/gm, '  | ')}\n` : ''
    },
  }
}

/** Says once, after each silence, where it began and what keeps the process alive. */
function watchSilence() {
  let last = 'the start'
  const complain = () => console.log(`no news since ${last}; open: ${process.getActiveResourcesInfo().join(' ')}`)
  let timer = setTimeout(complain, silence).unref()
  return (name: string) => {
    last = name
    clearTimeout(timer)
    timer = setTimeout(complain, silence).unref()
  }
}

/** The reporter itself. */
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const record = process.env['MEERKAT_TEST_RECORD']
  const names: string[] = []
  const output = keeper()
  const alive = watchSilence()
  for await (const event of source) {
    if (event.type === 'test:stdout' || event.type === 'test:stderr') output.add(event.data.file, event.data.message)
    // Without a file it is the runner that speaks, of its own totals.
    if (event.type === 'test:diagnostic' && event.data.file) yield `${here(event.data.file)}: ${event.data.message}\n`
    if (event.type === 'test:start') {
      names.length = event.data.nesting
      names.push(event.data.name)
      alive(names.join(' > '))
    }
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue
    const name = [...names.slice(0, event.data.nesting), event.data.name].join(' > ')
    const result = resultOf(event.type, event.data, name)
    if (result && record) appendFileSync(record, `${JSON.stringify(result)}\n`)
    if (result?.outcome === 'failed') yield failure(result, event.data, output.take(event.data.file ?? ''))
  }
}
