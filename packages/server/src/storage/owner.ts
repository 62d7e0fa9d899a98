/** Owners of what the generic stores keep. */

/** The domain of a bare JID. */
export function domainOf(owner: string): string {
  return owner.slice(owner.indexOf('@') + 1)
}
