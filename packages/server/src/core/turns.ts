/** What no two nodes may do at a time: each waits for its turn. */
import { Locks } from './locks.ts'
import type { Questions } from './questions.ts'
import type { Envelope, Links } from './transport/index.ts'
import { NodeGone } from './words.ts'

/** The turns are kept by one node for each key, which all nodes find by the same rule. */
export class Turns {
  readonly #node: string
  readonly #links: Links
  readonly #questions: Questions
  /** Those that this node keeps; their owners begin with the names of their nodes. */
  readonly #locks = new Locks()
  #last = 0

  constructor(node: string, links: Links, questions: Questions) {
    this.#node = node
    this.#links = links
    this.#questions = questions
  }

  /** Does something that no two nodes may do at a time with the same key. */
  async exclusively<T>(key: string, work: () => Promise<T>): Promise<T> {
    const owner = `${this.#node} ${++this.#last}`
    const home = await this.#acquire(key, owner)
    try {
      return await work()
    } finally {
      if (home === this.#node) this.release(key, owner)
      else this.#links.send(home, unlock(key, owner))
    }
  }

  async #acquire(key: string, owner: string): Promise<string> {
    for (;;) {
      const home = homeOf(key, [this.#node, ...this.#links.nodes()])
      if (home === this.#node) {
        await this.acquire(key, owner)
        return home
      }
      try {
        await this.#questions.ask(home, '', 'lock', JSON.stringify([key, owner]), () => undefined)
        return home
      } catch (error) {
        // Another node keeps the turns from now on.
        if (!(error instanceof NodeGone)) throw error
      }
    }
  }

  /** Resolves when it is the turn of `owner`, of whatever node, at a key that this node keeps. */
  acquire(key: string, owner: string): Promise<void> {
    return this.#locks.acquire(key, owner)
  }

  /** `owner` is done, or does not wait any more. */
  release(key: string, owner: string): void {
    this.#locks.release(key, owner)
  }

  /** A node has gone: it has no turns here any more. */
  releaseAll(node: string): void {
    this.#locks.releaseAll(`${node} `)
  }
}

function unlock(key: string, owner: string): Envelope {
  return { kind: 'word', id: undefined, host: '', topic: 'unlock', data: JSON.stringify([key, owner]) }
}

/** The node that keeps the turns at a key: the one with the highest hash (rendezvous hashing), so that few move when a node comes or goes. */
function homeOf(key: string, nodes: readonly string[]): string {
  let best = nodes[0]!
  for (const node of nodes) if (hash(`${node} ${key}`) > hash(`${best} ${key}`)) best = node
  return best
}

/** FNV-1a over UTF-16 code units. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}
