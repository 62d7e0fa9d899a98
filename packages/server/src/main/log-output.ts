/**
 * R8: where log lines go. A line that cannot be written, as on a full disk, is lost and counted, and costs nobody else
 * anything; the first line that can be written again is preceded by one that says how many were lost.
 */
import { writeSync } from 'node:fs'

/** How long a reader of the log, on a pipe that is full, is waited for, and how often it is looked at: milliseconds. */
const PATIENCE_MS = 1_000
const LOOK_MS = 10

const ERROR = 50
const LINE_END = 0x0a

/** Writes some bytes, and answers how many. */
export type WriteSome = (bytes: Uint8Array) => number

/** A writer of whole lines to standard error, or to what `write` writes to. */
export function lineWriter(write: WriteSome = (bytes) => writeSync(2, bytes)): (line: string) => void {
  let lost = 0
  // Half a line stands at the end of the log.
  let half = false
  const put = (text: string): void => {
    const bytes = Buffer.from(half ? `\n${text}` : text)
    let at = 0
    try {
      writeAll(bytes, write, (written) => (at = written))
      half = false
    } catch (error) {
      if (at > 0) half = bytes[at - 1] !== LINE_END
      throw error
    }
  }
  return (line) => {
    try {
      if (lost > 0) put(lostLines(lost))
      lost = 0
      put(line)
    } catch {
      // Nobody could be told.
      lost++
    }
  }
}

function writeAll(bytes: Uint8Array, write: WriteSome, tell: (written: number) => void): void {
  let at = 0
  for (let waited = 0; at < bytes.length; tell(at)) {
    try {
      at += write(bytes.subarray(at))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || waited >= PATIENCE_MS) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_MS)
      waited += LOOK_MS
    }
  }
}

function lostLines(count: number): string {
  const time = new Date().toISOString()
  return `${JSON.stringify({ level: ERROR, time, area: 'core', what: 'log_lines_lost', count })}\n`
}
