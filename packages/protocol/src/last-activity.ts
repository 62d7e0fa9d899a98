/** XEP-0012 2.0: Last Activity. */
import { type Element, tag, text } from '@meerkat/xml'

export const LastQuery = tag('jabber:iq:last', 'query')

/** How long ago somebody was last there; of a server, how long it has been running. */
export interface Idle {
  readonly seconds: number
  /** The status with which a user has left. */
  readonly status?: string | undefined
}

/** Builds the answer to a query. */
export function buildLast({ seconds, status }: Idle): Element {
  return LastQuery({ seconds: String(seconds) }, status || undefined)
}

/** Reads the answer to a query; undefined when it names no number of seconds. */
export function parseLast(query: Element): Idle | undefined {
  const written = query.attr('seconds') ?? ''
  if (!/^\d{1,15}$/.test(written)) return undefined
  return { seconds: Number(written), status: text(query) || undefined }
}
