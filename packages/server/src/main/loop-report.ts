/** What is said of an event loop that was blocked: who had it, by the call stack at that moment. */

/** A function on the stack, the innermost first. */
export interface StackFrame {
  readonly name: string
  readonly url: string
  /** From 1 on. */
  readonly line: number
}

/** A hook's listener on the stack. */
export interface HookFrame {
  readonly hook: string
  readonly owner: string
}

/** What the thread that watches is told. */
export interface WatchData {
  /** Numbers of 32 bits, at the places below. */
  readonly cells: SharedArrayBuffer
  /** How long the event loop may stand still, in milliseconds. */
  readonly limitMs: number
}

/** Places in the cells: the beats of the event loop; 0 while there is nothing to watch. */
export const BEATS = 0
/** Whether warnings are logged. */
export const LOGGED = 1
/** How long a block has taken that is over, in milliseconds; set by the thread that watches, and cleared by the one that is watched. */
export const BLOCKED = 2
/** How many cells there are. */
export const CELLS = 3

/** How many functions are told. */
const DEPTH = 12

/** The function through which listeners of hooks are called; its frame tells whose listener runs. */
export const isHookCall = ({ name, url }: StackFrame): boolean => name === '#call' && /\/core\/hooks\.[jt]s$/.test(url)

/** Who blocks: a module with its hook, a module, or a place in the code. */
export function culpritOf(frames: readonly StackFrame[], hook: HookFrame | undefined): string {
  if (hook !== undefined) return `${hook.owner} (hook ${hook.hook})`
  const module = frames.map(({ url }) => /\/server\/src\/modules\/([^/.]+)/.exec(url)?.[1]).find(Boolean)
  if (module !== undefined) return `mod_${module.replaceAll('-', '_')}`
  const own = frames.find(({ url }) => url.includes('/src/')) ?? frames.find(({ url }) => !url.startsWith('node:'))
  return printFrame(own ?? frames[0])
}

/** A frame for people: paths begin where our code does. */
export function printFrame(frame: StackFrame | undefined): string {
  if (frame === undefined) return 'unknown'
  const path = frame.url.startsWith('data:') ? 'data:' : frame.url.replace(/^.*\/(?:server\/src|node_modules)\//, '')
  return `${frame.name === '' ? 'anonymous' : frame.name} (${path}:${frame.line})`
}

/** The line of the log, as the logger would write it; the event loop that the logger needs is what stands still. */
export function blockedLine(ms: number, frames: readonly StackFrame[], hook: HookFrame | undefined): string {
  const culprit = culpritOf(frames, hook)
  const line = {
    level: 40,
    time: new Date().toISOString(),
    area: 'core',
    what: 'event_loop_blocked',
    culprit,
    ms: Math.round(ms),
    stack: frames.slice(0, DEPTH).map(printFrame),
    msg: `nothing else is done while ${culprit} has the event loop`,
  }
  return `${JSON.stringify(line)}\n`
}
