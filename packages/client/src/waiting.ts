/** A promise with a deadline. */

/** Somebody waits for a value. */
export interface Waiting<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

/** The longest time that Node's timers take, in milliseconds; also stands for "without limit" here. */
const FOREVER = 2 ** 31 - 1

/**
 * Begins to wait, for `timeoutMs` at most (`Infinity` for ever). `late` makes the error of the deadline.
 * `done` is called once, as soon as the wait is over in one way or the other.
 */
export function waiting<T>(timeoutMs: number, late: () => Error, done: () => void): Waiting<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const finish = (): void => {
    clearTimeout(timer)
    done()
  }
  const fail = (error: Error): void => {
    finish()
    reject(error)
  }
  const timer = timeoutMs >= FOREVER ? undefined : setTimeout(() => fail(late()), timeoutMs)
  return {
    promise,
    resolve: (value) => {
      finish()
      resolve(value)
    },
    reject: fail,
  }
}
