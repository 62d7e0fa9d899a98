/** The commands of MongooseIM 6.8 by category, which are the fields of its admin schema. */

const words = (text: string): string[] => text.split(/\s+/)

/** Those that are there. */
export const commands: Readonly<Record<string, readonly string[]>> = {
  account: words(
    'listUsers countUsers checkPassword checkPasswordHash checkUser registerUser removeUser banUser changeUserPassword importUsers',
  ),
  cets: words('tableInfo systemInfo'),
  domain: words(
    `domainsByHostType allDomains domainDetails addDomain removeDomain requestRemoveDomain enableDomain disableDomain
    setDomainPassword deleteDomainPassword`,
  ),
  externalServices: words('getServices'),
  gdpr: words('retrievePersonalData'),
  httpUpload: words('getUrl'),
  last: words('getLast countActiveUsers listOldUsers setLast removeOldUsers'),
  metric: words('getMetrics getMetricsAsDicts getClusterMetricsAsDicts'),
  offline: words('deleteExpiredMessages deleteOldMessages'),
  private: words('getPrivate setPrivate'),
  roster: words(
    `listContacts getContact addContact addContacts subscription deleteContact deleteContacts setMutualSubscription
    subscribeToAll subscribeAllToAll`,
  ),
  server: words(
    `status getLoglevel getCookie hostTypes globalInfo joinCluster leaveCluster removeFromCluster restart stop removeNode
    setLoglevel`,
  ),
  session: words(
    `listSessions countSessions listUserSessions countUserResources getUserResource listUsersWithStatus
    countUsersWithStatus kickUserSession kickUser setPresence`,
  ),
  stanza: words('getLastMessages sendMessage sendMessageHeadLine sendStanza subscribeForMessages subscribeForTraffic'),
  stat: words('globalStats domainStats'),
  vcard: words('getVcard setVcard'),
}

/** Categories that are not there yet: of modules that are not, and of Mnesia. */
export const missingCategories: readonly string[] = words('blocklist broadcast inbox mnesia muc muc_light token')

/** One command of each category whose module the configuration switches on, for alice. */
export const runs: readonly (readonly string[])[] = [
  words('account checkUser --user alice@localhost'),
  words('domain domainDetails --domain localhost'),
  words('last countActiveUsers --domain localhost'),
  words('metric getMetricsAsDicts'),
  words('offline deleteExpiredMessages --domain localhost'),
  words('private getPrivate --user alice@localhost --element notes --nameSpace urn:example:notes'),
  words('roster listContacts --user alice@localhost'),
  words('server status'),
  words('session countSessions'),
  words('stanza sendMessage --from alice@localhost --to alice@localhost --body hello'),
  words('stat globalStats'),
]
