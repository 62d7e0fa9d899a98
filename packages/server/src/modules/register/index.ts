/** XEP-0077: In-Band Registration, before login and on a session. */
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
  formatDateTime,
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
import { Budget } from './budget.ts'
import { addressSetting, ipRules } from './ip-rules.ts'
import { passwordEntropy } from './password-strength.ts'

const settings = {
  access: text('all', 'The access rule that says which names may be registered.'),
  welcome_message: section(
    { subject: text('', 'Its subject.'), body: text('', 'Its text.') },
    'A message to new users; none when both are empty.',
  ),
  registration_watchers: list(jid(), [], 'Who is told of new users.'),
  password_strength: integer(0, 'The least entropy of a password, in bits.', { min: 0 }),
  ip_access: tables(
    {
      address: required(addressSetting('An address or a network.')),
      policy: required(oneOf(['allow', 'deny'], undefined, 'Whether clients there may register.')),
    },
    'Who may register by address; the first entry that fits decides.',
  ),
  iqdisc,
}

const INSTRUCTIONS = 'Choose a username and password to register with this server'

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
        iqGet(RegisterQuery, (iq, { from }) => result(iq, form(host.serves(from.domain) ? from.local : undefined))),
        iqSet(RegisterQuery, (iq, request) => registrar.change(iq, request)),
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
  const fields = new Map([
    ['username', username ?? ''],
    ['password', ''],
  ])
  return buildRegister({ instructions: INSTRUCTIONS, registered: username !== undefined, fields })
}

class Registrar {
  readonly #host: Host
  readonly #config: Values<typeof settings>
  readonly #mayRegister: (ip: string) => boolean
  readonly #budget: Budget

  constructor(host: Host, config: Values<typeof settings>) {
    this.#host = host
    this.#config = config
    this.#mayRegister = ipRules(config.ip_access)
    this.#budget = new Budget(host.shared(generalKey).registration_timeout, host.clock)
  }

  /** Answers a client that has not logged in. */
  async beforeLogin(iq: Element, { domain, ip }: Stranger): Promise<Element> {
    if (iq.attr('type') === 'get') return result(iq, form())
    const { fields, remove } = parseRegister(RegisterQuery.in(iq)!)
    // XEP-0077 §3.2 and §3.3: nobody is known here yet
    if (remove) throw new StanzaError('cancel', 'unexpected-request')
    // XEP-0077 §3.1
    const { user, password } = credentials(fields, domain, 'not-acceptable')
    this.#admit(user, ip)
    await this.#budget.spend(ip, () => this.#register(user, password))
    // The account is there, whatever becomes of the words about it.
    await this.#welcome(user, ip).catch((error: unknown) => this.#host.report('welcome_failed', error))
    return result(iq)
  }

  /** XEP-0077 §3.2 and §3.3: a user removes the account or changes its password. */
  async change(iq: Element, { from, to }: IqRequest): Promise<Element> {
    const isOwn = from.domain === to.domain && (to.local === '' || to.equals(from.bare))
    if (!isOwn || !this.#host.serves(from.domain)) throw new StanzaError('auth', 'forbidden')
    const { fields, remove } = parseRegister(RegisterQuery.in(iq)!)
    const may = this.#host.access(this.#config.access, from.bare, from.domain) !== 'deny'
    if (remove && !may) throw new StanzaError('cancel', 'not-allowed')
    if (remove) return this.#remove(iq, from.bare, fields)
    if (!may) throw new StanzaError('auth', 'forbidden')
    const { user, password } = credentials(fields, from.domain, 'bad-request')
    // A session registers nobody but changes its own password.
    if (!user.equals(from.bare)) throw new StanzaError('cancel', 'not-allowed')
    this.#checkStrength(password)
    await attempt(this.#host.accounts.setPassword(user, password))
    return result(iq)
  }

  async #remove(iq: Element, user: Jid, fields: Registration['fields']): Promise<Element> {
    // XEP-0077 §3.2: nothing besides <remove/>
    if (fields.size > 0) throw new StanzaError('modify', 'bad-request')
    // XEP-0077 §3.2: such as a guest
    if (!(await this.#host.removeAccount(user))) throw new StanzaError('auth', 'registration-required')
    // The answer goes out before the sessions are closed.
    this.#host.after(0, () => {
      const error = new StreamError('not-authorized', 'User removed')
      for (const entry of this.#host.directory.of(user))
        if (entry.local === undefined) void this.#host.endEntry(entry, 'User removed', error)
        else entry.local.connection.close(error)
    })
    return result(iq)
  }

  #admit(user: Jid, ip: string): void {
    const allowed = this.#host.access(this.#config.access, user, user.domain) !== 'deny' && this.#mayRegister(ip)
    if (!allowed) throw new StanzaError('auth', 'forbidden')
  }

  #checkStrength(password: string): void {
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
    const now = formatDateTime(this.#host.clock.now() * 1000, 0)
    const where = `from IP address ${ip} on node ${this.#host.node}`
    const news = `[${now}] The account ${user} was registered ${where} using mod_register.`
    for (const watcher of this.#config.registration_watchers)
      await this.#host.send(Message({ type: 'chat' }, Body({}, news)), server, parseJid(watcher))
  }
}

function credentials(
  fields: Registration['fields'],
  domain: string,
  incomplete: 'bad-request' | 'not-acceptable',
): { user: Jid; password: string } {
  const username = fields.get('username') ?? ''
  const password = fields.get('password') ?? ''
  if (username === '' || password === '')
    throw new StanzaError('modify', incomplete, 'Both a username and a password are needed.')
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
