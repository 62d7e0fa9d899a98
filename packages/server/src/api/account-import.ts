/** Reads the CSV file of `importUsers` and registers what is in it. */
import { type Jid, makeJid } from '@meerkat/protocol'
import { ApiError } from './errors.ts'
import type { NodeControl } from './node-control.ts'

/** What became of the records; a list that would be empty is left out. */
export interface ImportSummary {
  readonly status: string
  readonly created?: readonly Jid[]
  readonly existing?: readonly Jid[]
  readonly notAllowed?: readonly Jid[]
  readonly invalidJID?: readonly string[]
  readonly emptyPassword?: readonly Jid[]
  readonly invalidRecord?: readonly string[]
}

/** Registrations under way at the same time: they wait for group commits, so together they are as fast as one. */
const AT_ONCE = 10

type Outcome = readonly [list: Exclude<keyof ImportSummary, 'status'>, value: Jid | string]

/** Registers the users of a CSV file: records of user name, domain and password. Throws `file_not_found`. */
export async function importAccounts(
  node: NodeControl,
  filename: string,
  register: (user: Jid, password: string) => Promise<void>,
): Promise<ImportSummary> {
  const text = await node.readText(filename).catch(() => {
    throw new ApiError('file_not_found', 'File not found', { filename })
  })
  const records = csvRecords(text)
  const outcomes: Outcome[] = []
  const worker = async () => {
    for (let next = records.next(); next.done !== true; next = records.next())
      outcomes.push(await importRecord(next.value, register))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  const lists: Record<string, (Jid | string)[]> = {}
  for (const [list, value] of outcomes) (lists[list] ??= []).push(value)
  return { status: 'Completed', ...lists }
}

async function importRecord(
  record: readonly string[],
  register: (user: Jid, password: string) => Promise<void>,
): Promise<Outcome> {
  const [name, domain, password] = record
  if (record.length !== 3 || name === undefined || domain === undefined || password === undefined)
    return ['invalidRecord', record.join(',')]
  let user: Jid
  try {
    if (name === '') return ['invalidJID', record.join(',')]
    user = makeJid(name, domain)
  } catch {
    return ['invalidJID', record.join(',')]
  }
  if (password === '') return ['emptyPassword', user]
  try {
    await register(user, password)
    return ['created', user]
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return [error.code === 'exists' ? 'existing' : 'notAllowed', user]
  }
}

/** The records of a CSV text (RFC 4180): quoted fields, doubled quotes, either line end; empty lines are no records. */
export function* csvRecords(text: string): Generator<string[], undefined> {
  let at = 0
  while (at < text.length) {
    const record: string[] = []
    let more = true
    while (more) {
      const [field, end] = csvField(text, at)
      record.push(field)
      more = text[end] === ','
      at = end + (text.startsWith('\r\n', end) ? 2 : 1)
    }
    if (record.length > 1 || record[0] !== '') yield record
  }
  return undefined
}

/** One field, and where its end is: a comma, a line end or the end of the text. */
function csvField(text: string, from: number): [field: string, end: number] {
  if (text[from] !== '"') {
    let end = from
    while (end < text.length && text[end] !== ',' && text[end] !== '\n' && text[end] !== '\r') end++
    return [text.slice(from, end), end]
  }
  let field = ''
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] !== '"') field += text[at]
    else if (text[at + 1] === '"') field += text[at++]
    else return [field, at + 1]
  }
  return [field, text.length]
}
