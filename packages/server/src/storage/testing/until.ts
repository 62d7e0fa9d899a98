/** Waiting in tests for what happens by itself. */

/** Tries again and again until `attempt` gives something other than false or undefined, and gives that; the test's own limit of time ends it. */
export async function until<T>(attempt: () => Promise<T | false | undefined>): Promise<T> {
  for (;;) {
    const found = await attempt()
    if (found !== false && found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
