/** What modules of one host type tell each other from node to node. */
import type { SessionEntry } from './directory.ts'
import { first, notify } from './hooks.ts'

/** A word of another node. */
export interface Word {
  /** What it is about: the module's name and more. */
  readonly topic: string
  readonly data: string
  /** The node that says it. */
  readonly from: string
  /** Answers at once, before anything else is said to the node; what is returned later is no answer then. */
  readonly reply: (answer: string) => void
  /** May be set by who answers: called when the node has gone before it had the answer. */
  undelivered: (() => void) | undefined
}

/** Handles a word of the same module on another node; what it returns is the answer, if one is wanted. */
export const wordOfNode = first<[word: Word], string>('word of another node')

/** Fired for each session of a node that has gone, on one of the nodes that are left; the directory does not have it any more. */
export const sessionLost = notify<[entry: SessionEntry]>('session lost')

/** A node has gone before it answered. */
export class NodeGone extends Error {
  override readonly name = 'NodeGone'
}

/** The other nodes, as the modules of a host type see them; a server of one process has none. */
export interface OtherNodes {
  /** Whether there ever are any: this process is not the only one that writes into the main store. */
  readonly possible: boolean
  /** Those that are there. */
  names(): readonly string[]
  /** Tells all other nodes; resolves when they have handled it or have gone. Undefined when there is none. */
  tell(topic: string, data: string): void | Promise<void>
  /** Asks a node. `take` gets the answer before anything that the node says later is handled. Rejects with `NodeGone`. */
  ask<T>(node: string, topic: string, data: string, take: (answer: string | undefined) => T): Promise<T>
  /** Does something that no two nodes may do at a time with the same key. */
  exclusively<T>(key: string, work: () => Promise<T>): Promise<T>
}

/** What a server of one process has. */
export const NO_OTHERS: OtherNodes = {
  possible: false,
  names: () => [],
  tell: () => undefined,
  ask: (node) => Promise.reject(new NodeGone(node)),
  exclusively: (_key, work) => work(),
}
