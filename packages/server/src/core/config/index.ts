/** The configuration: loading it, its types, and what may be written in it. */

export { type Change, changesBetween } from './changes.ts'
export { loadConfig } from './load-config.ts'
export { ConfigError, type Problem, printPath, printProblem } from './problem.ts'
export type * from './types.ts'
