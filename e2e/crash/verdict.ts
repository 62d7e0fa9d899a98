/** What must hold after a run, whatever happened in it. */
import { type Found } from './archive.ts'
import { type Ledger, type Seen, read } from './ledger.ts'

/** The archives of all users, by the names in the numbered messages. */
export type Archives = ReadonlyMap<string, Found>

/** Everything that is wrong, in words; nothing when all is well. */
export function verdict(ledger: Ledger, archives: Archives): string[] {
  const problems: string[] = []
  for (const [name, archive] of archives) problems.push(...archiveProblems(name, archive))
  for (const conversation of ledger.sent.keys()) problems.push(...conversationProblems(conversation, ledger, archives))
  for (const [name, archive] of archives) {
    const seen = ledger.seenBy(name)
    problems.push(...seenProblems(name, seen, archive), ...sessionProblems(name, seen))
    for (const body of ledger.missing(name)) problems.push(`${body} was acknowledged and did not reach ${name}`)
  }
  return problems
}

/** Each message is there once, under an id of its own, and in each conversation they stand in the order of their numbers. */
function archiveProblems(name: string, { messages, count }: Found): string[] {
  const problems = [
    ...repeated(textsOf(messages)).map((body) => `${body} is in the archive of ${name} more than once`),
    ...repeated(messages.map(({ id }) => id)).map((id) => `the archive of ${name} has the id ${id} more than once`),
    ...disorder(messages).map((late) => `${late} is out of order in the archive of ${name}`),
  ]
  if (count !== undefined && count !== messages.length)
    problems.push(`the archive of ${name} has ${messages.length} messages, and says ${count}`)
  return problems
}

/** A message is in both archives or in none; an acknowledged one is. */
function conversationProblems(conversation: string, ledger: Ledger, archives: Archives): string[] {
  const [sender = '', recipient = ''] = conversation.split('>')
  const [sent, received] = [bodies(archives.get(sender)), bodies(archives.get(recipient))]
  const problems: string[] = []
  for (let n = 1; n <= (ledger.sent.get(conversation) ?? 0); n++) {
    const body = `${conversation}#${n}`
    if (sent.has(body) !== received.has(body)) problems.push(`${body} is in one archive only`)
    if (ledger.acknowledged.has(body) && !received.has(body)) problems.push(`${body} was acknowledged and is lost`)
  }
  return problems
}

/** Nobody has seen what the archive lacks, or has it under another id. */
function seenProblems(name: string, seen: readonly Seen[], { messages }: Found): string[] {
  const archived = new Map(messages.map(({ id, body }) => [id, body]))
  return seen
    .filter(({ id, body }) => archived.get(id) !== body)
    .map(({ id, body, way }) => `${name} saw ${body} with the id '${id}' (${way}), which the archive lacks`)
}

/**
 * Within a session nothing comes twice, and in a conversation nothing comes behind a later message: neither another one nor
 * one that was kept for an absent user. Those that were kept come in the order in which they were.
 */
export function sessionProblems(name: string, seen: readonly Seen[]): string[] {
  const bySession = Map.groupBy(
    seen.filter(({ way }) => way === 'stream'),
    ({ session }) => session,
  )
  return [...bySession].flatMap(([session, those]) => {
    const late = disorder(those)
    const twice = repeated(textsOf(those)).map((body) => `${body} came to ${name} more than once in session ${session}`)
    return twice.concat(late.map((one) => `${one} came to ${name} out of order in session ${session}`))
  })
}

const textsOf = (messages: readonly { readonly body: string }[]): string[] => messages.map(({ body }) => body)

function bodies(archive: Found | undefined): Set<string> {
  return new Set(textsOf(archive?.messages ?? []))
}

function repeated(items: readonly string[]): string[] {
  const seen = new Set<string>()
  return items.filter((item) => seen.size === seen.add(item).size)
}

/** The messages behind one with a greater number, in their conversation, each with that one; those that were kept are no measure for others. */
function disorder(messages: readonly { readonly body: string; readonly delayed?: boolean }[]): string[] {
  const last = new Map<string, number>()
  return messages.flatMap(({ body, delayed = false }) => {
    const { conversation, n } = read(body)
    const before = last.get(conversation) ?? 0
    if (!delayed && n > before) last.set(conversation, n)
    return n < before ? [`${body} (behind #${before}${delayed ? ', delayed' : ''})`] : []
  })
}
