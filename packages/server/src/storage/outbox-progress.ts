/** How far a sink has come: which rows are handed out, and up to where each lane is acknowledged without a gap. */

/** A sink's place in the outbox. Rows must be handed out in the order of their numbers. */
export class Progress {
  /** The highest number up to which each lane has passed, where it is known to be beyond the floor. */
  readonly #cursors: Map<number, number>
  /** The rows handed out of each lane, in order: their numbers, and how many of their events are not acknowledged. */
  readonly #lanes = new Map<number, Map<number, number>>()
  readonly #moved = new Set<number>()
  #position: number
  #outstanding = 0
  #span = 0

  /** Starts with what was stored: every row up to `floor` has passed, and those of a lane up to its cursor. */
  constructor(floor: number, cursors: ReadonlyMap<number, number>) {
    this.#position = floor
    this.#cursors = new Map(cursors)
  }

  /** The number of the last row that was read. */
  get position(): number {
    return this.#position
  }

  /** The number of events handed out that are not acknowledged. */
  get outstanding(): number {
    return this.#outstanding
  }

  /** The number of rows that are remembered: those that are not acknowledged, and those that wait for one before them. */
  get span(): number {
    return this.#span
  }

  /** Notes that the row of so many events was read; false when it has passed before, so that it is not handed out again. */
  handOut(lane: number, seq: number, events = 1): boolean {
    this.#position = seq
    if (seq <= (this.#cursors.get(lane) ?? 0)) return false
    let rows = this.#lanes.get(lane)
    if (rows === undefined) this.#lanes.set(lane, (rows = new Map()))
    rows.set(seq, events)
    this.#outstanding += events
    this.#span++
    return true
  }

  /** Notes the acknowledgement of so many events of a row; false when the row is not one that waits for it. */
  acknowledge(lane: number, seq: number, events = 1): boolean {
    const rows = this.#lanes.get(lane)
    const left = rows?.get(seq) ?? 0
    if (rows === undefined || left < events) return false
    rows.set(seq, left - events)
    this.#outstanding -= events
    for (const [first, open] of rows) {
      if (open > 0) break
      rows.delete(first)
      this.#span--
      this.#cursors.set(lane, first)
      this.#moved.add(lane)
    }
    if (rows.size === 0) this.#lanes.delete(lane)
    return true
  }

  /** The number up to which every row has passed. */
  floor(): number {
    let floor = this.#position
    for (const rows of this.#lanes.values()) {
      for (const first of rows.keys()) {
        floor = Math.min(floor, first - 1)
        break
      }
    }
    return floor
  }

  /** The cursors that moved since the last call and are beyond `floor`. */
  takeMoved(floor: number): [lane: number, seq: number][] {
    const moved: [number, number][] = []
    for (const lane of this.#moved) {
      const seq = this.#cursors.get(lane) ?? 0
      if (seq > floor) moved.push([lane, seq])
    }
    this.#moved.clear()
    return moved
  }

  /** Takes back that a lane's cursor was taken, since it could not be stored. */
  putBack(lane: number): void {
    this.#moved.add(lane)
  }
}
