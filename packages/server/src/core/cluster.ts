/** A kernel among others: the copies of the directory, the stanzas for sessions elsewhere, and what modules tell each other. */
import { StanzaError, StreamError, type StreamCondition, parseJid } from '@meerkat/protocol'
import { type Element, parseElement, serialize } from '@meerkat/xml'
import { DOMAINS_CHANGED, domainsOf } from './domains.ts'
import type { DirectoryListener, SessionEntry } from './directory.ts'
import { type Held, unpackHeld } from './gate.ts'
import type { Kernel } from './kernel.ts'
import { Locks } from './locks.ts'
import { reroute, rerouted } from './reroute.ts'
import { type Envelope, Links, type SessionWords, type Transport, entryEnvelope, readEntry } from './transport/index.ts'
import { when } from './when.ts'
import { NodeGone, type OtherNodes, type Word, sessionLost, wordOfNode } from './words.ts'

/** How many sessions of other nodes are remembered. */
const MAX_ELSEWHERE = 2_000_000
/** How many questions wait for an answer. */
const MAX_ASKED = 100_000
/** How often a stanza is sent on when its session has moved. */
const MAX_HOPS = 3

interface Asked {
  readonly node: string
  readonly take: (answer: string | undefined) => void
  readonly gone: () => void
}

/** The end of a session, as one node asks another for it. */
interface Ending {
  readonly jid: string
  readonly openedAt: number
  readonly reason: string
  readonly condition: StreamCondition | undefined
  readonly text: string | undefined
}

/** What a session says, as one node asks another for it. */
interface Saying {
  readonly jid: string
  readonly openedAt: number
  readonly stanza: string
}

export class Cluster {
  readonly node: string
  readonly #kernel: Kernel
  readonly #links: Links
  readonly #locks = new Locks()
  readonly #asked = new Map<number, Asked>()
  /** The nodes that have told of all their sessions. */
  readonly #met = new Set<string>()
  #meeting = Promise.withResolvers<void>()
  #questions = 0
  #turns = 0

  constructor(kernel: Kernel, transport: Transport) {
    this.node = transport.node
    this.#kernel = kernel
    this.#links = new Links(transport, kernel.clock, kernel.timers, {
      up: (node) => this.#up(node),
      down: (node) => this.#down(node),
      handle: (from, envelope) => this.#handle(from, envelope),
    })
  }

  /** Tells the other nodes of this node's sessions. */
  readonly telling: DirectoryListener = {
    changed: (entry) => this.#links.broadcast(entryEnvelope(entry)),
    closed: ({ jid, openedAt }) => void this.#links.broadcast({ kind: 'gone', jid: jid.toString(), openedAt }),
  }

  /** Resolves when so many other nodes are there and have told of their sessions. */
  async met(nodes: number): Promise<void> {
    while (this.#met.size < nodes) await this.#meeting.promise
  }

  /** How many envelopes are on their way to other nodes. */
  get underWay(): number {
    return this.#links.waiting
  }

  /** Resolves when nothing is on its way to other nodes any more, or after `seconds`. */
  async drained(seconds: number): Promise<void> {
    const { clock, timers } = this.#kernel
    const until = clock.monotonic() + seconds * 1000
    while (this.underWay > 0 && clock.monotonic() < until) await new Promise<void>((soon) => timers.after(0, soon))
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
    if (!stored || this.#asked.size >= MAX_ASKED) {
      const sent = (handled: boolean): void => (handled ? resolve() : elsewhere())
      this.#links.send(entry.node, stanzaEnvelope(entry, held, hops), sent)
      return promise
    }
    const id = ++this.#questions
    const take = (answer: string | undefined): void => (answer === STORED ? resolve() : reject(notStored()))
    this.#asked.set(id, { node: entry.node, take, gone: elsewhere })
    this.#links.send(entry.node, stanzaEnvelope(entry, held, hops, id), (handled) => {
      if (!handled && this.#asked.delete(id)) elsewhere()
    })
    return promise
  }

  /** Ends a session of another node; false when it was not there any more, or the node has gone. */
  async end(entry: SessionEntry, reason: string, error?: StreamError): Promise<boolean> {
    const { jid, openedAt, node } = entry
    const ending: Ending = {
      jid: jid.toString(),
      openedAt,
      reason,
      condition: error?.condition,
      text: error?.text,
    }
    try {
      return await this.#ask(node, '', 'end', JSON.stringify(ending), (answer) => answer === 'ended')
    } catch (failure) {
      if (failure instanceof NodeGone) return false
      throw failure
    }
  }

  /** Lets a session of another node say something, as if its client had; false when it was not there any more, or the node has gone. */
  async say({ jid, openedAt, node }: SessionEntry, stanza: Element): Promise<boolean> {
    const saying: Saying = { jid: jid.toString(), openedAt, stanza: serialize(stanza) }
    try {
      return await this.#ask(node, '', 'say', JSON.stringify(saying), (answer) => answer === 'said')
    } catch (failure) {
      if (failure instanceof NodeGone) return false
      throw failure
    }
  }

  /** Asks all other nodes something of the whole server; resolves when each has answered or has gone. */
  async askAll(topic: string): Promise<void> {
    const answered = (node: string): Promise<void> => this.#ask(node, '', topic, 'null', () => undefined)
    const unlessGone = (error: unknown): void => {
      if (!(error instanceof NodeGone)) throw error
    }
    await Promise.all(this.#links.nodes().map((node) => answered(node).catch(unlessGone)))
  }

  /** Does something that no two nodes may do at a time with the same key. */
  exclusively<T>(key: string, work: () => Promise<T>): Promise<T> {
    return this.#exclusively(` ${key}`, work)
  }

  /** The other nodes, for the modules of a host type. */
  others(host: string): OtherNodes {
    return {
      possible: true,
      names: () => this.#links.nodes(),
      tell: (topic, data) => this.#links.broadcast({ kind: 'word', id: undefined, host, topic, data }),
      ask: (node, topic, data, take) => this.#ask(node, host, topic, data, take),
      exclusively: (key, work) => this.#exclusively(`${host} ${key}`, work),
    }
  }

  /** Leaves the others. To whoever waits here for their answers or turns, they are gone. */
  close(): void {
    const others = this.#links.nodes()
    this.#links.close()
    for (const node of others) this.#locks.releaseAll(`${node} `)
    this.#nobodyAnswers(() => true)
  }

  #ask<T>(
    node: string,
    host: string,
    topic: string,
    data: string,
    take: (answer: string | undefined) => T,
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    if (this.#asked.size >= MAX_ASKED) return Promise.reject(new Error('too many questions wait for other nodes'))
    const id = ++this.#questions
    const gone = (): void => reject(new NodeGone(`node ${node} has gone`))
    const taking = (answer: string | undefined): void => {
      try {
        resolve(take(answer))
      } catch (error) {
        reject(error)
      }
    }
    this.#asked.set(id, { node, take: taking, gone })
    this.#links.send(node, { kind: 'word', id, host, topic, data }, (handled) => {
      if (!handled && this.#asked.delete(id)) gone()
    })
    return promise
  }

  /** The turn is kept by one node for each key, which all nodes find by the same rule. */
  async #exclusively<T>(key: string, work: () => Promise<T>): Promise<T> {
    const owner = `${this.node} ${++this.#turns}`
    const home = await this.#acquire(key, owner)
    try {
      return await work()
    } finally {
      if (home === this.node) this.#locks.release(key, owner)
      else this.#links.send(home, wordOf('unlock', JSON.stringify([key, owner])))
    }
  }

  async #acquire(key: string, owner: string): Promise<string> {
    for (;;) {
      const home = homeOf(key, [this.node, ...this.#links.nodes()])
      if (home === this.node) {
        await this.#locks.acquire(key, owner)
        return home
      }
      try {
        await this.#ask(home, '', 'lock', JSON.stringify([key, owner]), () => undefined)
        return home
      } catch (error) {
        // Another node keeps the turns from now on.
        if (!(error instanceof NodeGone)) throw error
      }
    }
  }

  #up(node: string): void {
    this.#kernel.log.notice({ what: 'node_up', node }, 'another node is there')
    for (const entry of this.#kernel.directory.all())
      if (entry.local !== undefined) this.#links.send(node, entryEnvelope(entry))
    this.#links.send(node, { kind: 'synced' })
  }

  #down(node: string): void {
    this.#kernel.log.warn({ what: 'node_down', node }, 'another node has gone')
    this.#met.delete(node)
    this.#locks.releaseAll(`${node} `)
    const lost = this.#kernel.directory.leaveNode(node)
    this.#nobodyAnswers((asked) => asked === node)
    // One of those who are left speaks for the sessions that are gone.
    if (this.#links.nodes().some((other) => other < this.node)) return
    for (const entry of lost) void this.#kernel.hosts.of(entry.jid.domain)?.hooks.notify(sessionLost, entry)
  }

  #nobodyAnswers(isGone: (node: string) => boolean): void {
    for (const [id, { node, gone }] of this.#asked) {
      if (!isGone(node)) continue
      this.#asked.delete(id)
      gone()
    }
  }

  #handle(from: string, envelope: Envelope): void {
    try {
      this.#arrived(from, envelope)
    } catch (error) {
      this.#kernel.report('envelope_failed', error, { from, kind: envelope.kind })
    }
  }

  #arrived(from: string, envelope: Envelope): void {
    switch (envelope.kind) {
      case 'stanza':
        return this.#stanza(from, envelope)
      case 'session':
        return this.#session(from, envelope)
      case 'gone': {
        const entry = this.#kernel.directory.find(parseJid(envelope.jid))
        if (entry?.node === from && entry.openedAt === envelope.openedAt) this.#kernel.directory.leave(entry)
        return
      }
      case 'synced':
        this.#met.add(from)
        this.#meeting.resolve()
        this.#meeting = Promise.withResolvers()
        return
      case 'word':
        return this.#word(from, envelope)
      case 'answer': {
        const asked = this.#asked.get(envelope.id)
        this.#asked.delete(envelope.id)
        asked?.take(envelope.data)
      }
    }
  }

  /** The session may have ended or moved while the stanza was on its way. */
  #stanza(from: string, { to, stanza, at, archived, hops, id }: Envelope & { kind: 'stanza' }): void {
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

  /** RFC 6120 §7.7.2.2: of two sessions with one full JID the later stays, on all nodes the same. */
  #session(from: string, words: SessionWords): void {
    const { directory } = this.#kernel
    const entry = readEntry(from, words)
    const here = directory.find(entry.jid)
    if (here?.local !== undefined) {
      const { openedAt } = here
      const isLater = entry.openedAt > openedAt || (entry.openedAt === openedAt && from > this.node)
      if (!isLater) return
      this.#kernel.endSession(here.local, 'replaced', new StreamError('conflict'))
    }
    if (here === undefined && directory.size >= MAX_ELSEWHERE) throw new Error('too many sessions on other nodes')
    directory.enter(entry)
  }

  #word(from: string, { id, host, topic, data }: Envelope & { kind: 'word' }): void {
    let wanted = id !== undefined
    const reply = (answer: string | undefined): void => {
      if (!wanted || id === undefined) return
      wanted = false
      this.#links.send(from, { kind: 'answer', id, data: answer }, (handled) => {
        if (!handled) word.undelivered?.()
      })
    }
    const word: Word = { topic, data, from, reply, undelivered: undefined }
    const answered = when(host === '' ? this.#own(word) : this.#ofHost(host, word), reply)
    if (answered instanceof Promise)
      answered.catch((error: unknown) => {
        this.#kernel.report('word_failed', error, { topic })
        reply(undefined)
      })
  }

  #ofHost(type: string, word: Word): string | undefined | Promise<string | undefined> {
    const host = this.#kernel.hosts.type(type)
    if (word.topic !== 'account changed') return host?.hooks.first(wordOfNode, word)
    host?.accounts.forget(parseJid(word.data))
    return undefined
  }

  /** What nodes say without a host type. */
  #own({ topic, data }: Word): string | undefined | Promise<string> {
    const said: unknown = JSON.parse(data)
    if (topic === 'end') return this.#end(said as Ending)
    if (topic === 'say') return this.#say(said as Saying)
    if (topic === DOMAINS_CHANGED)
      return domainsOf(this.#kernel)
        ?.sync()
        .then(() => 'done')
    const [key, owner] = said as [string, string]
    if (topic === 'unlock') this.#locks.release(key, owner)
    else if (topic === 'lock') return this.#locks.acquire(key, owner).then(() => 'yours')
    return undefined
  }

  async #say({ jid, openedAt, stanza }: Saying): Promise<string> {
    const { directory, router } = this.#kernel
    const entry = directory.find(parseJid(jid))
    if (entry?.local === undefined || entry.openedAt !== openedAt) return 'gone'
    await router.receive(entry.local, parseElement(stanza), entry.jid.bare)
    return 'said'
  }

  #end({ jid, openedAt, reason, condition, text }: Ending): string | undefined {
    const entry = this.#kernel.directory.find(parseJid(jid))
    if (entry?.local === undefined || entry.openedAt !== openedAt) return undefined
    this.#kernel.endSession(entry.local, reason, condition && new StreamError(condition, text))
    return 'ended'
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

const wordOf = (topic: string, data: string): Envelope => ({ kind: 'word', id: undefined, host: '', topic, data })

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
