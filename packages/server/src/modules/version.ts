/** XEP-0092: Software Version. */
import { release, type } from 'node:os'
import { VersionQuery, buildVersion, result } from '@meerkat/protocol'
import { defineModule, flag, iqGet, iqdiscOf, softwareKey, xep } from '../core/module.ts'

export default defineModule({
  key: 'mod_version',
  summary: 'Tells which server this is.',
  specs: [xep(92, '1.1')],
  config: { os_info: flag(false, 'Also tell the operating system.'), iqdisc: iqdiscOf('no_queue') },

  start(host, config) {
    const { name, version } = host.shared(softwareKey)
    const os = config.os_info ? `${type()} ${release()}` : undefined
    const answer = iqGet(VersionQuery, (iq) => result(iq, buildVersion({ name, version, os })), ['server'])
    return { features: [VersionQuery.ns], iq: [answer] }
  },
})
