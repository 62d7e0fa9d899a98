/** One parser in a process of its own. Reads "chunking" lines, answers each with trees and bytes per second of CPU time. */
import { createInterface } from 'node:readline'
import { CHUNKINGS, type Chunking, HEADER, chunksOf, corpus } from './corpus.ts'
import { FORBIDDEN } from './forbidden.ts'
import { SUBJECTS } from './parsers.ts'

const make = SUBJECTS[process.argv[2]!]!
const stanzas = corpus(20_000)
const chunks = new Map(CHUNKINGS.map((chunking) => [chunking, chunksOf(stanzas, chunking)]))

function measure(chunking: Chunking): { trees: number; bytes: number } {
  const list = chunks.get(chunking)!
  const write = make()
  write(HEADER)
  let bytes = 0
  let trees = 0
  const start = process.cpuUsage()
  for (const chunk of list) {
    trees = write(chunk)
    bytes += chunk.length
  }
  const used = process.cpuUsage(start)
  const seconds = (used.user + used.system) / 1e6
  if (trees !== stanzas.length) throw new Error(`${trees} of ${stanzas.length} stanzas`)
  return { trees: trees / seconds, bytes: bytes / seconds }
}

function accepted(): string[] {
  return FORBIDDEN.filter(([, bytes]) => accepts(bytes)).map(([name]) => name)
}

function accepts(bytes: string | Uint8Array): boolean {
  try {
    const write = make()
    write(HEADER)
    write(Buffer.from(bytes as Uint8Array))
    write(Buffer.from('<iq/>'))
    return true
  } catch {
    return false
  }
}

// Each chunking is measured warm; the other chunkings have been seen as well, as in a server.
for (const chunking of CHUNKINGS) for (let i = 0; i < 3; i++) measure(chunking)
console.log(JSON.stringify({ accepted: accepted() }))
for await (const line of createInterface({ input: process.stdin }))
  console.log(JSON.stringify(measure(line as Chunking)))
