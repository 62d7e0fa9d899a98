/** What reading JIDs costs: node packages/protocol/bench/jid.ts prints nanoseconds per operation. */
import { parseJid, tryJid } from '../src/jid.ts'

const ROUNDS = 7
const OPERATIONS = 200_000

/** Nanoseconds of one operation: the median of some rounds, after one to warm up. */
function measure(name: string, operation: (index: number) => unknown): void {
  const rounds: number[] = []
  let sink = 0
  for (let round = 0; round <= ROUNDS; round++) {
    const start = process.hrtime.bigint()
    for (let index = 0; index < OPERATIONS; index++) if (operation(index) !== undefined) sink++
    if (round > 0) rounds.push(Number(process.hrtime.bigint() - start) / OPERATIONS)
  }
  rounds.sort((a, b) => a - b)
  if (sink < 0) console.log(sink)
  console.log(`${name.padEnd(44)} ${rounds[ROUNDS >> 1]!.toFixed(0).padStart(6)} ns/op`)
}

/** As many texts as operations, so that none is in the memo when it comes again; cut from one text as a parser does. */
function many(make: (index: number) => string): string[] {
  const texts = Array.from({ length: OPERATIONS }, (_, index) => make(index))
  const all = texts.join(' ')
  let start = 0
  return texts.map((text) => {
    const cut = all.slice(start, start + text.length)
    start += text.length + 1
    return cut
  })
}

const contacts = many((index) => `user${index % 1000}@chat.example/phone`)
const bare = many((index) => `user${index}@chat.example`)
const full = many((index) => `user${index}@chat.example/phone-${index}`)
const upper = many((index) => `User${index}@Chat.Example/Phone`)
const local = many((index) => `jürgen${index}@chat.example`)
const emoji = many((index) => `user${index}@chat.example/📱`)
const domain = many((index) => `user@bücher${index}.example`)
const wrong = many((index) => `user ${index}@chat.example`)
const jids = contacts.map((text) => parseJid(text))

measure('ASCII full, memo hit', (index) => parseJid(contacts[index]!))
measure('ASCII bare, memo miss', (index) => parseJid(bare[index]!))
measure('ASCII full, memo miss', (index) => parseJid(full[index]!))
measure('ASCII full in upper case, memo miss', (index) => parseJid(upper[index]!))
measure('non-ASCII localpart, memo miss', (index) => parseJid(local[index]!))
measure('emoji resource, memo miss', (index) => parseJid(emoji[index]!))
measure('non-ASCII domain, memo miss', (index) => parseJid(domain[index]!))
measure('refused localpart (tryJid)', (index) => tryJid(wrong[index]))
measure(
  'toString and bare.toString, cached',
  (index) => jids[index]!.toString().length + jids[index]!.bare.toString().length,
)
