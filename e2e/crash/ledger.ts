/** What clients know: what they have sent, what was acknowledged to them, and what has reached them. */

/** How a message reached its recipient. */
export type Way = 'stream' | 'archive'

/** A message that reached its recipient. */
export interface Seen {
  readonly body: string
  /** The archive's id; '' when the message came without one. */
  readonly id: string
  readonly way: Way
  /** The session that it came in, over all its connections, numbered through; 0 for the archive. */
  readonly session: number
  /** Whether the server had kept it for the absent user (XEP-0203). */
  readonly delayed: boolean
}

/** The text of a numbered message. */
export function numbered(sender: string, recipient: string, number: number): string {
  return `${sender}>${recipient}#${number}`
}

/** What the text of a numbered message says. */
export interface Numbered {
  readonly conversation: string
  readonly sender: string
  readonly recipient: string
  readonly n: number
}

/** Reads the text of a numbered message. */
export function read(body: string): Numbered {
  const [conversation = '', number] = body.split('#')
  const [sender = '', recipient = ''] = conversation.split('>')
  return { conversation, sender, recipient, n: Number(number) }
}

/** The notes of all clients of a run. */
export class Ledger {
  /** The number of messages of each conversation. */
  readonly sent = new Map<string, number>()
  readonly acknowledged = new Set<string>()
  readonly #seen = new Map<string, Seen[]>()
  readonly #changed: () => void
  /** How much has happened; whatever happens adds to it. */
  events = 0

  /** `changed` is called when something has happened. */
  constructor(changed: () => void) {
    this.#changed = changed
  }

  /** Gives the next message of a conversation its number; resolves to its text. */
  next(sender: string, recipient: string): string {
    const conversation = `${sender}>${recipient}`
    const number = (this.sent.get(conversation) ?? 0) + 1
    this.sent.set(conversation, number)
    return numbered(sender, recipient, number)
  }

  /** The server has taken responsibility for a message. */
  acknowledge(body: string): void {
    this.acknowledged.add(body)
    this.happened()
  }

  /** A message has reached a recipient. */
  see(recipient: string, seen: Seen): void {
    this.seenBy(recipient).push(seen)
    this.happened()
  }

  /** What has reached a recipient, in order. */
  seenBy(recipient: string): Seen[] {
    let seen = this.#seen.get(recipient)
    if (seen === undefined) this.#seen.set(recipient, (seen = []))
    return seen
  }

  /** The acknowledged messages to a recipient that have not reached it. */
  missing(recipient: string, acknowledged: Iterable<string> = this.acknowledged): string[] {
    const seen = new Set(this.seenBy(recipient).map(({ body }) => body))
    return [...acknowledged].filter((body) => read(body).recipient === recipient && !seen.has(body))
  }

  /** Notes that something has happened. */
  happened(): void {
    this.events++
    this.#changed()
  }
}
