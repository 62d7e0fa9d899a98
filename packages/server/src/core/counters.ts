/** Counters on plain fields: counting costs nanoseconds, and names are given where they are read (core/kernel-metrics.ts). */
import { Histogram } from './metrics.ts'

/** What one host type counts. */
export class HostCounters {
  sessionsOpened = 0
  sessionsClosed = 0
  authFailures = 0
  messagesRouted = 0
  presencesRouted = 0
  iqsRouted = 0
  stanzasDropped = 0
  stanzasRefused = 0
  commitsFailed = 0
  hookFailures = 0
  /** Messages that went back to their sender as an error. */
  messagesBounced = 0
  subscriptions = 0
  unsubscriptions = 0
  /** From a client's message to the moment when its next stanza may be taken, in microseconds. */
  readonly messageTime = new Histogram()
}

/** What the accounts of a host type count; times are in microseconds. */
export class AuthCounters {
  /** SASL exchanges, whatever their end. */
  readonly authorize = new Histogram()
  readonly checkPassword = new Histogram()
  readonly doesUserExist = new Histogram()
  readonly tryRegister = new Histogram()
  registered = 0
  unregistered = 0
}

/** What the node counts. */
export class NodeCounters {
  connectionsAccepted = 0
  connectionsRefused = 0
  streamErrors = 0
  bytesIn = 0
  bytesOut = 0
  noRouteFound = 0
  /** Domains that other servers could not show to be theirs. */
  s2sAuthFailed = 0
  /** Stanzas of other servers that could not be taken. */
  s2sDropped = 0
  slowReadersClosed = 0
  /** Logins that were not tried because too many had failed (S36). */
  loginsRefused = 0
  /** Failures that no stanza or connection could be blamed for (R24). */
  unexpectedErrors = 0
}
