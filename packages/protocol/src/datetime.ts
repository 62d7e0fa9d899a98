/**
 * XEP-0082 1.1.1: XMPP Date and Time Profiles.
 * Times are whole microseconds since 1970-01-01T00:00:00Z, exact from 1684 to 2255, where a number holds them.
 */

const DAY = 86_400_000_000
const SECOND = 1_000_000

/**
 * Writes a time in UTC with `digits` digits after the second, cut, not rounded (XEP-0082 §3.2).
 * Throws RangeError outside of the years 0 to 9999.
 */
export function formatDateTime(microseconds: number, digits: 0 | 3 | 6 = 6): string {
  const milliseconds = Math.floor(microseconds / 1000)
  const iso = new Date(milliseconds).toISOString()
  if (iso.length !== 24) throw new RangeError('The time is outside of the years 0 to 9999.')
  const fraction = digits === 6 ? String(Math.floor(microseconds) - milliseconds * 1000).padStart(3, '0') : ''
  return `${iso.slice(0, digits === 0 ? 19 : 23)}${fraction}Z`
}

/**
 * Reads a DateTime such as `2026-03-01T12:00:00.25+01:00`; undefined when it is none, or no such day or second exists.
 * Digits beyond the microsecond are cut.
 */
export function parseDateTime(text: string): number | undefined {
  const day = parseDay(text)
  if (day === undefined || text[10] !== 'T' || text[13] !== ':' || text[16] !== ':') return undefined
  const [hour, minute, second] = [digitsAt(text, 11, 2), digitsAt(text, 14, 2), digitsAt(text, 17, 2)]
  if (!(hour < 24 && minute < 60 && second < 60)) return undefined
  const end = fractionEnd(text)
  const offset = parseTimeZone(text.slice(end))
  if (end === 20 || offset === undefined) return undefined
  const fraction = end === 19 ? 0 : Number(text.slice(20, Math.min(end, 26)).padEnd(6, '0'))
  return day * DAY + ((hour * 60 + minute - offset) * 60 + second) * SECOND + fraction
}

/** Reads a TimeZone, `Z` or `±hh:mm`, as minutes east of UTC; undefined when it is none (XEP-0082 §3.3). */
export function parseTimeZone(text: string): number | undefined {
  if (text === 'Z') return 0
  const sign = text[0] === '+' ? 1 : -1
  if ((sign < 0 && text[0] !== '-') || text[3] !== ':' || text.length !== 6) return undefined
  const [hours, minutes] = [digitsAt(text, 1, 2), digitsAt(text, 4, 2)]
  // Adding 0 keeps -00:00 from becoming a negative zero.
  return hours < 24 && minutes < 60 ? sign * (hours * 60 + minutes) + 0 : undefined
}

/** Writes minutes east of UTC as a TimeZone. */
export function formatTimeZone(minutes: number): string {
  if (minutes === 0) return 'Z'
  const size = Math.abs(minutes)
  const pair = (value: number): string => String(value).padStart(2, '0')
  return `${minutes < 0 ? '-' : '+'}${pair(Math.floor(size / 60))}:${pair(size % 60)}`
}

/** The days from 1970 to the date at the start of `text`; undefined when there is no such date. */
function parseDay(text: string): number | undefined {
  const [year, month, day] = [digitsAt(text, 0, 4), digitsAt(text, 5, 2), digitsAt(text, 8, 2)]
  if (text[4] !== '-' || text[7] !== '-' || Number.isNaN(year + month + day)) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  // A day or month that does not exist rolls over into another one.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  return date.getTime() / 86_400_000
}

/** Where the digits after the second end; 19 when there is no fraction, 20 when it has no digit. */
function fractionEnd(text: string): number {
  if (text[19] !== '.') return 19
  let end = 20
  while (isDigit(text.charCodeAt(end))) end++
  return end
}

/** The number in `count` decimal digits at `start`; NaN when anything else stands there. */
function digitsAt(text: string, start: number, count: number): number {
  let value = 0
  for (let i = start; i < start + count; i++) {
    const code = text.charCodeAt(i)
    if (!isDigit(code)) return NaN
    value = value * 10 + code - 0x30
  }
  return value
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}
