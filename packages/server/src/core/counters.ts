/** Counters on plain fields: counting costs nanoseconds, and names are given where they are read. */

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
}

/** What the node counts. */
export class NodeCounters {
  connectionsAccepted = 0
  connectionsRefused = 0
  streamErrors = 0
  bytesIn = 0
  bytesOut = 0
  noRouteFound = 0
  slowReadersClosed = 0
  /** Failures that no stanza or connection could be blamed for (R24). */
  unexpectedErrors = 0
}
