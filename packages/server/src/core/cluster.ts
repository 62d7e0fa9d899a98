/** A kernel among others: the copies of the directory, and what nodes and their modules tell each other. */
import { StreamError, type StreamCondition, parseJid } from '@meerkat/protocol'
import { type Element, parseElement, serialize } from '@meerkat/xml'
import { Carrier } from './carrier.ts'
import { DOMAINS_CHANGED, domainsOf } from './domains.ts'
import type { DirectoryListener, SessionEntry } from './directory.ts'
import type { Kernel } from './kernel.ts'
import { Questions } from './questions.ts'
import { type Envelope, Links, type SessionWords, type Transport, entryEnvelope, readEntry } from './transport/index.ts'
import { Turns } from './turns.ts'
import { when } from './when.ts'
import { NodeGone, type OtherNodes, type Word, sessionLost, wordOfNode } from './words.ts'

/** How many sessions of other nodes are remembered. */
const MAX_ELSEWHERE = 2_000_000

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
  readonly #questions: Questions
  readonly #turns: Turns
  /** The way of stanzas to and from the other nodes. */
  readonly carrier: Carrier
  /** The nodes that have told of all their sessions. */
  readonly #met = new Set<string>()
  #meeting = Promise.withResolvers<void>()

  constructor(kernel: Kernel, transport: Transport) {
    this.node = transport.node
    this.#kernel = kernel
    this.#links = new Links(transport, kernel.clock, kernel.timers, {
      up: (node) => this.#up(node),
      down: (node) => this.#down(node),
      handle: (from, envelope) => this.#handle(from, envelope),
    })
    this.#questions = new Questions(this.#links)
    this.#turns = new Turns(this.node, this.#links, this.#questions)
    this.carrier = new Carrier(kernel, this.#links, this.#questions)
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
      return await this.#questions.ask(node, '', 'end', JSON.stringify(ending), (answer) => answer === 'ended')
    } catch (failure) {
      if (failure instanceof NodeGone) return false
      throw failure
    }
  }

  /** Lets a session of another node say something, as if its client had; false when it was not there any more, or the node has gone. */
  async say({ jid, openedAt, node }: SessionEntry, stanza: Element): Promise<boolean> {
    const saying: Saying = { jid: jid.toString(), openedAt, stanza: serialize(stanza) }
    try {
      return await this.#questions.ask(node, '', 'say', JSON.stringify(saying), (answer) => answer === 'said')
    } catch (failure) {
      if (failure instanceof NodeGone) return false
      throw failure
    }
  }

  /** Asks all other nodes something of the whole server; resolves when each has answered or has gone. */
  async askAll(topic: string): Promise<void> {
    const answered = (node: string): Promise<void> => this.#questions.ask(node, '', topic, 'null', () => undefined)
    const unlessGone = (error: unknown): void => {
      if (!(error instanceof NodeGone)) throw error
    }
    await Promise.all(this.#links.nodes().map((node) => answered(node).catch(unlessGone)))
  }

  /** Does something that no two nodes may do at a time with the same key. */
  exclusively<T>(key: string, work: () => Promise<T>): Promise<T> {
    return this.#turns.exclusively(` ${key}`, work)
  }

  /** The other nodes, for the modules of a host type. */
  others(host: string): OtherNodes {
    return {
      possible: true,
      names: () => this.#links.nodes(),
      tell: (topic, data) => this.#links.broadcast({ kind: 'word', id: undefined, host, topic, data }),
      ask: (node, topic, data, take) => this.#questions.ask(node, host, topic, data, take),
      exclusively: (key, work) => this.#turns.exclusively(`${host} ${key}`, work),
    }
  }

  /** Leaves the others. To whoever waits here for their answers or turns, they are gone. */
  close(): void {
    const others = this.#links.nodes()
    this.#links.close()
    for (const node of others) this.#turns.releaseAll(node)
    this.#questions.nobodyAnswers(() => true)
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
    this.#turns.releaseAll(node)
    const lost = this.#kernel.directory.leaveNode(node)
    this.#questions.nobodyAnswers((asked) => asked === node)
    // One of those who are left speaks for the sessions that are gone.
    if (this.#links.nodes().some((other) => other < this.node)) return
    for (const entry of lost) void this.#kernel.hosts.of(entry.jid.domain)?.hooks.notify(sessionLost, entry)
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
        return this.carrier.arrived(from, envelope)
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
      case 'answer':
        this.#questions.answered(envelope.id, envelope.data)
    }
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
    if (topic === 'unlock') this.#turns.release(key, owner)
    else if (topic === 'lock') return this.#turns.acquire(key, owner).then(() => 'yours')
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
