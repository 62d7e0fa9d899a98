/** The steps from a socket to a bound resource (RFC 6120 §4–§7), each on its own. */
import { type Element, escapeAttribute, text } from '@meerkat/xml'
import {
  Abort,
  Auth,
  Bind,
  BindJid,
  BindResource,
  Challenge,
  ChannelBinding,
  CLIENT_NS,
  errorCondition,
  errorDescription,
  Iq,
  type Jid,
  Mechanism,
  Mechanisms,
  parseJid,
  Response,
  SASL_NS,
  SaslChannelBinding,
  SaslError,
  SaslFailure,
  StartTls,
  StreamFeatures,
  StreamHeader,
  STREAMS_NS,
  Success,
  TlsProceed,
  TLS_NS,
} from '@meerkat/protocol'
import {
  type ChannelBinding as Binding,
  chooseMechanism,
  clientMechanism,
  type ClientMechanism,
  decodeBase64,
  mechanismInfo,
  type Offer,
  TLS_EXPORTER,
} from '@meerkat/protocol/sasl'
import { type Client } from './client.ts'
import { NegotiationError } from './errors.ts'

/** Attributes of a stream header, also `xmlns` and `xmlns:stream`; undefined leaves one out. */
export type StreamAttributes = Readonly<Record<string, string | undefined>>

/** Sends a header, waits for the server's, and for its features unless `version` says that there are none. */
export async function openStream(client: Client, attributes: StreamAttributes = {}): Promise<Element> {
  const all = { ...headerOf(client), ...attributes }
  const printed = Object.entries(all).map(([name, value]) =>
    value === undefined ? '' : ` ${name}='${escapeAttribute(value)}'`,
  )
  client.sendRaw(`<?xml version='1.0'?><stream:stream${printed.join('')}>`)
  await client.receive((element) => StreamHeader.is(element), { what: "the server's stream header" })
  // RFC 6120 §4.7.5: without version 1.0 the server offers no features.
  if (all.version === undefined) return StreamFeatures()
  return client.receive((element) => StreamFeatures.is(element), { what: 'the stream features' })
}

function headerOf({ jid, secure, options }: Client): { version: string | undefined } & StreamAttributes {
  return {
    to: jid.domain,
    // RFC 6120 §4.7.1: whom the client claims to be is not for everybody's ears.
    from: secure && jid.local !== '' ? jid.bare.toString() : undefined,
    version: '1.0',
    'xml:lang': options.lang,
    xmlns: CLIENT_NS,
    'xmlns:stream': STREAMS_NS,
  }
}

/** Asks for TLS (RFC 6120 §5.4.2) and has `upgrade` change to it. Rejects with NegotiationError when it is refused. */
export async function startTls(client: Client, upgrade: () => Promise<void>): Promise<void> {
  client.send(StartTls())
  const answer = await client.receive((element) => element.ns === TLS_NS, { what: '<proceed/>' })
  if (!TlsProceed.is(answer)) throw new NegotiationError('The server refuses to begin TLS.')
  await upgrade()
}

/** Logs in; rejects with SaslError when either side refuses the other, and with NegotiationError without a mechanism. */
export async function authenticate(client: Client, wanted: string | ClientMechanism | undefined): Promise<void> {
  const mechanism = typeof wanted === 'object' ? wanted : makeMechanism(client, wanted)
  client.send(Auth({ mechanism: mechanism.name }, encode(mechanism.initial())))
  try {
    await exchange(client, mechanism)
  } catch (error) {
    // RFC 6120 §6.4.4: the server is told when it is the one that failed.
    if (error instanceof SaslError && !(error instanceof RefusedError)) client.send(Abort())
    throw error
  }
}

/** A SaslError that the server sent. */
class RefusedError extends SaslError {}

async function exchange(client: Client, mechanism: ClientMechanism): Promise<void> {
  for (;;) {
    const answer = await client.receive((element) => element.ns === SASL_NS, { what: 'the answer of SASL' })
    if (SaslFailure.is(answer)) throw refusalOf(answer)
    const { name } = answer
    const data = decode(answer)
    if (name === Success.local) return mechanism.finish(data)
    if (name !== Challenge.local) throw new SaslError('malformed-request', `<${name}/> is no answer of a server.`)
    client.send(Response({}, encode(await mechanism.respond(data ?? new Uint8Array(0)))))
  }
}

function refusalOf(failure: Element): SaslError {
  const words = errorDescription(failure)
  const condition = (errorCondition(failure) ?? 'not-authorized') as SaslError['condition']
  return new RefusedError(condition, words === '' ? undefined : words)
}

/** RFC 6120 §6.4.2: an empty message is a lone equals sign. */
function encode(message: Uint8Array): string {
  return message.length === 0 ? '=' : Buffer.from(message).toString('base64')
}

function decode(element: Element): Uint8Array | undefined {
  const encoded = text(element)
  if (encoded === '') return undefined
  const data = encoded === '=' ? Buffer.alloc(0) : decodeBase64(encoded)
  if (data === undefined) throw new SaslError('incorrect-encoding', 'What the server says is not base64.')
  return data
}

function makeMechanism(client: Client, wanted: string | undefined): ClientMechanism {
  const { jid, secure, options, settings } = client
  const offer = offerOf(client.features)
  const binding = usableBinding(client.channelBinding, offer)
  const certificate = options.password === undefined && settings.tlsOptions.cert !== undefined
  const limits = { channelBinding: binding !== undefined, tls: secure, certificate }
  const name = wanted ?? chooseMechanism(offer.mechanisms, limits)
  if (name === undefined) {
    const offered = offer.mechanisms.join(', ') || 'none'
    throw new NegotiationError(`The client can use no mechanism that the server offers: ${offered}.`)
  }
  return clientMechanism(name, {
    username: jid.local,
    password: options.password ?? '',
    authzid: options.authzid,
    minIterations: options.minIterations,
    channelBinding: bindingFor(name, binding, offer),
    offer,
  })
}

function offerOf(features: Element | undefined): Offer {
  const mechanisms = features && Mechanisms.in(features)
  const bindings = features && SaslChannelBinding.in(features)
  return {
    mechanisms: mechanisms === undefined ? [] : Mechanism.all(mechanisms).map(text),
    channelBindings:
      bindings === undefined ? [] : ChannelBinding.all(bindings).map((element) => element.attr('type') ?? ''),
  }
}

/** XEP-0440: a server that names types wants one of these. */
function usableBinding(binding: Binding | undefined, { channelBindings }: Offer): Binding | undefined {
  return channelBindings.length === 0 || channelBindings.includes(TLS_EXPORTER) ? binding : undefined
}

/** RFC 5802 §6: one who could bind, but takes a mechanism without, says so only if the server seems unable to. */
function bindingFor(name: string, binding: Binding | undefined, { mechanisms }: Offer): Binding | undefined {
  const plusOffered = mechanisms.some((offered) => mechanismInfo(offered)?.plus === true)
  return mechanismInfo(name)?.plus === true || !plusOffered ? binding : undefined
}

/** Binds `resource`, or whatever the server likes when it is ''. */
export async function bind(client: Client, resource: string): Promise<Jid> {
  const wanted = resource === '' ? undefined : BindResource({}, resource)
  const answer = await client.request(Iq({ type: 'set' }, Bind({}, wanted)), { what: 'the bound resource' })
  const bound = Bind.in(answer)
  return parseJid(text(bound && BindJid.in(bound)))
}
