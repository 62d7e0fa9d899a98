/** Before the stream, on a listener behind load balancers: waits for the PROXY header of each connection. */
import type { Socket } from 'node:net'
import type { Kernel } from '../../core/kernel.ts'
import { plainAddress } from '../../core/network.ts'
import type { C2sOptions } from './options.ts'
import { type Origin, readProxyHeader } from './proxy.ts'

/** Takes a connection whose origin is known. Its socket is paused; what the client has sent is still to be read. */
export type Admit = (socket: Socket, origin: Origin) => void

/** What the gate needs of a listener's options. */
export type GateOptions = Pick<C2sOptions, 'backlog' | 'authTimeoutMs'>

/** The connections of a listener whose header has not come. */
export class ProxyGate {
  readonly #kernel: Kernel
  readonly #options: GateOptions
  readonly #trusted: (ip: string) => boolean
  readonly #waiting = new Set<Socket>()

  /** `trusted` says whose headers are believed. */
  constructor(kernel: Kernel, options: GateOptions, trusted: (ip: string) => boolean) {
    this.#kernel = kernel
    this.#options = options
    this.#trusted = trusted
  }

  /** How many connections wait. */
  get size(): number {
    return this.#waiting.size
  }

  /** S25: hands a connection of a load balancer over once its header is there; closes any other, and one whose header is none or late. */
  enter(socket: Socket, admit: Admit): void {
    const balancer = { ip: plainAddress(socket.remoteAddress), port: socket.remotePort ?? 0 }
    socket.on('error', () => undefined)
    if (!this.#trusted(balancer.ip)) return this.#refuse(socket, balancer, 'not in proxy_trusted')
    if (this.#waiting.size >= this.#options.backlog) return this.#refuse(socket, balancer, 'too many wait')
    this.#waiting.add(socket)
    const late = (): void => this.#refuse(socket, balancer, 'no PROXY header in time')
    const timer = this.#kernel.timers.after(this.#options.authTimeoutMs / 1000, late)
    const leave = (): void => {
      timer.cancel()
      this.#waiting.delete(socket)
    }
    const ended = (): void => void socket.destroy()
    socket.once('close', leave)
    socket.once('end', ended)
    let seen: Buffer = Buffer.alloc(0)
    const take = (chunk: Buffer): void => {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
      const header = readProxyHeader(seen)
      if (header === undefined) return
      socket.off('data', take)
      if (header === false) return this.#refuse(socket, balancer, 'no PROXY header')
      socket.off('close', leave)
      socket.off('end', ended)
      leave()
      socket.pause()
      if (seen.length > header.length) socket.unshift(seen.subarray(header.length))
      admit(socket, header.origin ?? balancer)
    }
    socket.on('data', take)
  }

  /** Drops all that wait. */
  close(): void {
    for (const socket of this.#waiting) socket.destroy()
  }

  #refuse(socket: Socket, balancer: Origin, why: string): void {
    this.#kernel.counters.connectionsRefused++
    const line = { what: 'proxy_connection_refused', ...balancer, why }
    this.#kernel.logs.area('c2s').info(line, 'a connection to a listener with proxy_protocol was refused')
    socket.destroy()
  }
}
