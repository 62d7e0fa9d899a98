/**
 * Loaded into a server before its own code: answers on a Unix socket how long its event loop was held up, and how large its heap is after a
 * collection. It does nothing until it is asked: the loop is watched from the first question on.
 * Plain JavaScript: it must not bring a server what Node needs to strip types, 17 MB.
 */
import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const path = new URL(import.meta.url).searchParams.get('socket')
const delay = monitorEventLoopDelay({ resolution: 10 })

const milliseconds = (nanoseconds) => Number((nanoseconds / 1e6).toFixed(2))

/** The delay since the last question. */
function loop() {
  delay.disable()
  const { count } = delay
  // A timer of 10 ms that comes in time is no delay.
  const beyond = (nanoseconds) => (count === 0 ? null : Math.max(0, milliseconds(nanoseconds) - 10))
  const told = {
    loop_p99_ms: beyond(delay.percentile(99)),
    loop_p999_ms: beyond(delay.percentile(99.9)),
    loop_max_ms: beyond(delay.max),
  }
  delay.reset()
  delay.enable()
  return told
}

function heap() {
  // With --expose-gc on the command line Node compiles all of its own files at each start.
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  for (let time = 0; time < 3; time++) collect()
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage()
  return { heap_used: heapUsed, external, array_buffers: arrayBuffers, rss }
}

if (path !== null) {
  rmSync(path, { force: true })
  const server = createServer((socket) => {
    socket.once('data', (question) => {
      socket.end(JSON.stringify(question.toString().trim() === 'heap' ? heap() : loop()))
    })
    socket.on('error', () => {})
  })
  server.listen(path).unref()
}
