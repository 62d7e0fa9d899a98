/** Stanzas from node to node, for sessions that are connected elsewhere. */
import { StanzaError, parseJid } from '@meerkat/protocol'
import { serialize } from '@meerkat/xml'
import type { SessionEntry } from './directory.ts'
import { type Held, unpackHeld } from './gate.ts'
import type { Kernel } from './kernel.ts'
import type { Questions } from './questions.ts'
import { reroute, rerouted } from './reroute.ts'
import type { Envelope, Links } from './transport/index.ts'

/** How often a stanza is sent on when its session has moved. */
const MAX_HOPS = 3

/** Takes stanzas to other nodes, and takes in theirs. */
export class Carrier {
  readonly #kernel: Kernel
  readonly #links: Links
  readonly #questions: Questions

  constructor(kernel: Kernel, links: Links, questions: Questions) {
    this.#kernel = kernel
    this.#links = links
    this.#questions = questions
  }

  /** Sends a stanza to a resource of another node. When it cannot get there, it goes on as if the resource had gone. */
  carry(entry: SessionEntry, held: Held, hops = 0): void {
    this.#links.send(entry.node, stanzaEnvelope(entry, held, hops), (handled) => {
      if (!handled) reroute(this.#kernel.router, entry.jid, [held])
    })
  }

  /**
   * Like `carry`, for who must know of it: resolves when the other node has handled the stanza, with `stored` when all that it leaves behind there
   * is durable. Rejects when it could not be stored.
   */
  carried(entry: SessionEntry, held: Held, stored: boolean, hops = 0): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const elsewhere = (): void => resolve(rerouted(this.#kernel.router, entry.jid, [held]))
    if (!stored || this.#questions.full) {
      const sent = (handled: boolean): void => (handled ? resolve() : elsewhere())
      this.#links.send(entry.node, stanzaEnvelope(entry, held, hops), sent)
      return promise
    }
    const take = (answer: string | undefined): void => (answer === STORED ? resolve() : reject(notStored()))
    const id = this.#questions.add({ node: entry.node, take, gone: elsewhere })
    this.#links.send(entry.node, stanzaEnvelope(entry, held, hops, id), (handled) => {
      if (!handled) this.#questions.unasked(id)
    })
    return promise
  }

  /** Takes a stanza from another node. The session may have ended or moved while it was on its way. */
  arrived(from: string, { to, stanza, at, archived, hops, id }: Envelope & { kind: 'stanza' }): void {
    const jid = parseJid(to)
    const { directory, router } = this.#kernel
    const entry = directory.find(jid)
    const held = unpackHeld([stanza, at, archived])
    const goesOn = entry !== undefined && entry.local === undefined && hops < MAX_HOPS
    if (id === undefined && goesOn) return this.carry(entry, held, hops + 1)
    const settling =
      entry?.local !== undefined
        ? router.arrive(entry.local, held)
        : goesOn
          ? this.carried(entry, held, true, hops + 1)
          : rerouted(router, jid, [held])
    if (id === undefined) return
    const answer = (data?: string): void => this.#links.send(from, { kind: 'answer', id, data })
    if (settling === undefined) answer(STORED)
    else
      settling.then(
        () => answer(STORED),
        () => answer(),
      )
  }
}

/** The answer of a node that has stored what a stanza leaves behind. */
const STORED = 'stored'
const notStored = (): StanzaError => new StanzaError('wait', 'internal-server-error')

function stanzaEnvelope({ jid }: SessionEntry, held: Held, hops: number, id?: number): Envelope {
  const { stanza, at, handing } = held
  const archived = handing?.archived === true
  return { kind: 'stanza', to: jid.toString(), stanza: serialize(stanza), at, archived, hops, id }
}
