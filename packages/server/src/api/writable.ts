/** What callers write may hold characters that JSON can carry and XML cannot. */
import { type Element, XmlError, serialize } from '@meerkat/xml'
import { ApiError } from './errors.ts'

/** S3: throws `bad_request` for an element that could not be written to anybody. */
export function requireWritable(element: Element, details: Readonly<Record<string, unknown>> = {}): void {
  try {
    serialize(element)
  } catch (error) {
    if (!(error instanceof XmlError)) throw error
    throw new ApiError('bad_request', error.message, details)
  }
}
