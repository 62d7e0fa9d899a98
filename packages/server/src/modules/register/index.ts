/** XEP-0077: In-Band Registration, before login and on a session. */
import { LRUCache } from 'lru-cache'
import {
  Body,
  type Jid,
  JidError,
  Message,
  RegisterFeature,
  RegisterQuery,
  type Registration,
  StanzaError,
  StreamError,
  Subject,
  buildRegister,
  makeJid,
  parseJid,
  parseRegister,
  result,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import {
  AccountError,
  type Host,
  type IqRequest,
  type Stranger,
  type Values,
  accountRegistered,
  accountRemoved,
  defineModule,
  featuresBeforeLogin,
  generalKey,
  integer,
  iqGet,
  iqSet,
  iqdisc,
  jid,
  list,
  oneOf,
  requestBeforeLogin,
  required,
  section,
  tables,
  text,
  xep,
} from '../../core/module.ts'
import { ipRules } from './ip-rules.ts'
import { passwordEntropy } from './password-strength.ts'

const settings = {
  access: text('all', 'The access rule that says which names may be registered.'),
  welcome_message: section(
    { subject: text('', 'Its subject.'), body: text('', 'Its text.') },
    'A message to new users; none when both are empty.',
  ),
  registration_watchers: list(jid(), [], 'Who is told of new users.'),
  password_strength: integer(0, 'The least entropy of a password, in bits.'),
  ip_access: tables(
    {
      address: required(text(undefined, 'An address or a network.')),
      policy: required(oneOf(['allow', 'deny'], undefined, 'Whether clients there may register.')),
    },
    'Who may register by address; the first entry that fits decides.',
  ),
  iqdisc,
}

const INSTRUCTIONS = 'Choose a username and password to register with this server'
/** Addresses remembered for `general.registration_timeout`. */
const REMEMBERED_ADDRESSES = 10_000

export default defineModule({
  key: 'mod_register',
  summary: 'Lets clients make, change and remove accounts.',
  specs: [xep(77, '2.4')],
  config: settings,

  start(host, config) {
    const registrar = new Registrar(host, config)
    return {
      features: [RegisterQuery.ns],
      iq: [
        iqGet(RegisterQuery, (iq, request) => result(iq, form(request.from.local)), ['server']),
        iqSet(RegisterQuery, (iq, request) => registrar.change(iq, request), ['server']),
      ],
      hooks: [
        featuresBeforeLogin.on((features) => [...features, RegisterFeature()]),
        requestBeforeLogin.on((iq, stranger) =>
          RegisterQuery.in(iq) ? registrar.beforeLogin(iq, stranger) : undefined,
        ),
      ],
    }
  },
})

/** XEP-0077 §3.1: the fields that are asked for; for a user, the one that is there. */
function form(username?: string): Element {
  if (username !== undefined)
    return buildRegister({
      registered: true,
      fields: new Map([
        ['username', username],
        ['password', ''],
      ]),
    })
  return buildRegister({
    instructions: INSTRUCTIONS,
    fields: new Map([
      ['username', ''],
      ['password', ''],
    ]),
  })
}

class Registrar {
  readonly #host: Host
  readonly #config: Values<typeof settings>
  readonly #mayRegister: (ip: string) => boolean
  /** Addresses that have registered an account a short while ago (S44). */
  readonly #recent: LRUCache<string, true>
  readonly #limited: boolean

  constructor(host: Host, config: Values<typeof settings>) {
    this.#host = host
    this.#config = config
    this.#mayRegister = ipRules(config.ip_access)
    const { registration_timeout: timeout } = host.shared(generalKey)
    // "infinity" switches the limit off: nobody is remembered.
    this.#limited = timeout !== Infinity
    const ttl = this.#limited ? timeout * 1000 : 1
    this.#recent = new LRUCache({ max: REMEMBERED_ADDRESSES, ttl, perf: { now: () => host.clock.monotonic() } })
  }

  /** Answers a client that has not logged in. */
  async beforeLogin(iq: Element, { domain, ip }: Stranger): Promise<Element> {
    if (iq.attr('type') === 'get') return result(iq, form())
    const { fields, remove } = parseRegister(RegisterQuery.in(iq)!)
    if (remove) throw new StanzaError('auth', 'forbidden')
    const { user, password } = credentials(fields, domain)
    this.#admit(user, ip)
    if (this.#limited) this.#recent.set(ip, true)
    try {
      await this.#register(user, password)
    } catch (error) {
      this.#recent.delete(ip)
      throw error
    }
    await this.#welcome(user, ip)
    return result(iq)
  }

  /** XEP-0077 §3.2 and §3.3: a user removes the account or changes its password. */
  async change(iq: Element, { from, to }: IqRequest): Promise<Element> {
    if (!this.#host.serves(from.domain) || from.domain !== to.domain) throw new StanzaError('auth', 'forbidden')
    const { fields, remove } = parseRegister(RegisterQuery.in(iq)!)
    if (remove) return this.#remove(iq, from.bare, fields)
    const { user, password } = credentials(fields, from.domain)
    // A session registers nobody but changes its own password.
    if (!user.equals(from.bare)) throw new StanzaError('cancel', 'not-allowed')
    this.#checkStrength(password)
    await attempt(this.#host.accounts.setPassword(user, password))
    return result(iq)
  }

  async #remove(iq: Element, user: Jid, fields: Registration['fields']): Promise<Element> {
    // XEP-0077 §3.2: nothing besides <remove/>
    if (fields.size > 0) throw new StanzaError('modify', 'bad-request')
    const writes = await this.#host.hooks.fold(accountRemoved, [], user)
    await this.#host.accounts.remove(user, writes)
    // The answer goes out before the sessions are closed.
    this.#host.after(0, () => {
      for (const { local } of this.#host.directory.of(user))
        local?.connection.close(new StreamError('not-authorized', 'User removed'))
    })
    return result(iq)
  }

  #admit(user: Jid, ip: string): void {
    const allowed = this.#host.access(this.#config.access, user, user.domain) !== 'deny' && this.#mayRegister(ip)
    if (!allowed) throw new StanzaError('auth', 'forbidden')
    if (this.#recent.has(ip))
      throw new StanzaError('wait', 'resource-constraint', 'Users are not allowed to register accounts so quickly')
  }

  #checkStrength(password: string): void {
    if (password === '') throw new StanzaError('modify', 'bad-request')
    if (passwordEntropy(password) < this.#config.password_strength)
      throw new StanzaError('modify', 'not-acceptable', 'The password is too weak')
  }

  async #register(user: Jid, password: string): Promise<void> {
    this.#checkStrength(password)
    await attempt(this.#host.accounts.register(user, password))
    await this.#host.hooks.notify(accountRegistered, user)
  }

  async #welcome(user: Jid, ip: string): Promise<void> {
    const server = parseJid(user.domain)
    const { subject, body } = this.#config.welcome_message
    if (subject !== '' || body !== '')
      await this.#host.send(Message({ type: 'normal' }, Subject({}, subject), Body({}, body)), server, user)
    const news = `The user ${user} has just registered from ${ip}`
    for (const watcher of this.#config.registration_watchers)
      await this.#host.send(Message({ type: 'chat' }, Body({}, news)), server, parseJid(watcher))
  }
}

function credentials(fields: Registration['fields'], domain: string): { user: Jid; password: string } {
  const username = fields.get('username') ?? ''
  const password = fields.get('password') ?? ''
  // XEP-0077 §3.1: both are required
  if (username === '' || password === '') throw new StanzaError('modify', 'bad-request')
  try {
    return { user: makeJid(username, domain), password }
  } catch (error) {
    if (error instanceof JidError) throw new StanzaError('modify', 'jid-malformed', error.message)
    throw error
  }
}

/** Turns what an account method says into what XEP-0077 §3.1.1 says. */
async function attempt(change: Promise<void>): Promise<void> {
  try {
    await change
  } catch (error) {
    if (!(error instanceof AccountError)) throw error
    if (error.problem === 'exists') throw new StanzaError('cancel', 'conflict')
    throw new StanzaError('cancel', error.problem === 'not_found' ? 'item-not-found' : 'not-allowed', error.message)
  }
}
