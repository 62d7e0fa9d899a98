/** The watch over the event loop in a thread of its own, where no other one takes it in. */
import { workerData } from 'node:worker_threads'
import type { WatchData } from './loop-report.ts'
import watch from './loop-watcher.ts'

watch(workerData as WatchData).ref()
