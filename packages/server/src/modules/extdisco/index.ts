/** XEP-0215: External Service Discovery: relays for calls and the like, with credentials where they need some. */
import { createHmac } from 'node:crypto'
import {
  EXTDISCO_NS,
  ExternalCredentials,
  type ExternalService,
  ExternalServiceTag,
  ExternalServices,
  StanzaError,
  buildExternalCredentials,
  buildExternalServices,
  result,
} from '@meerkat/protocol'
import type { Element } from '@meerkat/xml'
import {
  type Host,
  type IqHandler,
  type Setting,
  type Value,
  defineModule,
  iqGet,
  iqdiscOf,
  oneOf,
  port,
  required,
  seconds,
  secret,
  tables,
  text,
  xep,
} from '../../core/module.ts'
import { provideExternalServices } from './api.ts'

const service = tables(
  {
    type: required(text(undefined, 'The kind of service: `stun`, `turn`, `ftp` …', { nonEmpty: true })),
    host: required(text(undefined, 'Its host name or address.', { nonEmpty: true })),
    port: port(undefined, 'Its port.'),
    transport: oneOf(['udp', 'tcp'], undefined, 'The transport that it uses.'),
    username: text(undefined, 'A name that everybody uses there.'),
    password: secret(undefined, 'The password for that name.'),
    secret: secret(
      undefined,
      'What a TURN server shares with this one: each request gets a name and a password of its own, for a while.',
    ),
    credentials_lifetime: seconds(3600, 'How long credentials made with `secret` are good.'),
  },
  'The services.',
)

type Configured = Value<typeof service>[number]

export default defineModule({
  key: 'mod_extdisco',
  summary: 'Tells clients of services outside of XMPP: STUN and TURN servers for calls.',
  specs: [xep(215, '1.0.0')],
  config: { service: eitherSecretOrName(service), iqdisc: iqdiscOf('no_queue') },

  start(host, config) {
    const list = (type: string | undefined, user: string): ExternalService[] =>
      config.service
        .filter((each) => type === undefined || each.type === type)
        .map((each) => credited(each, user, Math.floor(host.clock.now() / 1000)))
    provideExternalServices(host, list)
    return {
      features: [EXTDISCO_NS],
      iq: [
        iqGet(
          ExternalServices,
          forOwnUsers(host, (iq, user) => {
            const type = ExternalServices.in(iq)!.attr('type')
            return buildExternalServices(list(type, user), type)
          }),
          ['server'],
        ),
        iqGet(
          ExternalCredentials,
          forOwnUsers(host, (iq, user) => buildExternalCredentials(wanted(iq, list(undefined, user)))),
          ['server'],
        ),
      ],
      stop: () => provideExternalServices(host, undefined),
    }
  },
})

/** Relays cost money: nobody else's users get credentials. */
function forOwnUsers(host: Host, answer: (iq: Element, user: string) => Element): IqHandler {
  return (iq, { from }) => {
    if (!host.serves(from.domain) || from.local === '') throw new StanzaError('auth', 'forbidden')
    return result(iq, answer(iq, from.bare.toString()))
  }
}

/** XEP-0215 §3.3: the services that a request for credentials names. */
function wanted(iq: Element, services: readonly ExternalService[]): ExternalService[] {
  const [asked, ...more] = ExternalCredentials.in(iq)!.elements()
  const [host, type] = [asked?.attr('host'), asked?.attr('type')]
  if (!ExternalServiceTag.is(asked) || more.length > 0 || host === undefined || type === undefined)
    throw new StanzaError('modify', 'bad-request', 'One service is asked for by its host and type.')
  const place = asked.attr('port')
  const found = services.filter(
    (each) => each.host === host && each.type === type && (place === undefined || place === String(each.port)),
  )
  if (found.length === 0) throw new StanzaError('cancel', 'item-not-found')
  return found
}

/** The service with a name and a password that a TURN server works out in the same way ("TURN REST API"); `now` in seconds. */
function credited(configured: Configured, user: string, now: number): ExternalService {
  const { secret: key, credentials_lifetime: lifetime, ...known } = configured
  if (key === undefined) return known
  const expires = now + lifetime
  const username = `${expires}:${user}`
  const password = createHmac('sha1', key).update(username).digest('base64')
  return { ...known, username, password, expires }
}

function eitherSecretOrName(setting: Setting<readonly Configured[]>): Setting<readonly Configured[]> {
  const fits = ({ secret: key, username, password }: Configured): boolean =>
    key === undefined || (username === undefined && password === undefined)
  return {
    ...setting,
    schema: (context) =>
      setting.schema(context).refine((found) => (found as readonly Configured[]).every(fits), {
        error: 'wants either secret or username and password for a service, not both',
      }),
  }
}
