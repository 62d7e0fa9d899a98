/** The beginning of plays in which two people see each other's presence. */
export const befriended = (one: readonly [string, string], other: readonly [string, string]): string => `
  ${one[0]}: <presence to='${other[1]}' type='subscribe'/>
  ${other[0]}: <presence to='${one[1]}' type='subscribed'/>
  ${other[0]}: <presence to='${one[1]}' type='subscribe'/>
  ${one[0]}: <presence to='${other[1]}' type='subscribed'/>
  ${one[0]}: <presence/>
  ! forget ${one[0]}
  ! forget ${other[0]}`
