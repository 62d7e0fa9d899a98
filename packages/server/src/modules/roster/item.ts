/** What the server knows of one contact of a user, in memory and in the store. */
import { type Jid, type RosterEntry } from '@meerkat/protocol'
import type { Contact, Subscription } from '../../core/module.ts'
import type { State } from './states.ts'

/** A contact: what the user's roster shows (RFC 6121 §2.1) and the request that waits for the user. */
export interface Item extends RosterEntry, Contact {
  readonly subscription: Subscription
  readonly groups: readonly string[]
}

/** A contact of whom nothing is known yet. */
export const blank = (jid: Jid): Item => ({
  jid,
  name: '',
  subscription: 'none',
  ask: false,
  approved: false,
  groups: [],
  request: undefined,
  listed: false,
})

/** The item's state in the words of Appendix A. */
export const stateOf = ({ subscription, ask, request }: Item): State => ({
  to: subscription === 'to' || subscription === 'both',
  from: subscription === 'from' || subscription === 'both',
  out: ask,
  in: request !== undefined,
})

/** The item in another state; `request` is the stanza to keep when the state has a request waiting for the user. */
export function withState(item: Item, { to, from, out, in: pending }: State, request = item.request): Item {
  const subscription = to ? (from ? 'both' : 'to') : from ? 'from' : 'none'
  return { ...item, subscription, ask: out, request: pending ? request : undefined }
}

/** Whether the roster shows two versions of an item in the same way. */
export function looksSame(a: Item | undefined, b: Item | undefined): boolean {
  if (a?.listed !== true || b?.listed !== true) return (a?.listed ?? false) === (b?.listed ?? false)
  return (
    a.subscription === b.subscription &&
    a.ask === b.ask &&
    a.approved === b.approved &&
    a.name === b.name &&
    a.groups.length === b.groups.length &&
    a.groups.every((group, index) => group === b.groups[index])
  )
}

/** An item as the store has it; keys at their usual values are left out. */
interface Stored {
  readonly name?: string
  readonly groups?: readonly string[]
  readonly subscription?: Subscription
  readonly ask?: true
  readonly approved?: true
  readonly request?: string
  readonly hidden?: true
}

/** The item as text for the store. */
export function encodeItem({ name, groups, subscription, ask, approved, request, listed }: Item): string {
  return JSON.stringify({
    ...(name !== '' && { name }),
    ...(groups.length > 0 && { groups }),
    ...(subscription !== 'none' && { subscription }),
    ...(ask && { ask }),
    ...(approved && { approved }),
    ...(request !== undefined && { request }),
    ...(!listed && { hidden: true }),
  })
}

/** Reads what `encodeItem` wrote. */
export function decodeItem(jid: Jid, stored: string): Item {
  const read = JSON.parse(stored) as Stored
  return {
    jid,
    name: read.name ?? '',
    subscription: read.subscription ?? 'none',
    ask: read.ask ?? false,
    approved: read.approved ?? false,
    groups: read.groups ?? [],
    request: read.request,
    listed: read.hidden !== true,
  }
}
