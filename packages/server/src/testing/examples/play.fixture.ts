/**
 * The examples of the specifications, played against a server: what clients send goes in as it is written there, and what the server says has to
 * be what is written there.
 */
import assert from 'node:assert/strict'
import { type Jid, StanzaError, errorReply, isStanza, parseJid } from '@meerkat/protocol'
import { type Element, parseElement, serialize } from '@meerkat/xml'
import { type ModuleDeclaration, requestBeforeLogin } from '../../core/module.ts'
import { DOMAIN, Device, type Story, Visitor, story } from '../story.ts'
import { Unknowns } from './unknowns.fixture.ts'

/** Some examples that belong together. */
export interface Play {
  /** The numbers of the examples. */
  readonly examples: readonly number[]
  readonly title: string
  /** Full JIDs of the devices, by the names that the script has for them; `stranger` is a client that has not authenticated. */
  readonly cast: Readonly<Record<string, string>>
  /** Accounts without a device. */
  readonly absent?: readonly string[]
  /** Words of the examples that stand for what the server chooses; the same word stands for the same thing. */
  readonly unknown?: readonly string[]
  /**
   * `name: <stanza/>` is what a client sends, `> name: <stanza/>` what it gets next, `> name: nothing` that it gets nothing. `! lose name` loses the
   * connection, `! newcomer name user` authenticates another client, `! connect name jid` connects another device, `! forget name` leaves out what it was sent, `! wait 60` lets time pass. Lines with # are comments.
   */
  readonly script: string
}

/** A specification with all of its examples. */
export interface Specification {
  readonly name: string
  readonly version: string
  /** How many examples it has. */
  readonly count: number
  readonly modules: readonly (readonly [ModuleDeclaration, Record<string, unknown>?])[]
  /** The domains of the examples; all are the story's. */
  readonly domains: readonly string[]
  readonly plays: readonly Play[]
  /** Why the others are not played: `what: numbers`. */
  readonly others: Readonly<Record<string, readonly number[]>>
}

interface Step {
  readonly kind: 'sends' | 'gets' | 'happens'
  readonly name: string
  readonly words: string
}

/** Plays one of them. */
export async function perform(
  t: { after(end: () => Promise<void>): void },
  { modules, domains }: Specification,
  { cast, absent = [], unknown = [], script }: Play,
): Promise<void> {
  const here = (text: string): string =>
    domains.reduce(
      (known, domain) => known.replaceAll(new RegExp(`(?<![/\\w.])${RegExp.escape(domain)}`, 'g'), DOMAIN),
      text,
    )
  const scene = await story(t, { modules, absent: absent.map((user) => parseJid(here(user)).local) })
  const stage = new Stage(scene, new Unknowns(unknown))
  for (const [name, address] of Object.entries(cast)) stage.enter(name, here(address))
  for (const step of steps(here(script))) await stage.take(step)
  stage.end()
}

/** The steps of a script. */
export function steps(script: string): Step[] {
  const text = script.replaceAll(/^\s*#.*$/gm, '')
  const marks = [...text.matchAll(/^\s*(?:(!)|(> )?([a-z]\w*):)\s*/gm)]
  return marks.map((mark, i) => {
    const words = text.slice(mark.index + mark[0].length, marks[i + 1]?.index).trim()
    const kind = mark[1] === '!' ? 'happens' : mark[2] === undefined ? 'sends' : 'gets'
    return { kind, name: mark[3] ?? '', words }
  })
}

/** An element of an example; examples leave the namespace of stanzas out. */
export function read(words: string): Element {
  const known = /^<\w+[^>]*?\sxmlns=/.test(words) ? words : words.replace(/^<(\w+)/, "<$1 xmlns='jabber:client'")
  return parseElement(known.replaceAll('...', '<more xmlns="etc"/>'))
}

class Stage {
  readonly #scene: Story
  readonly #unknowns: Unknowns
  readonly #actors = new Map<string, Device | Visitor | Stranger>()

  constructor(scene: Story, unknowns: Unknowns) {
    this.#scene = scene
    this.#unknowns = unknowns
  }

  enter(name: string, address: string): void {
    if (address === 'stranger') return void this.#actors.set(name, new Stranger(this.#scene))
    const jid = parseJid(address)
    this.#actors.set(name, this.#scene.connect(`${jid.local}/${jid.resource}`))
  }

  async take({ kind, name, words }: Step): Promise<void> {
    if (kind === 'happens') return this.#happens(words)
    const actor = this.#actor(name)
    if (kind === 'gets') return this.#gets(name, words)
    const element = read(this.#unknowns.fill(words))
    if (!(actor instanceof Device)) return void (await actor.say(element))
    const from = element.attr('from')
    if (from !== undefined) assert.ok(isOwn(actor.jid, from), `${name} is ${actor.jid}, not ${from}`)
    if (isStanza(element)) await actor.send(element)
    else assert.ok(await actor.say(element), `${serialize(element)} was not understood`)
  }

  /** Nobody was sent more than the examples say. */
  end(): void {
    for (const [name, { received }] of this.#actors)
      assert.deepEqual(
        received.map((element) => serialize(element)),
        [],
        `${name} was sent more than that`,
      )
  }

  #gets(name: string, words: string): void {
    const { received } = this.#actor(name)
    if (words === 'nothing')
      return assert.deepEqual(
        received.map((element) => serialize(element)),
        [],
      )
    const got = received.shift()
    assert.ok(got, `${name} was not sent ${words}`)
    const me = this.#actor(name)
    const problem = this.#unknowns.compare(read(words), got, me instanceof Device ? me.jid : undefined)
    assert.equal(problem, undefined, `${problem}: ${name} was sent ${serialize(got)} instead of ${words}`)
  }

  async #happens(words: string): Promise<void> {
    const [what, name = '', user = ''] = words.split(' ')
    if (what === 'wait') return this.#scene.wait(Number(name))
    if (what === 'connect') return this.enter(name, user)
    if (what === 'newcomer') return void this.#actors.set(name, this.#scene.newcomer(user))
    const actor = this.#actor(name)
    if (what === 'forget') return void actor.received.splice(0)
    assert.ok(actor instanceof Device && what === 'lose', `unknown: ${words}`)
    await actor.lose()
  }

  #actor(name: string): Device | Visitor | Stranger {
    const actor = this.#actors.get(name)
    assert.ok(actor, `nobody is called ${name}`)
    return actor
  }
}

/** A client may leave its resource out of `from`. */
const isOwn = (jid: Jid, from: string): boolean => from === jid.toString() || from === jid.bare.toString()

/** A client that has not authenticated. */
class Stranger {
  readonly received: Element[] = []
  readonly #scene: Story

  constructor(scene: Story) {
    this.#scene = scene
  }

  async say(iq: Element): Promise<void> {
    const who = { domain: DOMAIN, ip: '127.0.0.1', encrypted: true }
    try {
      const answer = await this.#scene.host.hooks.first(requestBeforeLogin, iq, who)
      if (answer !== undefined) this.received.push(answer)
    } catch (error) {
      if (!(error instanceof StanzaError)) throw error
      this.received.push(errorReply(iq, error))
    }
  }
}
