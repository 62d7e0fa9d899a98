/** The configuration that holds at the moment, and those who follow it while the server runs. */
import { isDeepStrictEqual } from 'node:util'
import type { Config, Listener } from '../core/config/types.ts'
import { sharedKey } from '../core/host.ts'

/** Makes ready for another configuration, and gives what takes it over. Throws when it cannot be taken over: then nothing at all is. */
export type Follower = (next: Config) => () => void

/** The configuration of a server that runs. */
export class PresentConfig {
  /** What the server was started with: that much needs a restart to change. */
  readonly started: Config
  current: Config
  readonly #followers: Follower[] = []
  #last: Promise<unknown> = Promise.resolve()

  constructor(config: Config) {
    this.started = config
    this.current = config
  }

  /** Adds who follows changes. */
  follow(follower: Follower): void {
    this.#followers.push(follower)
  }

  /** Adds who follows changes of one listener, by its place in the file. Other listeners, or others in order, need a restart. */
  followListener<K extends Listener['kind']>(
    listener: Listener & { readonly kind: K },
    follower: (next: Listener & { readonly kind: K }, config: Config) => () => void,
  ): void {
    const index = this.started.listen.indexOf(listener)
    this.follow((next) => {
      const other = next.listen[index]
      const same = isDeepStrictEqual(kindsOf(next), kindsOf(this.started))
      return same && isOfKind(other, listener.kind) ? follower(other, next) : () => undefined
    })
  }

  /** Lets all followers make ready for `next`; what it returns takes it over. Throws as they do. */
  prepare(next: Config): () => void {
    const ready = this.#followers.map((follower) => follower(next))
    return () => {
      for (const takeOver of ready) takeOver()
      this.current = next
    }
  }

  /** Does one change after another. */
  inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#last.then(change)
    this.#last = done.catch(() => undefined)
    return done
  }
}

const kindsOf = ({ listen }: Config): string[] => listen.map(({ kind }) => kind)

function isOfKind<K extends Listener['kind']>(
  listener: Listener | undefined,
  kind: K,
): listener is Listener & { readonly kind: K } {
  return listener?.kind === kind
}

/** Under this the composition root shares it with its parts. */
export const presentConfig = sharedKey<PresentConfig>('the present configuration')
