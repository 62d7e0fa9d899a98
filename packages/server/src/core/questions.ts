/** What is asked of other nodes. */
import type { Links } from './transport/index.ts'
import { NodeGone } from './words.ts'

/** How many questions wait for an answer. */
const MAX_ASKED = 100_000

/** A question that has no answer yet. */
interface Asked {
  readonly node: string
  /** Gets the answer; undefined when the other node has none. */
  readonly take: (answer: string | undefined) => void
  /** Called instead when the node has gone. */
  readonly gone: () => void
}

/** The questions that wait for their answers. */
export class Questions {
  readonly #links: Links
  readonly #asked = new Map<number, Asked>()
  #last = 0

  constructor(links: Links) {
    this.#links = links
  }

  /** Asks a node; `host` is the host type whose modules are asked, '' for the node itself. Rejects with `NodeGone`. */
  ask<T>(node: string, host: string, topic: string, data: string, take: (answer: string | undefined) => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    if (this.full) return Promise.reject(new Error('too many questions wait for other nodes'))
    const gone = (): void => reject(new NodeGone(`node ${node} has gone`))
    const taking = (answer: string | undefined): void => {
      try {
        resolve(take(answer))
      } catch (error) {
        reject(error)
      }
    }
    const id = this.add({ node, take: taking, gone })
    this.#links.send(node, { kind: 'word', id, host, topic, data }, (handled) => {
      if (!handled) this.unasked(id)
    })
    return promise
  }

  /** Whether no more may wait. */
  get full(): boolean {
    return this.#asked.size >= MAX_ASKED
  }

  /** Adds a question, which the caller sends under the returned number. */
  add(asked: Asked): number {
    const id = ++this.#last
    this.#asked.set(id, asked)
    return id
  }

  /** A question did not get to its node, which has gone. */
  unasked(id: number): void {
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    asked?.gone()
  }

  /** A node has answered. */
  answered(id: number, answer: string | undefined): void {
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    asked?.take(answer)
  }

  /** To whoever waits for the answers of such nodes, they are gone. */
  nobodyAnswers(isGone: (node: string) => boolean): void {
    for (const [id, { node, gone }] of this.#asked) {
      if (!isGone(node)) continue
      this.#asked.delete(id)
      gone()
    }
  }
}
