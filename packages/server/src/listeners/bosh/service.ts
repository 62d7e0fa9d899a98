/** All BOSH sessions of the node: a client may come back by any handler and any connection. */
import type { Kernel } from '../../core/kernel.ts'
import type { C2sOptions } from '../c2s/options.ts'
import { Streams } from '../c2s/streams.ts'
import type { BoshOrigin, BoshRequest, BoshTerms } from './request.ts'
import { BoshSession } from './session.ts'
import type { BoshSettings } from './settings.ts'

/** The service `service_bosh`. */
export class BoshService {
  readonly settings: BoshSettings
  readonly #kernel: Kernel
  readonly #streams: Streams
  readonly #sessions = new Map<string, BoshSession>()

  constructor(kernel: Kernel, settings: BoshSettings) {
    this.#kernel = kernel
    this.settings = settings
    this.#streams = new Streams(kernel)
  }

  /** Whether no more sessions may begin from this address. */
  isFull(ip: string, options: C2sOptions): boolean {
    const { size, closing } = this.#streams
    return closing || size >= this.settings.max_sessions || !this.#streams.welcomes(ip, options)
  }

  /** Whether the server has room for a client who comes now (R22). */
  hasRoom(): boolean {
    return this.#kernel.room.forOneMore()
  }

  /** Whether users of a domain may come by BOSH; also when there is no such domain, which the stream will say. */
  serves(domain: string): boolean {
    const { host_types: types } = this.settings
    const host = this.#kernel.hosts.of(domain.toLowerCase())
    return types.length === 0 || host === undefined || types.includes(host.type)
  }

  /** The session with an id. */
  find(sid: string): BoshSession | undefined {
    return this.#sessions.get(sid)
  }

  /** Begins a session with its first request. */
  begin(options: C2sOptions, terms: BoshTerms, origin: BoshOrigin, first: BoshRequest): void {
    let begun: BoshSession | undefined
    this.#streams.add(
      options,
      (receiver) => {
        const session = new BoshSession(this.#kernel, options, terms, origin, first.rid, receiver)
        begun = session
        this.#sessions.set(session.sid, session)
        return session
      },
      () => begun && this.#sessions.delete(begun.sid),
    )
    begun?.take(first)
  }

  /** Ends all sessions with `system-shutdown` (R20). */
  close(): Promise<void> {
    return this.#streams.close()
  }
}
