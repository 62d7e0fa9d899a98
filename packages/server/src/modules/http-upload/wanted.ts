/** What users ask to upload, as the server takes it. */
import { StanzaError, type WantedUpload, fileTooLarge } from '@meerkat/protocol'

/** Characters of a name, and of a type, that are kept. */
const LONGEST = 200

/** RFC 9110 §8.3.1: a type and a subtype, and a parameter behind them; nothing that could end a header. */
const TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/
const PARAMETER = /^ ?[\w.-]+=[\w.+-]+$/

/** The name without folders, control characters, and what an address could not have at its end. */
export function safeName(filename: string): string {
  const last = filename.slice(Math.max(filename.lastIndexOf('/'), filename.lastIndexOf('\\')) + 1)
  const plain = last
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
    .trim()
  const short = Array.from(plain).slice(-LONGEST).join('')
  return /^\.*$/.test(short) ? 'file' : short
}

/** Throws StanzaError for what is larger than `most` or has a type that is none (XEP-0363 §6). */
export function checkWanted({ size, contentType }: WantedUpload, most: number): void {
  if (size > most) {
    const words = `File too large. The maximum file size is ${most} bytes`
    throw new StanzaError('modify', 'not-acceptable', words, fileTooLarge(most))
  }
  if (contentType !== undefined && !isType(contentType))
    throw new StanzaError('modify', 'bad-request', 'The content type is none.')
}

function isType(text: string): boolean {
  const [type = '', ...parameters] = text.split(';')
  return text.length <= LONGEST && TYPE.test(type) && parameters.every((each) => PARAMETER.test(each))
}
