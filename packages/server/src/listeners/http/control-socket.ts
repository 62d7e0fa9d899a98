/** The control socket: the way of the command line into a running server, open to the user who runs it and to nobody else. */
import { chmodSync, unlinkSync } from 'node:fs'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import process from 'node:process'
import type { Log } from '../../core/log.ts'
import type { HttpMount } from './mounts.ts'
import { httpServer, listening } from './server.ts'

/** A control socket that is open. */
export interface ControlSocket {
  readonly path: string
  /** Closes it and removes its file. */
  close(): Promise<void>
}

/** The longest path of a Unix socket on all systems, in bytes. */
const MAX_PATH = 103

/**
 * Opens the socket with mode 0600. A file left by a server that was killed is replaced; rejects when a running server answers there, and when
 * the path is too long.
 */
export async function openControlSocket(path: string, handle: HttpMount['handle'], log: Log): Promise<ControlSocket> {
  if (Buffer.byteLength(path) > MAX_PATH)
    throw new Error(`the control socket ${path} has a longer name than ${MAX_PATH} bytes: choose a shorter data_dir`)
  const server = httpServer({ mounts: [{ host: '_', path: '/[...]', handle }], log })
  try {
    await listen(server, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    if (await answers(path)) throw new Error(`another server is running: it answers on ${path}`, { cause: error })
    unlinkSync(path)
    await listen(server, path)
  }
  return { path, close: () => close(server) }
}

/** The file is made with its mode: it must not be open to others even for a moment. */
async function listen(server: Server, path: string): Promise<void> {
  const mask = process.umask(0o177)
  try {
    const opened = listening(server, () => server.listen(path))
    process.umask(mask)
    await opened
  } finally {
    process.umask(mask)
  }
  chmodSync(path, 0o600)
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const tell = (yes: boolean) => {
      socket.destroy()
      resolve(yes)
    }
    socket.once('connect', () => tell(true))
    socket.once('error', () => tell(false))
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
    setTimeout(() => server.closeAllConnections(), 500).unref()
  })
}
