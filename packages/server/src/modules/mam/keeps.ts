/** What archives are in the store, and how they go: the messages first, so that their owner is known until none is left. */
import type { Jid } from '@meerkat/protocol'
import { type Keeping, keptRows, keptValues } from '../../core/module.ts'

const owners = ({ local, domain }: Jid) =>
  local === ''
    ? { where: 'server = ?', params: [domain] }
    : { where: 'server = ? AND user_name = ?', params: [domain, local] }

const ofOwners = (subject: Jid) => {
  const { where, params } = owners(subject)
  return { where: `user_id IN (SELECT id FROM mam_server_user WHERE ${where})`, params }
}

export const ARCHIVES: readonly Keeping[] = [
  keptRows('mam_message', ['user_id', 'id'], ofOwners),
  keptRows('mam_counter', ['user_id'], ofOwners),
  keptRows('mam_server_user', ['id'], owners),
  keptValues('mam_prefs'),
]
