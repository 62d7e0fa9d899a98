import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  AMP_NS,
  Amp,
  Body,
  DiscoInfo,
  Iq,
  Message,
  Presence,
  Priority,
  errorCondition,
  parseAmpTold,
  parseDiscoInfo,
} from '@meerkat/protocol'
import { type Element, tag, text } from '@meerkat/xml'
import { type ModuleDeclaration, maySeePresence, streamFeatures, userReceive } from '../../core/module.ts'
import { StanzaError } from '@meerkat/protocol'
import { DOMAIN, type Device, type Story, story } from '../../testing/story.ts'
import disco from '../disco.ts'
import mam from '../mam/index.ts'
import messages from '../messages.ts'
import offline from '../offline/index.ts'
import presence from '../presence/index.ts'
import amp from './index.ts'

const FRANCISCO = `francisco@${DOMAIN}`
type Rule = readonly [condition: string, value: string, action: string]
type Modules = Parameters<typeof story>[1]['modules']

const RuleTag = tag(AMP_NS, 'rule')
const ruled = (to: string, ...rules: readonly Rule[]): Element =>
  Message(
    { to, type: 'chat', id: 'chatty2' },
    Body({}, "Who's there?"),
    Amp({}, ...rules.map(([condition, value, action]) => RuleTag({ condition, value, action }))),
  )

/** Bernardo writes; Francisco is away until he is connected. */
async function elsinore(t: Parameters<typeof story>[0], modules: Modules = [], section: Record<string, unknown> = {}) {
  const scene = await story(t, {
    modules: [[messages], [presence], [amp, section], ...modules],
    users: ['bernardo/elsinore'],
    absent: ['francisco'],
    access: { max_user_offline_messages: 1, mam_lookup_messages: 'default' },
  })
  return { scene, bernardo: scene.device('bernardo/elsinore') }
}

async function francisco(scene: Story, resource = 'wall'): Promise<Device> {
  const device = scene.connect(`francisco/${resource}`)
  await device.send(Presence({}, Priority({}, '0')))
  device.take()
  return device
}

/** What Bernardo is told, in short: `notify deliver stored`, `failed-rules …`, or the condition of a plain error. */
function told(device: Device): string[] {
  return device.take().map((stanza) => {
    const known = parseAmpTold(stanza)
    if (known === undefined) return errorCondition(stanza) ?? 'a message'
    assert.deepEqual([stanza.attr('from'), stanza.attr('id')], [DOMAIN, 'chatty2'])
    const rules = known.rules.map(({ condition, value }) => `${condition} ${value}`)
    return [known.fault ?? known.status, ...rules].join(' ')
  })
}

const bodies = (device: Device) =>
  device.take().flatMap((stanza) => (stanza.name === 'message' ? [text(Body.in(stanza))] : []))
const kept = ({ host }: Story) => host.stores.log('offline').count(FRANCISCO)

describe('XEP-0079 §2.1: discovery', () => {
  it('the server tells the feature, and what it follows of it', async (t) => {
    const { scene, bernardo } = await elsinore(t, [[disco]])
    const ask = async (node?: string) => {
      const answer = await bernardo.request(Iq({ type: 'get', to: DOMAIN }, DiscoInfo({ node })))
      return parseDiscoInfo(DiscoInfo.in(answer)!).features
    }
    assert.ok((await ask()).includes(AMP_NS))
    assert.deepEqual(await ask(AMP_NS), [
      AMP_NS,
      `${AMP_NS}?action=drop`,
      `${AMP_NS}?action=notify`,
      `${AMP_NS}?action=error`,
      `${AMP_NS}?condition=deliver`,
      `${AMP_NS}?condition=match-resource`,
    ])
    const [feature] = await scene.host.hooks.fold(streamFeatures, [], DOMAIN)
    assert.deepEqual([feature?.name, feature?.ns], ['amp', 'http://jabber.org/features/amp'])
  })
})

describe('XEP-0079 §2.2.1: rules that are refused', () => {
  it('all that nobody knows, together; the message goes nowhere', async (t) => {
    const { scene, bernardo } = await elsinore(t, [[offline]])
    await bernardo.send(
      ruled(FRANCISCO, ['broken', 'rule', 'x'], ['deliver', 'none', 'notify'], ['deliver', 'x', 'drop']),
    )
    assert.deepEqual(told(bernardo), ['invalid-rules broken rule deliver x'])
    assert.equal(await kept(scene), 0)
  })

  it('MongooseIM: alert and expire-at are not followed', async (t) => {
    const { scene, bernardo } = await elsinore(t, [[offline]])
    await bernardo.send(ruled(FRANCISCO, ['deliver', 'direct', 'notify'], ['deliver', 'direct', 'alert']))
    await bernardo.send(ruled(FRANCISCO, ['expire-at', '2004-01-01T00:00:00Z', 'drop']))
    assert.deepEqual(told(bernardo), [
      'unsupported-actions deliver direct',
      'unsupported-conditions expire-at 2004-01-01T00:00:00Z',
    ])
    assert.equal(await kept(scene), 0)
  })

  it('§9: of strangers, when only contacts may have rules', async (t) => {
    const friends: ModuleDeclaration = {
      key: 'mod_friends',
      summary: "Marcellus is everybody's friend.",
      specs: [],
      start: () => ({ hooks: [maySeePresence.on((_user, contact) => contact.local === 'marcellus')] }),
    }
    const { scene, bernardo } = await elsinore(t, [[offline], [friends]], { only_contacts: true })
    const rule: Rule = ['deliver', 'stored', 'notify']
    await bernardo.send(ruled(FRANCISCO, rule))
    assert.deepEqual(told(bernardo), ['invalid-rules deliver stored'])
    const marcellus = scene.connect('marcellus/elsinore')
    await marcellus.send(ruled(FRANCISCO, rule))
    assert.deepEqual(told(marcellus), ['notify deliver stored'])
  })
})

describe('XEP-0079 §3.3.1: deliver', () => {
  it('direct, notify: once the message is with a device, by full and by bare JID', async (t) => {
    const { scene, bernardo } = await elsinore(t, [[offline]])
    const device = await francisco(scene)
    for (const to of [FRANCISCO, `${FRANCISCO}/wall`]) {
      await bernardo.send(ruled(to, ['deliver', 'direct', 'notify']))
      const [received] = device.take()
      assert.equal(text(Body.in(received!)), "Who's there?")
      assert.equal(Amp.in(received!), undefined)
      const notice = bernardo.received[0]!
      assert.deepEqual([Amp.in(notice)?.attr('from'), Amp.in(notice)?.attr('to')], [`${bernardo.jid}`, to])
      assert.deepEqual(told(bernardo), ['notify deliver direct'])
    }
  })

  it('direct, error and drop: the message is not delivered', async (t) => {
    const { scene, bernardo } = await elsinore(t, [[mam, { pm: {} }]])
    const device = await francisco(scene)
    await bernardo.send(ruled(FRANCISCO, ['deliver', 'direct', 'error']))
    assert.deepEqual(told(bernardo), ['failed-rules deliver direct'])
    await bernardo.send(ruled(FRANCISCO, ['deliver', 'direct', 'drop']))
    assert.deepEqual([told(bernardo), bodies(device)], [[], []])
    const rows = await scene.host.storage.query<{ n: number }>('SELECT count(*) AS n FROM mam_message')
    assert.deepEqual(rows, [{ n: 0 }])
  })

  it('stored, notify: when the message is stored until the user is back', async (t) => {
    const { scene, bernardo } = await elsinore(t, [[offline]])
    await bernardo.send(ruled(FRANCISCO, ['deliver', 'stored', 'notify']))
    assert.deepEqual(told(bernardo), ['notify deliver stored'])
    const device = scene.connect('francisco/wall')
    await device.send(Presence())
    assert.deepEqual(bodies(device), ["Who's there?"])
    assert.deepEqual(told(bernardo), [])
  })

  it('stored, notify: when only the archive has it, whatever else the sender is told', async (t) => {
    const { bernardo } = await elsinore(t, [[mam, { pm: {} }]])
    await bernardo.send(ruled(FRANCISCO, ['deliver', 'stored', 'notify'], ['deliver', 'none', 'notify']))
    assert.deepEqual(told(bernardo), ['notify deliver stored', 'service-unavailable'])
  })

  it('stored, error and drop: nothing is stored, neither for later nor in an archive (§5.3)', async (t) => {
    for (const storage of [[offline], [mam, { pm: {} }]] as const) {
      const { scene, bernardo } = await elsinore(t, [storage])
      await bernardo.send(ruled(FRANCISCO, ['deliver', 'stored', 'drop']))
      assert.deepEqual(told(bernardo), [])
      await bernardo.send(ruled(FRANCISCO, ['deliver', 'stored', 'error']))
      assert.deepEqual(told(bernardo), ['failed-rules deliver stored'])
      const rows = await scene.host.storage.query<{ n: number }>('SELECT count(*) AS n FROM mam_message')
      assert.deepEqual([await kept(scene), rows], [0, [{ n: 0 }]])
    }
  })

  it('none: when nobody takes it', async (t) => {
    const { bernardo } = await elsinore(t)
    const outcome = async (action: string, to = FRANCISCO) => {
      await bernardo.send(ruled(to, ['deliver', 'none', action]))
      return told(bernardo)
    }
    for (const to of [FRANCISCO, `stranger@${DOMAIN}`]) {
      assert.deepEqual(await outcome('notify', to), ['notify deliver none', 'service-unavailable'])
      assert.deepEqual(await outcome('error', to), ['failed-rules deliver none'])
      assert.deepEqual(await outcome('drop', to), [])
    }
    assert.deepEqual(await outcome('notify', 'stranger@unknown.domain'), [
      'notify deliver none',
      'remote-server-not-found',
    ])
  })

  it('none: when the mailbox is full, or a filter of the recipient refuses it', async (t) => {
    const wary: ModuleDeclaration = {
      key: 'mod_wary',
      summary: 'Refuses what is for the platform.',
      specs: [],
      start: () => ({
        hooks: [
          userReceive.on(({ to }) => {
            if (to.resource === 'platform') throw new StanzaError('cancel', 'service-unavailable')
            return undefined
          }),
        ],
      }),
    }
    const { scene, bernardo } = await elsinore(t, [[offline], [mam, { pm: {} }], [wary]])
    const both: readonly Rule[] = [
      ['deliver', 'stored', 'notify'],
      ['deliver', 'none', 'notify'],
    ]
    await bernardo.send(ruled(FRANCISCO, ...both))
    await bernardo.send(ruled(FRANCISCO, ...both))
    assert.deepEqual(told(bernardo), ['notify deliver stored', 'notify deliver none', 'resource-constraint'])
    await francisco(scene, 'platform')
    await bernardo.send(ruled(`${FRANCISCO}/platform`, ...both))
    assert.deepEqual(told(bernardo), ['notify deliver none', 'service-unavailable'])
  })

  it('§2.2.3: the first rule that is met counts', async (t) => {
    const { scene, bernardo } = await elsinore(t, [[offline]])
    const device = await francisco(scene)
    await bernardo.send(
      ruled(FRANCISCO, ['deliver', 'none', 'error'], ['deliver', 'stored', 'error'], ['deliver', 'direct', 'notify']),
    )
    assert.deepEqual([told(bernardo), bodies(device)], [['notify deliver direct'], ["Who's there?"]])
    await bernardo.send(ruled(FRANCISCO, ['deliver', 'direct', 'drop'], ['deliver', 'direct', 'error']))
    assert.deepEqual([told(bernardo), bodies(device)], [[], []])
  })
})

describe('XEP-0079 §3.3.3: match-resource', () => {
  it('any, exact and other', async (t) => {
    const { scene, bernardo } = await elsinore(t)
    const outcome = async (to: string, value: string) => {
      await bernardo.send(ruled(to, ['match-resource', value, 'notify']))
      return told(bernardo).filter((words) => words !== 'service-unavailable').length
    }
    const matrix = async (to: string) => [
      await outcome(to, 'any'),
      await outcome(to, 'exact'),
      await outcome(to, 'other'),
    ]
    assert.deepEqual(await matrix(`${FRANCISCO}/wall`), [0, 0, 0])
    await francisco(scene)
    assert.deepEqual(await matrix(`${FRANCISCO}/wall`), [1, 1, 0])
    assert.deepEqual(await matrix(`${FRANCISCO}/platform`), [1, 0, 1])
    assert.deepEqual(await matrix(FRANCISCO), [1, 0, 1])
  })

  it('error keeps the message from a resource that was not meant', async (t) => {
    const { scene, bernardo } = await elsinore(t)
    const device = await francisco(scene)
    await bernardo.send(ruled(`${FRANCISCO}/platform`, ['match-resource', 'other', 'error']))
    assert.deepEqual([told(bernardo), bodies(device)], [['failed-rules match-resource other'], []])
  })
})

describe('messages without rules', () => {
  it('are none of its business, nor is what tells of rules', async (t) => {
    const { scene, bernardo } = await elsinore(t)
    const device = await francisco(scene)
    await bernardo.send(Message({ to: FRANCISCO, type: 'chat' }, Body({}, 'hey')))
    const notice = Message({ to: FRANCISCO, type: 'chat' }, Amp({ status: 'notify' }, RuleTag({ condition: 'x' })))
    await bernardo.send(notice)
    const [plain, passed] = device.take()
    assert.equal(text(Body.in(plain!)), 'hey')
    assert.ok(Amp.in(passed!))
    assert.deepEqual(told(bernardo), [])
  })
})
