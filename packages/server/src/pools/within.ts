/** Waits for a promise, but not for ever: rejects with an error that says `text` after so many milliseconds. */
export function within<T>(promise: Promise<T>, milliseconds: number, text: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(text)), milliseconds)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
