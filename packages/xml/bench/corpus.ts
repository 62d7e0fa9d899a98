/** The mixed corpus: what a server's streams carry, made from a fixed seed. */
import { Buffer } from 'node:buffer'

/** The root's start tag of a client's stream. */
export const HEADER = Buffer.from(
  `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'` +
    ` to='capulet.example' version='1.0' xml:lang='en'>`,
)

/** A small generator of numbers, the same in every run (mulberry32). */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

const WORDS =
  `wherefore art thou romeo deny thy father and refuse name or if wilt not be but sworn my love i'll no longer
a capulet shall hear more speak at this tis that is enemy thyself though montague`.split(/\s+/)
const USERS = ['romeo', 'juliet', 'nurse', 'mercutio', 'benvolio', 'tybalt', 'friar.laurence', 'paris', 'rosaline']

/** `count` stanzas, as text. */
export function corpus(count: number, seed = 1597): string[] {
  const writer = new Writer(random(seed))
  return Array.from({ length: count }, () => writer.stanza())
}

class Writer {
  #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  stanza(): string {
    const share = this.#random()
    if (share < 0.3) return this.#chat()
    if (share < 0.45) return this.#presence()
    if (share < 0.55) return this.#ping()
    if (share < 0.7) return this.#room()
    if (share < 0.8) return this.#archived()
    if (share < 0.82) return this.#roster()
    if (share < 0.88) return this.#encrypted()
    return this.#acknowledgement()
  }

  #upTo(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  #user(): string {
    return USERS[this.#upTo(USERS.length)]!
  }

  #full(): string {
    return `${this.#user()}@capulet.example/${this.#upTo(1e9).toString(36)}`
  }

  #id(): string {
    return `${this.#upTo(2 ** 32).toString(16)}-${this.#upTo(2 ** 32).toString(16)}`
  }

  #sentence(): string {
    const words = Array.from({ length: 3 + this.#upTo(14) }, () => WORDS[this.#upTo(WORDS.length)]!)
    const kind = this.#random()
    if (kind < 0.12) words.push('früh ☀ \u{1F339}')
    if (kind > 0.93) words.push('&lt;3 &amp; more')
    return words.join(' ')
  }

  #base64(length: number): string {
    let out = ''
    while (out.length < length) out += Math.floor(this.#random() * 2 ** 48).toString(36)
    return `${out.slice(0, length - 2)}==`
  }

  #chat(): string {
    const id = this.#id()
    return (
      `<message to='${this.#user()}@montague.example' from='${this.#full()}' type='chat' id='${id}'>` +
      `<body>${this.#sentence()}</body><origin-id xmlns='urn:xmpp:sid:0' id='${id}'/>` +
      `<request xmlns='urn:xmpp:receipts'/><active xmlns='http://jabber.org/protocol/chatstates'/></message>`
    )
  }

  #presence(): string {
    return (
      `<presence from='${this.#full()}'><show>away</show><priority>${this.#upTo(20)}</priority>` +
      `<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://client.example/' ver='${this.#base64(28)}'/>` +
      `<x xmlns='vcard-temp:x:update'><photo>${this.#id()}</photo></x></presence>`
    )
  }

  #ping(): string {
    return `<iq type='get' id='${this.#id()}' to='capulet.example'><ping xmlns='urn:xmpp:ping'/></iq>`
  }

  #room(): string {
    return (
      `<message from='verona@rooms.capulet.example/${this.#user()}' to='${this.#full()}' type='groupchat' id='${this.#id()}'>` +
      `<body>${this.#sentence()}</body><stanza-id xmlns='urn:xmpp:sid:0' id='${this.#id()}' by='verona@rooms.capulet.example'/>` +
      `<occupant-id xmlns='urn:xmpp:occupant-id:0' id='${this.#base64(32)}'/></message>`
    )
  }

  #archived(): string {
    return (
      `<message to='${this.#full()}'><result xmlns='urn:xmpp:mam:2' queryid='f${this.#upTo(99)}' id='${this.#id()}'>` +
      `<forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2026-07-10T23:08:25.123Z'/>` +
      `<message xmlns='jabber:client' to='${this.#full()}' from='${this.#full()}' type='chat' id='${this.#id()}'>` +
      `<body>${this.#sentence()}</body></message></forwarded></result></message>`
    )
  }

  #roster(): string {
    const items = Array.from(
      { length: 12 },
      () =>
        `<item jid='${this.#user()}${this.#upTo(1000)}@capulet.example' name='${this.#user()}' subscription='both'>` +
        `<group>Friends</group></item>`,
    )
    const query = `<query xmlns='jabber:iq:roster' ver='${this.#id()}'>${items.join('')}</query>`
    return `<iq type='result' id='${this.#id()}' to='${this.#full()}'>${query}</iq>`
  }

  #encrypted(): string {
    const keys = Array.from({ length: 3 }, () => `<key rid='${this.#upTo(1e9)}'>${this.#base64(120)}</key>`)
    return (
      `<message to='${this.#user()}@montague.example' from='${this.#full()}' type='chat' id='${this.#id()}'>` +
      `<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='${this.#upTo(1e9)}'>${keys.join('')}` +
      `<iv>${this.#base64(16)}</iv></header><payload>${this.#base64(160)}</payload></encrypted>` +
      `<encryption xmlns='urn:xmpp:eme:0' namespace='eu.siacs.conversations.axolotl' name='OMEMO'/>` +
      `<store xmlns='urn:xmpp:hints'/></message>`
    )
  }

  #acknowledgement(): string {
    return this.#random() < 0.5 ? `<r xmlns='urn:xmpp:sm:3'/>` : `<a xmlns='urn:xmpp:sm:3' h='${this.#upTo(9999)}'/>`
  }
}

/** How the bytes of the stanzas come from the network. */
export const CHUNKINGS = ['one stanza', '20-1500 B', '16 KiB'] as const
export type Chunking = (typeof CHUNKINGS)[number]

/** Cuts the stanzas' bytes. */
export function chunksOf(stanzas: readonly string[], chunking: Chunking): Buffer[] {
  if (chunking === 'one stanza') return stanzas.map((stanza) => Buffer.from(stanza))
  const all = Buffer.from(stanzas.join(''))
  const next = random(7)
  const chunks: Buffer[] = []
  for (let at = 0; at < all.length;) {
    const size = chunking === '16 KiB' ? 16_384 : 20 + Math.floor(next() * 1480)
    chunks.push(Buffer.from(all.subarray(at, at + size)))
    at += size
  }
  return chunks
}
