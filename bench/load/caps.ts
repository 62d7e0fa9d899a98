/** Clients that want events (XEP-0163 §4): a hash in their presence (XEP-0115), and what they answer to whoever asks what it stands for. */
import { createHash } from 'node:crypto'
import type { Client } from './client.ts'

const INFO = 'http://jabber.org/protocol/disco#info'

/** What a client is and can do. */
export interface Software {
  readonly node: string
  readonly name: string
  readonly features: readonly string[]
}

/** XEP-0115 §5.1. */
export function version({ name, features }: Software, type = 'phone'): string {
  const words = [`client/${type}//${name}`, ...features.toSorted()]
  return createHash('sha1')
    .update(words.map((word) => `${word}<`).join(''))
    .digest('base64')
}

/** The presence of such a client. */
export const presenceOf = (software: Software): string =>
  `<presence><c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='${software.node}' ver='${version(software)}'/></presence>`

/**
 * Answers those who ask in the text, but not the account's own service: Prosody 0.12 asks for that one and for each contact's, and would notify whoever
 * answers both of everything twice. Returns what is left of the text, as a question may have come in part.
 */
export function answerQuestions(client: Client, software: Software, text: string): string {
  let end = 0
  for (const asked of text.matchAll(/<iq ([^>]*)>\s*<query ([^>]*disco#info[^>]*)>/g)) {
    const of = (name: string) => new RegExp(`(?:^| )${name}=['"]([^'"]*)`).exec(asked[name === 'node' ? 2 : 1]!)?.[1]
    const [from, node] = [of('from'), of('node')]
    end = asked.index + asked[0].length
    if (from === client.jid.split('/')[0]) continue
    const query = `<query xmlns='${INFO}'${node === undefined ? '' : ` node='${node}'`}>`
    const features = software.features.map((feature) => `<feature var='${feature}'/>`).join('')
    client.write(
      `<iq type='result' id='${of('id')}'${from === undefined ? '' : ` to='${from}'`}>${query}<identity category='client' type='phone' name='${software.name}'/>${features}</query></iq>`,
    )
  }
  return text.slice(end)
}
