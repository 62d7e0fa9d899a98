/**
 * Puts PostgreSQL in the place of the store in memory, for a whole run of tests:
 * `MEERKAT_TEST_DATABASE=name node --import ./packages/server/src/storage/testing/on-postgres.ts --test ...`
 */
import { registerHooks } from 'node:module'

const stand = new URL('./memory-on-postgres.ts', import.meta.url).href

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context)
    return resolved.url.endsWith('/src/storage/memory.ts') ? { ...resolved, url: stand } : resolved
  },
})
