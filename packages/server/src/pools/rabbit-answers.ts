/**
 * What the broker says of publications (confirms, and messages that come back), read before the driver comes to it: that makes six buffers and a
 * dozen objects of a returned message, which was a sixth of what a message with everything on allocates. Whatever else comes, and what has not come
 * as a whole, is the driver's.
 */

import { AROUND, BODY, FRAME_END, HEADER, METHOD } from './rabbit-frames.ts'

/** A channel of the driver. */
interface DriversChannel {
  emit(event: 'ack' | 'return', said: object): boolean
}

/** A connection of the driver, as its types do not tell. */
export interface DriversConnection {
  /** What has come and is not read. */
  rest: Buffer
  /** The most octets that a frame may hold. */
  readonly maxFrameSize: number
  readonly channels: readonly ({ readonly channel: DriversChannel } | null | undefined)[]
  /** The next frame, or false until more has come. */
  recvFrame(): unknown
}

/** Octets before what a frame holds. */
const HEAD = 7

/** Numbers of class and method together, as the driver has them. */
const BASIC_RETURN = 0x3c_00_32
const BASIC_ACK = 0x3c_00_50

/** Places of what a confirm, a return and a header hold. */
const TAG = HEAD + 4
const MULTIPLE = TAG + 8
const REPLY_CODE = HEAD + 4
const REPLY_TEXT = REPLY_CODE + 2
const BODY_SIZE = HEAD + 4
const FLAGS = HEAD + 12
const PROPERTIES = FLAGS + 2

/** Flags of the properties before message-id, in their order, by their kinds; flags that go on in another word; message-id itself. */
const SHORT_TEXTS = new Set([15, 14, 10, 9, 8])
const TABLE = 13
const OCTETS = new Set([12, 11])
const MORE_FLAGS = 1
const MESSAGE_ID = 7

/** Reads from now on what the broker says of publications over this connection. */
export function readAnswers(connection: DriversConnection): void {
  const driver = connection.recvFrame.bind(connection)
  connection.recvFrame = () => {
    takeAnswers(connection)
    return driver()
  }
}

function takeAnswers(connection: DriversConnection): void {
  const { rest } = connection
  let at = 0
  try {
    for (let end = takeOne(connection, rest, at); end > at; end = takeOne(connection, rest, at)) at = end
  } finally {
    if (at > 0) connection.rest = rest.subarray(at)
  }
}

/** Takes the answer that begins there; returns where it ends, or where it begins when there is none as a whole. */
function takeOne(connection: DriversConnection, octets: Buffer, at: number): number {
  const end = endOf(octets, at, connection.maxFrameSize)
  if (end < 0 || octets[at] !== METHOD) return at
  const channel = connection.channels[octets.readUInt16BE(at + 1)]?.channel
  if (channel === undefined) return at
  const id = octets.readUInt32BE(at + HEAD)
  if (id === BASIC_ACK) {
    channel.emit('ack', {
      deliveryTag: uint64(octets, at + TAG),
      multiple: (octets[at + MULTIPLE]! & 1) === 1,
    })
    return end
  }
  return id === BASIC_RETURN ? takeReturned(connection, octets, at, end, channel) : at
}

function takeReturned(
  { maxFrameSize }: DriversConnection,
  octets: Buffer,
  at: number,
  header: number,
  channel: DriversChannel,
): number {
  let end = endOf(octets, header, maxFrameSize)
  if (end < 0 || octets[header] !== HEADER) return at
  const messageId = messageIdIn(octets, header)
  for (let missing = uint64(octets, header + BODY_SIZE); missing > 0;) {
    const body = end
    end = endOf(octets, body, maxFrameSize)
    if (end < 0 || octets[body] !== BODY) return at
    missing -= end - body - AROUND
  }
  if (messageId === undefined) return at
  const fields = { replyCode: octets.readUInt16BE(at + REPLY_CODE), replyText: shortText(octets, at + REPLY_TEXT) }
  channel.emit('return', { fields, properties: { messageId } })
  return end
}

/** The message-id in a header; undefined when there is none. */
function messageIdIn(octets: Buffer, header: number): string | undefined {
  const flags = octets.readUInt16BE(header + FLAGS)
  if ((flags & (1 << MESSAGE_ID)) === 0 || (flags & MORE_FLAGS) !== 0) return undefined
  let at = header + PROPERTIES
  for (let flag = 15; flag > MESSAGE_ID; flag--) {
    if ((flags & (1 << flag)) === 0) continue
    if (SHORT_TEXTS.has(flag)) at += 1 + octets[at]!
    else if (flag === TABLE) at += 4 + octets.readUInt32BE(at)
    else if (OCTETS.has(flag)) at++
  }
  return shortText(octets, at)
}

/** Where the frame ends that begins there; -1 when it has not come as a whole, or is none: then the driver says so. */
function endOf(octets: Buffer, at: number, most: number): number {
  if (octets.length - at < AROUND) return -1
  const size = octets.readUInt32BE(at + 3)
  const end = at + AROUND + size
  return end > octets.length || (most > 0 && size > most) || octets[end - 1] !== FRAME_END ? -1 : end
}

const uint64 = (octets: Buffer, at: number): number =>
  octets.readUInt32BE(at) * 0x1_0000_0000 + octets.readUInt32BE(at + 4)

const shortText = (octets: Buffer, at: number): string => octets.toString('utf8', at + 1, at + 1 + octets[at]!)
