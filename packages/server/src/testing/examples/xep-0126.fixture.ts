/** The examples of XEP-0126: Invisibility. */
import presence from '../../modules/presence/index.ts'
import privacy from '../../modules/privacy/index.ts'
import roster from '../../modules/roster/index.ts'
import { befriended } from './befriended.fixture.ts'
import type { Play, Specification } from './play.fixture.ts'

const cast = {
  bilbo: 'bilbo@tolkien.lit/shire',
  frodo: 'frodo@tolkien.lit/bagend',
  gandalf: 'gandalf@tolkien.lit/road',
}

const grouped = (user: string, group: string): string => `
        bilbo: <iq type='set' id='${user}'>
          <query xmlns='jabber:iq:roster'><item jid='${user}@tolkien.lit'><group>${group}</group></item></query>
        </iq>`

/** Bilbo and Frodo see each other; Gandalf sees Bilbo, who does not see him. All but Bilbo are there. */
const SHIRE = `${befriended(['frodo', 'frodo@tolkien.lit'], ['bilbo', 'bilbo@tolkien.lit'])}${grouped('frodo', 'Bagginses')}
        gandalf: <presence to='bilbo@tolkien.lit' type='subscribe'/>
        bilbo: <presence to='gandalf@tolkien.lit' type='subscribed'/>${grouped('gandalf', 'Wizards')}
        gandalf: <presence/>
        ! forget bilbo
        ! forget frodo
        ! forget gandalf`

const list = (name: string, ...rules: readonly string[]): string => `<list name='${name}'>
            ${rules.map((rule, i) => `<item ${rule} order='${i + 1}'><presence-out/></item>`).join('')}
          </list>`

interface Words {
  readonly id: string
  readonly active: string
  readonly name: string
  /** Its rules; none when it is there already. */
  readonly rules: readonly string[]
  readonly status: string
  readonly seenBy: readonly string[]
}

/** Bilbo sets a list and makes it active, and says that he is there. */
function appears({ id, active, name, rules, status, seenBy }: Words): string {
  const presence = `<presence><status>${status}</status></presence>`
  return `
        bilbo: <iq from='bilbo@tolkien.lit/shire' type='set' id='${id}'>
          <query xmlns='jabber:iq:privacy'>${list(name, ...rules)}</query>
        </iq>
        > bilbo: <iq type='set' id='push'><query xmlns='jabber:iq:privacy'><list name='${name}'/></query></iq>
        > bilbo: <iq type='result' id='${id}'/>
        bilbo: <iq from='bilbo@tolkien.lit/shire' type='set' id='${active}'>
          <query xmlns='jabber:iq:privacy'><active name='${name}'/></query>
        </iq>
        > bilbo: <iq type='result' id='${active}'/>
        bilbo: ${presence}
        ! forget bilbo${['frodo', 'gandalf'].map((who) => (seenBy.includes(who) ? saw(who, presence) : `\n        > ${who}: nothing`)).join('')}`
}

const saw = (who: string, presence: string): string => {
  const address = `from='bilbo@tolkien.lit/shire' to='${who}@tolkien.lit'`
  return `\n        > ${who}: ${presence.replace('<presence', `<presence ${address}`)}`
}

const leaves = (seenBy: readonly string[]): string => `
        bilbo: <presence type='unavailable'/>
        ! forget bilbo${seenBy.map((who) => saw(who, `<presence type='unavailable'/>`)).join('')}`

const AWAY = "I'm not really here, you understand!"
const BACK = "I'm back!"
const FRODO = ['frodo']
const GANDALF = ['gandalf']

const visible = (examples: readonly number[], title: string, words: Omit<Words, 'status'>, status: string): Play => ({
  examples,
  title,
  cast,
  unknown: ['push'],
  // In the third example of some the user leaves, which is told to those who saw it.
  script: `${SHIRE}${appears({ ...words, status })}${examples.length < 3 ? '' : leaves(words.seenBy)}`,
})

export const xep0126: Specification = {
  name: 'XEP-0126',
  version: '1.1',
  count: 23,
  modules: [[roster], [presence], [privacy]],
  domains: ['tolkien.lit'],
  plays: [
    visible(
      [1, 2],
      'nobody sees the user',
      { id: 'inv1', active: 'active1', name: 'invisible', rules: [`action='deny'`], seenBy: [] },
      AWAY,
    ),
    visible(
      [3, 4],
      'one contact sees the user',
      {
        id: 'inv2',
        active: 'active2',
        name: 'visible-to-Frodo',
        rules: [`type='jid' value='frodo@tolkien.lit' action='allow'`, `action='deny'`],
        seenBy: FRODO,
      },
      AWAY,
    ),
    visible(
      [5, 6],
      'a group sees the user',
      {
        id: 'inv3',
        active: 'active3',
        name: 'visible-to-Bagginses',
        rules: [`type='group' value='Bagginses' action='allow'`, `action='deny'`],
        seenBy: FRODO,
      },
      AWAY,
    ),
    visible(
      [7, 8],
      'those see the user whom the user sees',
      {
        id: 'inv4',
        active: 'active4',
        name: 'visible-to-both',
        rules: [`type='subscription' value='both' action='allow'`, `action='deny'`],
        seenBy: FRODO,
      },
      AWAY,
    ),
    {
      examples: [9, 10, 11, 12],
      title: 'everybody sees the user, by a list and without one, until the user leaves',
      cast,
      unknown: ['push'],
      script: `${SHIRE}
        # Example 9
        ${appears({ id: 'inv5', active: 'active5', name: 'visible', rules: [`action='allow'`], status: BACK, seenBy: [...FRODO, ...GANDALF] })}
        # Example 10
        bilbo: <iq from='bilbo@tolkien.lit/shire' type='set' id='active6'>
          <query xmlns='jabber:iq:privacy'>
            <active/>
          </query>
        </iq>
        > bilbo: <iq type='result' id='active6'/>
        # Example 11
        bilbo: <presence>
          <status>I'm back!</status>
        </presence>
        ! forget bilbo${['frodo', 'gandalf'].map((who) => saw(who, `<presence><status>${BACK}</status></presence>`)).join('')}
        # Example 12
        ${leaves([...FRODO, ...GANDALF])}`,
    },
    visible(
      [13, 14, 15],
      'one contact does not see the user',
      {
        id: 'inv6',
        active: 'active7',
        name: 'invisible-to-Gandalf',
        rules: [`type='jid' value='gandalf@tolkien.lit' action='deny'`, `action='allow'`],
        seenBy: FRODO,
      },
      BACK,
    ),
    visible(
      [16, 17, 18],
      'a group does not see the user',
      {
        id: 'inv7',
        active: 'active8',
        name: 'invisible-to-Wizards',
        rules: [`type='group' value='Wizards' action='deny'`, `action='allow'`],
        seenBy: FRODO,
      },
      BACK,
    ),
    visible(
      [19, 20, 21],
      'those do not see the user whom the user does not see',
      {
        id: 'inv8',
        active: 'active9',
        name: 'invisible-to-from',
        rules: [`type='subscription' value='from' action='deny'`, `action='allow'`],
        seenBy: FRODO,
      },
      BACK,
    ),
    visible(
      [22, 23],
      'nobody sees the user any more',
      { id: 'inv1', active: 'active10', name: 'invisible', rules: [`action='deny'`], seenBy: [] },
      AWAY,
    ),
  ],
  others: {},
}
