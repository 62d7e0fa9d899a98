import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Body, Iq, Message, Ping, Presence, StanzaError, errorCondition, makeJid } from '@meerkat/protocol'
import { type Element, text } from '@meerkat/xml'
import messages from '../modules/messages.ts'
import { memoryDatabase } from '../storage/memory.ts'
import { type Device, settle, story } from '../testing/story.ts'
import { type Database, type Write } from './database.ts'
import { DROP } from './hooks.ts'
import {
  type Additions,
  type ModuleDeclaration,
  iqGet,
  iqSet,
  messageUndelivered,
  sessionClosed,
  userReceive,
  userSend,
} from './module.ts'

type Context = Parameters<typeof story>[0]

const ROMEO = 'romeo@example.com/1'
const chat = (body: string, to = ROMEO) => Message({ to, type: 'chat', id: body }, Body({}, body))
const bodies = (device: Device) => device.take().map((stanza) => text(Body.in(stanza)))
const conditions = (device: Device) => device.take().map(errorCondition)
const module = (additions: Additions): ModuleDeclaration => ({
  key: 'mod_test',
  summary: 'A test.',
  specs: [],
  start: () => additions,
})

async function verona(t: Context, additions: Additions = {}, storage?: Database) {
  const scene = await story(t, {
    modules: [[messages], [module(additions)]],
    users: ['romeo', 'juliet'],
    ...(storage === undefined ? {} : { storage }),
  })
  return { scene, romeo: scene.device('romeo'), juliet: scene.device('juliet') }
}

/** A store whose commits wait until the test lets them succeed or fail. */
function slowStore() {
  const waiting: { writes: readonly Write[]; resolve: () => void; reject: (error: Error) => void }[] = []
  const commit = (writes: readonly Write[]) =>
    new Promise<void>((resolve, reject) => waiting.push({ writes, resolve, reject }))
  return { waiting, storage: { ...bind(memoryDatabase()), commit } }
}

function bind(database: Database): Database {
  return {
    commit: (w) => database.commit(w),
    query: (sql, ...params) => database.query(sql, ...params),
    close: () => database.close(),
  }
}

const WRITE: Write = { sql: 'SELECT 1', params: [] }
const keeping = {
  hooks: [
    userSend.on((delivery) => {
      if (text(Body.in(delivery.stanza)).startsWith('keep')) delivery.keep(WRITE)
      return undefined
    }),
  ],
}

describe('the path of a stanza', () => {
  it('is filtered on both sides, in order, and what filters make of it arrives', async (t) => {
    const add =
      (word: string) =>
      ({ stanza }: { stanza: Element }) =>
        stanza.withChildren([Body({}, `${text(Body.in(stanza))} ${word}`)])
    const { romeo, juliet } = await verona(t, { hooks: [userReceive.on(add('received')), userSend.on(add('sent'))] })
    await juliet.send(chat('hello'))
    assert.deepEqual(bodies(romeo), ['hello sent received'])
  })

  it('ends silently where a filter drops it', async (t) => {
    const { romeo, juliet } = await verona(t, { hooks: [userReceive.on(() => DROP)] })
    await juliet.send(chat('hello'))
    assert.deepEqual([romeo.take(), juliet.take()], [[], []])
  })

  it('leaves with its sender what that side keeps when the other side drops it, and nothing when the same side does', async (t) => {
    const written = new Map<string, number>()
    const memory = memoryDatabase()
    const storage = {
      ...bind(memory),
      commit: async (w: readonly Write[]) => void written.set(String(w[0]!.params[0]), w.length),
    }
    const done: string[] = []
    const { romeo, juliet } = await verona(
      t,
      {
        hooks: [
          userSend.on((delivery) => {
            delivery.keep({ sql: '', params: [text(Body.in(delivery.stanza))] })
            delivery.afterwards(() => void done.push(text(Body.in(delivery.stanza))))
            return undefined
          }),
          userSend.on(({ stanza }) => (text(Body.in(stanza)) === 'own' ? DROP : undefined), 'late'),
          userReceive.on(() => DROP),
        ],
      },
      storage,
    )
    await juliet.send(chat('own'))
    await juliet.send(chat('other'))
    assert.deepEqual([romeo.take(), juliet.take()], [[], []])
    assert.deepEqual([...written], [['other', 1]])
    assert.deepEqual(done, ['other'])
  })

  it('goes back with the error of a filter that refuses it', async (t) => {
    const refuse = () => {
      throw new StanzaError('cancel', 'not-acceptable')
    }
    const { romeo, juliet } = await verona(t, { hooks: [userReceive.on(refuse)] })
    await juliet.send(chat('hello'))
    assert.deepEqual([romeo.take(), conditions(juliet)], [[], ['not-acceptable']])
  })

  it('R24: a filter that breaks costs only that stanza', async (t) => {
    const breaks = ({ stanza }: { stanza: Element }) => {
      if (text(Body.in(stanza)) === 'bad') throw new TypeError('oops')
      return undefined
    }
    const { scene, romeo, juliet } = await verona(t, { hooks: [userSend.on(breaks)] })
    await juliet.send(chat('bad'))
    await juliet.send(chat('good'))
    assert.deepEqual([bodies(romeo), conditions(juliet)], [['good'], ['internal-server-error']])
    assert.equal(scene.host.counters.hookFailures, 1)
  })
})

describe('seen means stored', () => {
  it('nobody receives what is not committed, and nothing overtakes it', async (t) => {
    const { storage, waiting } = slowStore()
    const { romeo, juliet } = await verona(t, keeping, storage)
    await juliet.send(chat('keep 1'))
    await juliet.send(chat('light'))
    assert.deepEqual(romeo.take(), [])
    waiting[0]!.resolve()
    await settle()
    assert.deepEqual(bodies(romeo), ['keep 1', 'light'])
  })

  it('what goes to somebody else does not wait', async (t) => {
    const { storage } = slowStore()
    const { scene, romeo, juliet } = await verona(t, keeping, storage)
    const nurse = scene.connect('nurse')
    await juliet.send(chat('keep 1'))
    await juliet.send(chat('light', nurse.jid.toString()))
    assert.deepEqual([bodies(nurse), romeo.take()], [['light'], []])
  })

  it('a commit that fails delivers nothing and tells the sender to wait', async (t) => {
    const { storage, waiting } = slowStore()
    const { romeo, juliet } = await verona(t, keeping, storage)
    await juliet.send(chat('keep 1'))
    await juliet.send(chat('keep 2'))
    waiting[0]!.reject(new Error('disk full'))
    waiting[1]!.resolve()
    await settle()
    assert.deepEqual(bodies(romeo), ['keep 2'])
    assert.deepEqual(conditions(juliet), ['internal-server-error'])
  })

  it('a commit that fails is reported once', async (t) => {
    const { storage, waiting } = slowStore()
    const { scene, juliet } = await verona(t, keeping, storage)
    await juliet.send(chat('keep 1'))
    waiting[0]!.reject(new Error('disk full'))
    await settle()
    assert.deepEqual([scene.host.counters.commitsFailed, scene.kernel.counters.unexpectedErrors], [1, 1])
  })

  it('S46: what waited for its commit reaches the session that has taken over the address', async (t) => {
    const { storage, waiting } = slowStore()
    const { scene, romeo, juliet } = await verona(t, keeping, storage)
    await juliet.send(chat('keep 1'))
    const again = scene.connect('romeo')
    waiting[0]!.resolve()
    await settle()
    assert.deepEqual([romeo.take(), bodies(again)], [[], ['keep 1']])
  })

  it('a message whose recipient leaves while it waits for its commit is treated as one for nobody', async (t) => {
    const { storage, waiting } = slowStore()
    const kept: string[] = []
    const keepsSome = messageUndelivered.on(({ stanza }) => {
      const words = text(Body.in(stanza))
      if (words !== 'keep 1') return undefined
      kept.push(words)
      return true
    })
    const { romeo, juliet } = await verona(t, { hooks: [...keeping.hooks, keepsSome] }, storage)
    await juliet.send(chat('keep 1'))
    await juliet.send(chat('keep 2'))
    await romeo.disconnect()
    for (const { resolve } of waiting) resolve()
    await settle()
    assert.deepEqual([romeo.take(), kept, conditions(juliet)], [[], ['keep 1'], ['service-unavailable']])
    assert.equal(waiting.length, 2, 'filters did not see the messages again')
  })

  it('what a presence for the server or for nobody leaves behind is stored', async (t) => {
    const { storage, waiting } = slowStore()
    const keepAll = userSend.on((delivery) => {
      delivery.keep(WRITE)
      return undefined
    })
    const { juliet } = await verona(t, { hooks: [keepAll] }, storage)
    await juliet.send(Presence({ to: 'example.com' }))
    await juliet.send(Presence({ to: 'nobody@example.com' }))
    assert.equal(waiting.length, 2)
  })

  it('a sender with too much in line waits', async (t) => {
    const { storage, waiting } = slowStore()
    const { scene, juliet } = await verona(t, keeping, storage)
    const { router } = scene.kernel
    const send = (i: number) =>
      router.receive(juliet.session, chat(`keep ${i}`).with({ from: juliet.jid }), makeJid('romeo', 'example.com', '1'))
    let sent = 0
    while (send(sent) === undefined) assert.ok(++sent < 1000)
    assert.equal(waiting.length, sent + 1)
  })

  it('an API call resolves only when the message is stored and handed over', async (t) => {
    const { storage, waiting } = slowStore()
    const { scene, romeo, juliet } = await verona(t, keeping, storage)
    let done = false
    const submitted = scene.kernel.router
      .submit(chat('keep 1'), juliet.jid.bare, romeo.jid, 'api')
      .then(() => (done = true))
    await settle()
    assert.equal(done, false)
    waiting[0]!.resolve()
    await submitted
    assert.deepEqual(bodies(romeo), ['keep 1'])
  })
})

describe('R20: a server that stops waits for what is on its way', () => {
  /** Whether a promise has resolved by now, and with what. */
  const now = async <T>(promise: Promise<T>): Promise<T | 'waits'> => {
    await settle()
    return Promise.race([promise, Promise.resolve('waits' as const)])
  }

  it('R20: in a filter, from clients and from the API', async (t) => {
    const held: (() => void)[] = []
    const waits = userReceive.on(() => new Promise<undefined>((resolve) => void held.push(() => resolve(undefined))))
    const { scene, romeo, juliet } = await verona(t, { hooks: [waits] })
    const { router } = scene.kernel
    assert.equal(await now(router.idle(5)), true)
    void juliet.send(chat('of a client'))
    void router.submit(chat('of the API'), juliet.jid.bare, romeo.jid, 'api')
    await settle()
    const idle = router.idle(5)
    assert.equal(await now(idle), 'waits')
    held[0]!()
    assert.equal(await now(idle), 'waits')
    held[1]!()
    assert.equal(await now(idle), true)
    assert.deepEqual(bodies(romeo), ['of a client', 'of the API'])
    assert.equal(scene.kernel.timers.size, 0)
  })

  it('R20: in line for a commit', async (t) => {
    const { storage, waiting } = slowStore()
    const { scene, romeo, juliet } = await verona(t, keeping, storage)
    await juliet.send(chat('keep this'))
    const idle = scene.kernel.router.idle(5)
    assert.equal(await now(idle), 'waits')
    waiting[0]!.resolve()
    assert.equal(await now(idle), true)
    assert.deepEqual(bodies(romeo), ['keep this'])
  })

  it('R20: no longer than it was told, when a filter never settles', async (t) => {
    const never = userReceive.on(() => new Promise<undefined>(() => undefined))
    const { scene, juliet } = await verona(t, { hooks: [never] })
    void juliet.send(chat('hello'))
    const idle = scene.kernel.router.idle(5)
    await scene.wait(4)
    assert.equal(await now(idle), 'waits')
    await scene.wait(2)
    assert.equal(await now(idle), false)
  })
})

describe('RFC 6120 §8.2.3: IQs', () => {
  const empty = {
    iq: [iqGet(Ping, (iq) => iq.with({ type: 'result' })), iqSet(Ping, () => Promise.reject(new Error('oops')))],
  }

  it('a request without exactly one child is a bad request', async (t) => {
    const { juliet } = await verona(t, empty)
    const ask = async (...children: Element[]) =>
      errorCondition(await juliet.request(Iq({ type: 'get', to: 'example.com' }, ...children)))
    assert.equal(await ask(), 'bad-request')
    assert.equal(await ask(Ping(), Ping()), 'bad-request')
    assert.equal(await ask(Body()), 'service-unavailable')
  })

  it('a handler that breaks is answered for, with internal-server-error', async (t) => {
    const { juliet } = await verona(t, empty)
    const answer = await juliet.request(Iq({ type: 'set', to: 'example.com' }, Ping()))
    assert.equal(errorCondition(answer), 'internal-server-error')
  })

  it('S58: an answer that nobody waits for, or from the wrong address, changes nothing', async (t) => {
    const { scene, romeo, juliet } = await verona(t)
    const answer = scene.host.request(juliet.session, Iq({ type: 'get' }, Ping()), 10)
    const id = juliet.take()[0]!.attr('id')
    await romeo.send(Iq({ type: 'result', id, to: 'example.com' }))
    await juliet.send(Iq({ type: 'result', id: 'other', to: 'example.com' }))
    let settled = false
    void answer.then(() => (settled = true))
    await settle()
    assert.equal(settled, false)
    await juliet.send(Iq({ type: 'result', id, to: 'example.com' }))
    assert.equal((await answer).attr('type'), 'result')
  })

  it('S59: an error is never answered with an error', async (t) => {
    const { juliet } = await verona(t)
    await juliet.send(Iq({ type: 'error', id: 'e1', to: 'nobody@example.com/x' }))
    await juliet.send(Message({ type: 'error', to: 'elsewhere.example' }))
    assert.deepEqual(juliet.take(), [])
  })

  it('S17: a domain that is not served', async (t) => {
    const { juliet } = await verona(t)
    await juliet.send(chat('hello', 'romeo@elsewhere.example'))
    assert.deepEqual(conditions(juliet), ['remote-server-not-found'])
  })

  it('RFC 6120 §10.4: what is for domains elsewhere goes to whoever takes it there, and what comes from there is routed', async (t) => {
    const { scene, romeo, juliet } = await verona(t)
    const left: string[] = []
    scene.kernel.hosts.elsewhere = ({ to, stanza }) => void left.push(`${to.toString()} ${text(Body.in(stanza))}`)
    await juliet.send(chat('hello', 'nurse@elsewhere.example'))
    assert.deepEqual(left, ['nurse@elsewhere.example hello'])
    const [nurse, to] = [makeJid('nurse', 'elsewhere.example'), romeo.jid]
    await scene.kernel.router.enter(chat('good morrow').with({ from: nurse, to }), nurse, to, 's2s')
    assert.deepEqual(bodies(romeo), ['good morrow'])
  })
})

describe('RFC 6120 §7.7.2.2: sessions', () => {
  it('a session ends once, also when a listener ends it again', async (t) => {
    let ended = 0
    const again = sessionClosed.on((session) => {
      ended++
      scene.kernel.endSession(session, 'again')
    })
    const { scene, juliet } = await verona(t, { hooks: [again] })
    await juliet.disconnect()
    assert.deepEqual([ended, scene.host.counters.sessionsClosed], [1, 1])
  })

  it('S46: a new session takes the address of the old one, which is closed with conflict', async (t) => {
    const { scene, juliet, romeo } = await verona(t)
    const again = scene.connect('juliet')
    assert.equal(juliet.closedWith?.condition, 'conflict')
    await romeo.send(chat('hello', 'juliet@example.com/1'))
    assert.deepEqual([juliet.take(), bodies(again)], [[], ['hello']])
  })

  it('S47: the oldest session goes when a user has too many', async (t) => {
    const scene = await story(t, {
      modules: [],
      users: ['mercutio/1', 'mercutio/2', 'mercutio/3'],
      access: { max_user_sessions: 2 },
    })
    assert.deepEqual(
      ['mercutio/1', 'mercutio/2', 'mercutio/3'].map((name) => scene.device(name).closedWith?.condition),
      ['conflict', undefined, undefined],
    )
    assert.equal(scene.kernel.directory.size, 2)
  })
})
