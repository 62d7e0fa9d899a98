/**
 * What the router takes for one message, from the session's stanza to the recipient's connection, without bytes and sockets: by what stands in its
 * way. Run: `node packages/server/bench/router.ts`
 */
import { performance } from 'node:perf_hooks'
import { Body, Message, Presence } from '@meerkat/protocol'
import type { ModuleDeclaration } from '../src/core/module.ts'
import carboncopy from '../src/modules/carboncopy.ts'
import messages from '../src/modules/messages.ts'
import offline from '../src/modules/offline/index.ts'
import presence from '../src/modules/presence/index.ts'
import roster from '../src/modules/roster/index.ts'
import { story } from '../src/testing/story.ts'

const ROUNDS = 200_000

async function measure(name: string, modules: readonly ModuleDeclaration[]): Promise<void> {
  const ends: (() => Promise<void>)[] = []
  const scene = await story(
    { after: (end) => void ends.push(end) },
    { modules: modules.map((module) => [module] as const), users: ['romeo', 'juliet'] },
  )
  const [romeo, juliet] = [scene.device('romeo'), scene.device('juliet')]
  // Messages to a bare address go to available resources.
  for (const device of [romeo, juliet]) await device.send(Presence())
  juliet.take()
  const { router } = scene.kernel
  const to = juliet.jid.bare
  const message = Message({ from: romeo.jid, to, type: 'chat', id: 'm1' }, Body({}, 'x'.repeat(150)))
  let least = Infinity
  for (let round = 0; round <= 5; round++) {
    const began = performance.now()
    for (let i = 0; i < ROUNDS; i++) {
      const waiting = router.receive(romeo.session, message, to)
      if (waiting !== undefined) await waiting
    }
    if (round > 0) least = Math.min(least, ((performance.now() - began) * 1e6) / ROUNDS)
    const { length } = juliet.take()
    if (length !== ROUNDS) throw new Error(`${length} of ${ROUNDS} messages were delivered`)
  }
  console.log(`${name.padEnd(44)} ${least.toFixed(0).padStart(6)} ns`)
  for (const end of ends) await end()
}

await measure('the router, messages and presence', [messages, presence, roster])
await measure('and offline storage', [messages, presence, roster, offline])
await measure('and carbons', [messages, presence, roster, offline, carboncopy])
