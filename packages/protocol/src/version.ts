/** XEP-0092 1.1: Software Version. */
import { type Element, tag, text } from '@meerkat/xml'

const NS = 'jabber:iq:version'

export const VersionQuery = tag(NS, 'query')
const Name = tag(NS, 'name')
const Version = tag(NS, 'version')
const Os = tag(NS, 'os')

/** What an entity says that it is; '' for what it does not say. */
export interface SoftwareVersion {
  readonly name: string
  readonly version: string
  readonly os?: string | undefined
}

/** Builds the answer to a version query. */
export function buildVersion({ name, version, os }: SoftwareVersion): Element {
  return VersionQuery({}, Name({}, name), Version({}, version), os === undefined ? undefined : Os({}, os))
}

/** Reads the answer to a version query. */
export function parseVersion(query: Element): SoftwareVersion {
  const os = Os.in(query)
  return { name: text(Name.in(query)), version: text(Version.in(query)), os: os && text(os) }
}
