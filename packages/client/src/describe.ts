/** Stanzas and ends of streams as people read them in a failure. */
import { type Element, serializeInStream } from '@meerkat/xml'
import { CLIENT_NS, type StreamError } from '@meerkat/protocol'

/** The most of one stanza that a failure shows, in UTF-16 units, and the most stanzas. */
const LONGEST = 2000
const MOST = 20

/** How a stream came to its end. */
export interface Ended {
  /** The stream error that the server sent (RFC 6120 §4.9), if it did. */
  readonly streamError: StreamError | undefined
  /** What broke the connection: a socket's, a TLS or an XML error. */
  readonly error: Error | undefined
  /** Whether the server closed its stream with an end tag (RFC 6120 §4.4). */
  readonly clean: boolean
}

/** One element as a line of XML, cut when it is very long. */
export function printElement(element: Element): string {
  const xml = serializeInStream(element, CLIENT_NS)
  return xml.length <= LONGEST ? xml : `${xml.slice(0, LONGEST)}… (${xml.length} characters)`
}

/** What came instead of what was waited for, as the last part of a sentence. */
export function printInstead(elements: readonly Element[]): string {
  if (elements.length === 0) return 'nothing came'
  const lines = elements.slice(0, MOST).map((element) => `\n  ${printElement(element)}`)
  const more = elements.length > MOST ? `\n  … and ${elements.length - MOST} more` : ''
  return `came instead:${lines.join('')}${more}`
}

/** An end in words. */
export function printEnd({ streamError, error, clean }: Ended): string {
  if (streamError !== undefined) {
    const text = streamError.text === undefined ? '' : ` (${streamError.text})`
    return `the stream ended with the error ${streamError.condition}${text}`
  }
  if (error !== undefined) return `the connection broke: ${error.message}`
  return clean ? 'the server closed the stream' : 'the connection was closed without a stream end'
}
