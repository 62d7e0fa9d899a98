/** How V8 is to reckon with memory in a server, which lives long, and refuses newcomers before its heap is full. */
import { setFlagsFromString } from 'node:v8'

/** Sets V8's switches for memory. Compiled code that was written down before is no good afterwards. */
export function setMemorySwitches(version = process.versions.v8): void {
  // Others may not know the switches.
  if (!version.startsWith('13.')) return
  countExternalMemory()
  outliveCollections()
}

/**
 * V8 has two ways to reckon with memory outside of its heap, such as what comes from sockets: by itself it collects everything whenever some megabytes of
 * that have come, however large the heap is, or however much is left. With many handshakes that is several times a second. The other way
 * counts it as a part of all that may grow until the next collection.
 */
function countExternalMemory(): void {
  setFlagsFromString('--external-memory-accounted-in-global-limit')
}

/**
 * R22: above four fifths of the heap V8 ends the process when some collections in a row find little and take most of the time, which on a busy
 * machine they do. A server that refuses newcomers there, and serves who is here slowly until some leave, is of more use.
 */
function outliveCollections(): void {
  setFlagsFromString('--no-detect-ineffective-gcs-near-heap-limit')
}
