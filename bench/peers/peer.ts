/** What the benchmark has to know about a server to run it. A new one is a folder with an `index.ts` that exports a `Peer`, and a line in all.ts. */

/** Features that are switched on. Every server has its own way to do so; one that has none is left out of that comparison. */
export type Profile =
  /** Rosters, presence, registration, nothing stored. */
  | 'base'
  /** Everything is archived, in the server's default embedded store; acknowledged data survives a loss of power, if the server can promise that. */
  | 'mam'
  /** The same where acknowledged data needs to survive the end of the process only. */
  | 'mam-process'
  /** Archive, carbons, stream management and offline storage, and events into RabbitMQ where the server can. */
  | 'full'
  /** Listens for other servers, and finds the one that the generator plays; domains are shown by dialback without TLS. */
  | 's2s'
  /** Personal eventing. */
  | 'pep'

/** Whether messages are archived. */
export const archives = (profile: Profile): boolean => ['mam', 'mam-process', 'full'].includes(profile)

/** Where a server keeps what, and where it listens. */
export interface Place {
  /** Its own folder, for its configuration and logs. */
  readonly home: string
  /** The folder with its accounts and whatever else it stores; `fresh` puts it back to a snapshot. */
  readonly data: string
  readonly port: number
  readonly domain: string
  readonly certificate: Certificate
}

/** Files in PEM. */
export interface Certificate {
  readonly certificate: string
  readonly key: string
  /** Both in one. */
  readonly both: string
}

/** How to start a server in the foreground. */
export interface Launch {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Where the server answers questions about itself (see meerkat/monitor.mjs), if it does. */
  readonly monitor?: string
}

/** A server to measure. */
export interface Peer {
  readonly name: string
  /** Below 32768: from there on the system takes ports for outgoing connections. */
  readonly port: number
  readonly profiles: readonly Profile[]
  /** Whether accounts must be registered. */
  readonly accounts: boolean
  /** Whether users can be in each other's rosters. */
  readonly rosters: boolean
  /** Mechanisms that it can be asked for. */
  readonly mechanisms: readonly ('PLAIN' | 'SCRAM-SHA-1')[]
  /** Whether what another version of it has stored may be used. */
  readonly keepsSnapshots: boolean
  /** Programs that must be there. */
  readonly programs: readonly string[]
  /** Writes the configuration. */
  readonly prepare: (place: Place, profile: Profile) => Launch
}
