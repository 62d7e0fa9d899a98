/** A map whose values are made when somebody asks for them, each once. */
export class OnDemand<V> implements ReadonlyMap<string, V> {
  readonly #make: (key: string) => V
  /** A list of one value, or of none as long as nobody has asked. */
  readonly #made: ReadonlyMap<string, V[]>

  constructor(keys: Iterable<string>, make: (key: string) => V) {
    this.#make = make
    this.#made = new Map(Array.from(keys, (key) => [key, []]))
  }

  get size(): number {
    return this.#made.size
  }

  has(key: string): boolean {
    return this.#made.has(key)
  }

  get(key: string): V | undefined {
    const made = this.#made.get(key)
    if (made?.length === 0) made.push(this.#make(key))
    return made?.[0]
  }

  keys(): MapIterator<string> {
    return this.#made.keys()
  }

  *entries(): MapIterator<[string, V]> {
    for (const key of this.#made.keys()) yield [key, this.get(key) as V]
  }

  *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value
  }

  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries()
  }

  forEach(visit: (value: V, key: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this)
  }
}
