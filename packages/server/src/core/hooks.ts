/**
 * Hooks: places where features join in. A hook is an exported value of one of four kinds, defined beside the code that fires it;
 * a module lists its listeners, and the module manager puts them in and takes them out.
 */
import { StanzaError } from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import type { Delivery } from './delivery.ts'
import { Counter } from './metrics.ts'

/** Where in line a listener stands. Who needs more than three places splits the hook. */
export type Order = 'early' | 'normal' | 'late'

type Listener = (...args: never[]) => unknown

/** One listener on one hook, as a module lists it. */
export interface Registration {
  readonly hook: Hook
  readonly listener: Listener
  readonly order: Order
}

/** What all four kinds share; the name is for logs and listings only. */
export interface Hook {
  readonly kind: 'notify' | 'first' | 'fold' | 'filter'
  readonly name: string
  /** Hooks are numbered as they are declared: looking up listeners by number costs less than by anything else. */
  readonly number: number
}

/** Every listener runs; answers are ignored. */
export interface Notify<A extends unknown[]> extends Hook {
  readonly kind: 'notify'
  on(listener: (...args: A) => void | Promise<void>, order?: Order): Registration
}

/** Listeners run in order until one answers. */
export interface First<A extends unknown[], R> extends Hook {
  readonly kind: 'first'
  on(listener: (...args: A) => R | undefined | Promise<R | undefined>, order?: Order): Registration
}

/** Each listener receives what the one before it returned. */
export interface Fold<T, A extends unknown[]> extends Hook {
  readonly kind: 'fold'
  on(listener: (value: T, ...args: A) => T | Promise<T>, order?: Order): Registration
}

/** What a filter says of a stanza: nothing to pass it, an element to replace it, `DROP` to end it; it throws a StanzaError to refuse it. */
export type Verdict = Element | typeof DROP | undefined

/** Ends a stanza silently: its sender is not told. */
export const DROP = Symbol('drop')

/** Listeners pass, replace, drop or refuse a stanza, and may add what they keep; one that throws stops it (fails closed). */
export interface Filter<A extends unknown[]> extends Hook {
  readonly kind: 'filter'
  on(listener: (delivery: Delivery, ...args: A) => Verdict | Promise<Verdict>, order?: Order): Registration
}

let declared = 0

function make(kind: Hook['kind'], name: string): Hook {
  const hook = {
    kind,
    name,
    number: declared++,
    on: (listener: Listener, order: Order = 'normal'): Registration => ({ hook, listener, order }),
  }
  return hook
}

/** A hook whose listeners all run. */
export const notify = <A extends unknown[]>(name: string): Notify<A> => make('notify', name) as Notify<A>
/** A hook whose first answer counts. */
export const first = <A extends unknown[], R>(name: string): First<A, R> => make('first', name) as First<A, R>
/** A hook that passes a value along its listeners. */
export const fold = <T, A extends unknown[] = []>(name: string): Fold<T, A> => make('fold', name) as Fold<T, A>
/** A hook that decides what becomes of a stanza. */
export const filter = <A extends unknown[] = []>(name: string): Filter<A> => make('filter', name) as Filter<A>

interface Entry {
  readonly registration: Registration
  /** The module that brought the listener. */
  readonly owner: string
}

/** The places in line, as numbers to sort by. */
export const PLACE: Readonly<Record<Order, number>> = { early: 0, normal: 1, late: 2 }

/** The listeners of a hook, and how often it was fired. */
interface Listeners {
  readonly hook: Hook
  entries: readonly Entry[]
  readonly runs: Counter
}

/** Told of a listener that failed. */
export type HookFailure = (hook: string, owner: string, error: unknown) => void

/**
 * The listeners of one host type, and the ways to run them. A run awaits only where a listener returned a promise, so hooks whose listeners
 * are synchronous cost no microtask. A `notify`, `fold` or `first` listener that fails is reported and skipped; a StanzaError from a
 * `first` listener is an answer and passes through; a `filter` listener that fails stops the stanza.
 */
export class Hooks {
  /** By the hooks' numbers. */
  readonly #listeners: (Listeners | undefined)[] = []
  readonly #failed: HookFailure
  readonly #counterOf: (hook: string) => Counter

  /** `counterOf` gives what counts the firings of a hook. */
  constructor(failed: HookFailure, counterOf: (hook: string) => Counter = () => new Counter()) {
    this.#failed = failed
    this.#counterOf = counterOf
  }

  /** Adds a listener behind those of the same place in line. */
  add(owner: string, registration: Registration): void {
    const listeners = this.#listenersOf(registration.hook)
    const { entries } = listeners
    const place = PLACE[registration.order]
    const behind = entries.findIndex((entry) => PLACE[entry.registration.order] > place)
    const entry = { registration, owner }
    // A new array: a run that is waiting on a listener keeps the list it started with.
    listeners.entries = behind < 0 ? [...entries, entry] : entries.toSpliced(behind, 0, entry)
  }

  /** Takes a listener out. */
  remove(registration: Registration): void {
    const listeners = this.#listenersOf(registration.hook)
    listeners.entries = listeners.entries.filter((entry) => entry.registration !== registration)
  }

  /** Hook names and the modules that listen, in order. */
  list(): { hook: string; kind: Hook['kind']; owners: string[] }[] {
    return this.#listeners
      .filter((listeners): listeners is Listeners => listeners !== undefined && listeners.entries.length > 0)
      .map(({ hook, entries }) => ({
        hook: hook.name,
        kind: hook.kind,
        owners: entries.map((entry) => entry.owner),
      }))
  }

  /** Runs every listener; resolves when those that wait are done. */
  notify<A extends unknown[]>(hook: Notify<A>, ...args: A): void | Promise<void> {
    let waiting: Promise<void>[] | undefined
    for (const entry of this.#of(hook)) {
      try {
        const answer = this.#call(entry, args)
        if (answer instanceof Promise) (waiting ??= []).push(this.#reporting(entry, answer))
      } catch (error) {
        this.#report(entry, error)
      }
    }
    if (waiting !== undefined) return Promise.all(waiting).then(() => undefined)
  }

  /** Runs listeners until one answers; undefined when none does. */
  first<A extends unknown[], R>(hook: First<A, R>, ...args: A): R | undefined | Promise<R | undefined> {
    return this.#first(this.#of(hook), 0, args) as R | undefined | Promise<R | undefined>
  }

  #first(entries: readonly Entry[], from: number, args: unknown[]): unknown {
    for (let i = from; i < entries.length; i++) {
      const entry = entries[i]!
      let answer: unknown
      try {
        answer = this.#call(entry, args)
      } catch (error) {
        this.#passOn(entry, error)
        continue
      }
      if (answer instanceof Promise) return this.#firstLate(answer, entries, i, args)
      if (answer !== undefined) return answer
    }
    return undefined
  }

  // What goes on behind a promise stands apart: a loop with closures in it makes room for them at each turn, used or not.

  #firstLate(answer: Promise<unknown>, entries: readonly Entry[], place: number, args: unknown[]): Promise<unknown> {
    return answer
      .catch((error) => this.#passOn(entries[place]!, error))
      .then((value) => value ?? this.#first(entries, place + 1, args))
  }

  #reporting(entry: Entry, answer: Promise<unknown>): Promise<void> {
    return answer.then(
      () => undefined,
      (error) => this.#report(entry, error),
    )
  }

  /** Passes `value` along the listeners. */
  fold<T, A extends unknown[]>(hook: Fold<T, A>, value: T, ...args: A): T | Promise<T> {
    return this.#fold(this.#of(hook), 0, value, args) as T | Promise<T>
  }

  #fold(entries: readonly Entry[], from: number, value: unknown, args: unknown[]): unknown {
    for (let i = from; i < entries.length; i++) {
      const entry = entries[i]!
      const before = value
      try {
        value = this.#call(entry, [before, ...args])
      } catch (error) {
        this.#report(entry, error)
        value = before
      }
      if (value instanceof Promise)
        return value
          .catch((error) => (this.#report(entry, error), before))
          .then((next) => this.#fold(entries, i + 1, next, args))
    }
    return value
  }

  /**
   * Runs a delivery past the filters; `delivery.stanza` is what they made of it. True when it goes on, false when it was dropped.
   * Throws (or rejects with) a StanzaError when a filter refused it or failed.
   */
  filter<A extends unknown[]>(hook: Filter<A>, ...args: [delivery: Delivery, ...A]): boolean | Promise<boolean> {
    return this.#filter(this.#of(hook), 0, args)
  }

  #filter(entries: readonly Entry[], from: number, args: [Delivery, ...unknown[]]): boolean | Promise<boolean> {
    const delivery = args[0]
    for (let i = from; i < entries.length; i++) {
      const entry = entries[i]!
      let verdict: unknown
      try {
        verdict = this.#call(entry, args)
      } catch (error) {
        throw this.#closed(entry, error)
      }
      if (verdict instanceof Promise) return this.#late(verdict, entries, i, args)
      if (!apply(delivery, verdict as Verdict)) return false
    }
    return true
  }

  /** Goes on behind a filter whose verdict is promised. */
  #late(
    verdict: Promise<unknown>,
    entries: readonly Entry[],
    place: number,
    args: [Delivery, ...unknown[]],
  ): Promise<boolean> {
    return verdict.then(
      (late) => apply(args[0], late as Verdict) && this.#filter(entries, place + 1, args),
      (error) => {
        throw this.#closed(entries[place]!, error)
      },
    )
  }

  /** The listeners for one firing, which is counted. */
  #of(hook: Hook): readonly Entry[] {
    const listeners = this.#listenersOf(hook)
    listeners.runs.value++
    return listeners.entries
  }

  #listenersOf(hook: Hook): Listeners {
    return this.#listeners[hook.number] ?? this.#firstUse(hook)
  }

  #firstUse(hook: Hook): Listeners {
    const listeners = { hook, entries: NONE, runs: this.#counterOf(hook.name) }
    while (this.#listeners.length <= hook.number) this.#listeners.push(undefined)
    this.#listeners[hook.number] = listeners
    return listeners
  }

  #call(entry: Entry, args: unknown[]): unknown {
    return (entry.registration.listener as (...args: unknown[]) => unknown)(...args)
  }

  #report(entry: Entry, error: unknown): undefined {
    this.#failed(entry.registration.hook.name, entry.owner, error)
    return undefined
  }

  /** A StanzaError is meant for the stanza's sender; anything else is a fault of the listener. */
  #passOn(entry: Entry, error: unknown): undefined {
    if (error instanceof StanzaError) throw error
    return this.#report(entry, error)
  }

  #closed(entry: Entry, error: unknown): StanzaError {
    if (error instanceof StanzaError) return error
    this.#report(entry, error)
    return new StanzaError('wait', 'internal-server-error')
  }
}

const NONE: readonly Entry[] = []

function apply(delivery: Delivery, verdict: Verdict): boolean {
  if (verdict === DROP) return false
  if (verdict !== undefined) delivery.stanza = verdict
  return true
}
