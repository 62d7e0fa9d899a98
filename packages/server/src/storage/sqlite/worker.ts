/** The frame of a worker thread: open, answer one request at a time, close. */
import { parentPort, workerData } from 'node:worker_threads'
import { problemOf } from './errors.ts'
import { type Opened, type WorkerOptions } from './messages.ts'

/** What a worker does with a request, and at its end. */
export interface Service<Request, Reply> {
  answer(request: Request): Reply
  close(): void
}

/** Runs the service that `open` makes; a request of `null` ends the thread. */
export function serve<Request, Reply>(open: (options: WorkerOptions) => Service<Request, Reply>): void {
  const port = parentPort
  if (port === null) throw new Error('this file is a worker thread')
  const say = (message: Opened): void => port.postMessage(message)
  try {
    const service = open(workerData as WorkerOptions)
    port.on('message', (request: Request | null) => {
      if (request !== null) return port.postMessage(service.answer(request))
      service.close()
      port.close()
    })
    say({ opened: true })
  } catch (error) {
    say({ opened: false, problem: problemOf(error) })
  }
}
