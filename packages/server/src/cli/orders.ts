/** Orders to a running server that are no part of the GraphQL API. */
import { resolve } from 'node:path'
import { order } from './control.ts'
import { CliError, ERROR, type ExitCode, SUCCESS } from './exit.ts'
import type { Place } from './place.ts'

interface ReloadAnswer {
  readonly ok: boolean
  readonly applied: readonly string[]
  readonly restart: readonly string[]
  readonly problems: readonly string[]
  readonly notices: readonly string[]
}

/** Lets the server read its configuration anew; exit code 1 when that is wrong, and the old one stays. */
export async function reload({ socket }: Place): Promise<ExitCode> {
  const answer = (await order(socket, '/reload', {})) as unknown as ReloadAnswer
  console.log(reloadText(answer))
  return answer.ok ? SUCCESS : ERROR
}

/** What `reload` prints. */
export function reloadText({ ok, applied, restart, problems, notices }: ReloadAnswer): string {
  const lines = (title: string, items: readonly string[]): string[] =>
    items.length === 0 ? [] : [title, ...items.map((item) => `    ${item}`)]
  if (!ok) return lines('The configuration is wrong; the old one stays:', problems).join('\n')
  const text = [
    ...lines('Applied:', applied),
    ...lines('Needs a restart:', restart),
    ...lines('Worth knowing:', notices),
  ]
  return applied.length + restart.length === 0 ? ['Nothing has changed.', ...text].join('\n') : text.join('\n')
}

/** Copies the embedded store of the running server into a new file. */
export async function backup({ socket }: Place, words: readonly string[]): Promise<ExitCode> {
  const [name, ...more] = words
  if (name === undefined || more.length > 0) throw new CliError(ERROR, 'backup wants the name of a new file')
  // The server has another working folder.
  const { file, bytes } = await order(socket, '/backup', { file: resolve(name) })
  console.log(`${String(file)}: ${String(bytes)} bytes`)
  return SUCCESS
}
