/**
 * Watches the event loop of the main thread from another one (R21). When that stands still it is stopped for an instant as a debugger does it, and its
 * stack tells who has it: this costs nothing before, and works when the loop never turns again.
 */
import type { Debugger, Session } from 'node:inspector'
import { lineWriter } from './log-output.ts'
import {
  BEATS,
  BLOCKED,
  type HookFrame,
  LOGGED,
  type StackFrame,
  type WatchData,
  blockedLine,
  isHookCall,
} from './loop-report.ts'

const writeLine = lineWriter()

/** At most one block in so many milliseconds is looked into; all are measured. */
const LOOK_MS = 5000

/** Watches from the thread that calls this, which may have other things to do: not for long while the main thread stands still. */
export default function watch({ cells, limitMs }: WatchData): NodeJS.Timeout {
  const shared = new Int32Array(cells)
  const period = limitMs / 4
  let beats = Atomics.load(shared, BEATS)
  let since = performance.now()
  let before = since
  let blocked = false
  let named = false
  let looked = -Infinity
  let giveUp = (): void => {}

  const turn = (): void => {
    const now = performance.now()
    const present = Atomics.load(shared, BEATS)
    // A machine that was suspended, a process that was stopped, this thread that was busy: nobody blocks anything.
    const asleep = present === 0 || now - before > limitMs / 2 + period
    before = now
    if (present !== beats || asleep) {
      if (blocked && !asleep) Atomics.store(shared, BLOCKED, now - since)
      blocked = false
      named = false
      beats = present
      since = now
    } else if (now - since >= limitMs) {
      blocked = true
      // One that goes on is named when it is its turn, or next time: the debugger may keep silent while it serves somebody else.
      if (named || Atomics.load(shared, LOGGED) === 0 || now - looked < LOOK_MS) return
      looked = now
      giveUp()
      giveUp = look(now - since, () => (named = true))
    }
  }
  return setInterval(turn, period).unref()
}

/** Stops the main thread, which is let go in any case when the session ends; what fails here must harm nobody else. What it gives breaks that off. */
function look(ms: number, named: () => void): () => void {
  // Loaded with the first block.
  const { Session } = process.getBuiltinModule('node:inspector')
  const session = new Session()
  const done = (line: string): void => {
    session.post('Debugger.resume', () => session.disconnect())
    named()
    writeLine(line)
  }
  // A frame names its script by number; the debugger tells the names of all of them when it is switched on.
  const urls = new Map<string, string>()
  session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => urls.set(scriptId, url))
  session.once('Debugger.paused', ({ params: { callFrames } }) => {
    const frames = callFrames.map((frame) => frameOf(frame, urls))
    const call = callFrames[frames.findIndex(isHookCall)]
    if (call === undefined) return done(blockedLine(ms, frames, undefined))
    whoseHook(session, call, (hook) => done(blockedLine(ms, frames, hook)))
  })
  session.connectToMainThread()
  session.post('Debugger.enable')
  session.post('Debugger.pause')
  return () => session.disconnect()
}

function frameOf({ functionName, location }: Debugger.CallFrame, urls: ReadonlyMap<string, string>): StackFrame {
  return { name: functionName, url: urls.get(location.scriptId) ?? '', line: location.lineNumber + 1 }
}

/** Reads a name of the runner of hooks, where it stands; nothing there is changed. */
function whoseHook(session: Session, call: Debugger.CallFrame, then: (hook: HookFrame | undefined) => void): void {
  const expression = 'JSON.stringify({ owner: entry.owner, hook: entry.registration.hook.name })'
  const question = { callFrameId: call.callFrameId, expression, silent: true, throwOnSideEffect: true }
  session.post('Debugger.evaluateOnCallFrame', question, (_error, answer) => {
    const { result } = answer as Partial<Debugger.EvaluateOnCallFrameReturnType>
    const text: unknown = result?.value
    then(typeof text === 'string' ? (JSON.parse(text) as HookFrame) : undefined)
  })
}
