/** Figures of the process itself: memory, sockets, how busy the event loop is. */
import process from 'node:process'
import { performance } from 'node:perf_hooks'
import type { Kernel } from '../core/kernel.ts'
import { processHeap } from './heap-watch.ts'

/** Shows them; each is read when somebody looks. */
export function showProcess(kernel: Kernel): void {
  const node = kernel.metrics.scope()
  node.gauge('system_tcp_ports', 'count', openSockets)
  node.gauge('system_memory', 'total', residentBytes)
  node.gauge('meerkat_memory', 'heap_used', () => processHeap.use().used)
  node.gauge('meerkat_memory', 'heap_limit', () => processHeap.use().limit)
  let before = performance.eventLoopUtilization()
  // Since the last look, as Prometheus wants it; the first one is since the start.
  node.gauge('meerkat_event_loop', 'utilization', () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, before)
    before = now
    return utilization
  })
}

let resident = 0

/** R23: reading it takes a file descriptor; without one it is what it was. */
export function residentBytes(): number {
  try {
    resident = process.memoryUsage.rss()
  } catch {
    // Out of descriptors.
  }
  return resident
}

/** TCP connections that are open, of clients and of pools. */
const openSockets = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length
