/** R22: whether there is room for new connections. Who looks after memory says so, and is asked again while many come. */

/** So many newcomers fit into what is kept free; after them the one who knows has to look again. */
const NEWCOMERS_A_LOOK = 50

/** Whether a node takes new connections. */
export class Room {
  /** Why there is none at the moment; undefined while newcomers are welcome. */
  shortage: string | undefined
  /** Looks whether there is a shortage; whoever can tell sets it. */
  look: (() => void) | undefined
  #newcomers = 0

  /** Whether one more connection, which is there already, is to be taken. */
  forOneMore(): boolean {
    if (++this.#newcomers % NEWCOMERS_A_LOOK === 0) this.look?.()
    return this.shortage === undefined
  }
}
