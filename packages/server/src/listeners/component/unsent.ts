/** What was sent to a component and has not left this process: bounded, and told to its senders when the component goes. */
import type { Delivery } from '../../core/delivery.ts'

/** A stanza, and where its text ends among all that was put in line. */
interface Sent {
  readonly delivery: Delivery
  readonly end: number
}

/** Stanzas in line, oldest first. */
export class Unsent {
  #line: Sent[] = []
  #first = 0
  #added = 0
  #taken = 0

  /** How many characters are in line. */
  get characters(): number {
    return this.#added - this.#taken
  }

  /** How many stanzas are in line. */
  get size(): number {
    return this.#line.length - this.#first
  }

  /** A stanza was put in line, or something else; so many characters have been since the connection began. */
  add(added: number, delivery?: Delivery): void {
    this.#added = added
    if (delivery !== undefined) this.#line.push({ delivery, end: added })
  }

  /** So many characters have left. */
  take(characters: number): void {
    this.#taken += characters
    while (this.#first < this.#line.length && this.#line[this.#first]!.end <= this.#taken) this.#first++
    // What has left is let go of; moving the rest costs little when it is less than that.
    if (this.#first * 2 < this.#line.length) return
    this.#line = this.#line.slice(this.#first)
    this.#first = 0
  }

  /** Takes out all that is in line. */
  clear(): Delivery[] {
    const rest = this.#line.slice(this.#first)
    this.#line = []
    this.#first = 0
    return rest.map(({ delivery }) => delivery)
  }
}
