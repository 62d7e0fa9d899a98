/** The examples of XEP-0016: Privacy Lists. */
import disco from '../../modules/disco.ts'
import messages from '../../modules/messages.ts'
import presence from '../../modules/presence/index.ts'
import privacy from '../../modules/privacy/index.ts'
import roster from '../../modules/roster/index.ts'
import version from '../../modules/version.ts'
import type { Play, Specification } from './play.fixture.ts'

const cast = { orchard: 'romeo@example.net/orchard' }

const asks = (type: 'get' | 'set', id: string, inner: string): string =>
  `<iq from='romeo@example.net/orchard' type='${type}' id='${id}'><query xmlns='jabber:iq:privacy'>${inner}</query></iq>`

/** The items of the examples' lists. */
const LISTS = [
  `<list name='public'>
          <item type='jid' value='tybalt@example.com' action='deny' order='1'/>
          <item action='allow' order='2'/>
        </list>`,
  `<list name='private'>
          <item type='subscription' value='both' action='allow' order='10'/>
          <item action='deny' order='15'/>
        </list>`,
  `<list name='special'>
          <item type='jid' value='juliet@example.com' action='allow' order='6'/>
          <item type='jid' value='benvolio@example.org' action='allow' order='7'/>
          <item type='jid' value='mercutio@example.org' action='allow' order='42'/>
          <item action='deny' order='666'/>
        </list>`,
]

/** They are there before the first example. */
const BEFORE = `${LISTS.map((list) => `\n        orchard: ${asks('set', 'before', list)}`).join('')}
        ! forget orchard`

/** Examples 29 to 48: by whom, about what, with which place. */
const rules = (
  first: number,
  id: string,
  kind: string,
  stanza: string,
  subscription: string,
  orders: readonly number[],
): Play => ({
  examples: [0, 1, 2, 3].map((more) => first + more),
  title: `blocking ${kind}: by JID, group and subscription, and everybody`,
  cast,
  unknown: [0, 1, 2, 3].map((more) => `push${first + more}`),
  script: [
    ['jid', `type='jid' value='tybalt@example.com' `],
    ['group', `type='group' value='Enemies' `],
    ['sub', `type='subscription' value='${subscription}' `],
    ['global', ''],
  ]
    .map(([by, whom], i) => {
      const name = `${kind}-${by}-example`
      const item = `<item ${whom}action='deny' order='${orders[i]}'`
      const list = `<list name='${name}'>${stanza === '' ? `${item}/>` : `${item}><${stanza}/></item>`}</list>`
      return `
        # Example ${first + i}
        orchard: ${ENEMIES}
        ! forget orchard
        orchard: ${asks('set', `${id}${i + 1}`, list)}
        > orchard: <iq type='set' id='push${first + i}' to='romeo@example.net/orchard'>
          <query xmlns='jabber:iq:privacy'><list name='${name}'/></query>
        </iq>
        > orchard: <iq type='result' id='${id}${i + 1}' to='romeo@example.net/orchard'/>
        orchard: ${asks('get', 'again', `<list name='${name}'/>`)}
        > orchard: <iq type='result' id='again' to='romeo@example.net/orchard'>
          <query xmlns='jabber:iq:privacy'>${list}</query>
        </iq>`
    })
    .join(''),
})

/** A list may only name groups of the roster (§2.1). */
const ENEMIES = `<iq id='enemies' type='set'>
          <query xmlns='jabber:iq:roster'><item jid='tybalt@example.com'><group>Enemies</group></item></query>
        </iq>`

export const xep0016: Specification = {
  name: 'XEP-0016',
  version: '1.7',
  count: 53,
  modules: [[roster], [presence], [messages], [disco], [version], [privacy]],
  domains: ['example.net', 'example.org', 'montague.net', 'capulet.com'],
  plays: [
    {
      examples: [1, 2, 3, 4, 5, 6, 7, 8],
      title: 'the names of the lists, and each of them',
      cast,
      script: `${BEFORE}
        orchard: ${asks('set', 'a', `<active name='private'/>`)}
        orchard: ${asks('set', 'd', `<default name='public'/>`)}
        ! forget orchard
        # Example 1
        orchard: <iq from='romeo@example.net/orchard' type='get' id='getlist1'>
        <query xmlns='jabber:iq:privacy'/>
        </iq>
        # Example 2
        > orchard: <iq type='result' id='getlist1' to='romeo@example.net/orchard'>
        <query xmlns='jabber:iq:privacy'>
          <active name='private'/>
          <default name='public'/>
          <list name='public'/>
          <list name='private'/>
          <list name='special'/>
        </query>
        </iq>
        # Example 3
        orchard: <iq from='romeo@example.net/orchard' type='get' id='getlist2'>
        <query xmlns='jabber:iq:privacy'>
          <list name='public'/>
        </query>
        </iq>
        # Example 4
        > orchard: <iq type='result' id='getlist2' to='romeo@example.net/orchard'>
        <query xmlns='jabber:iq:privacy'>
          <list name='public'>
            <item type='jid' value='tybalt@example.com' action='deny' order='1'/>
            <item action='allow' order='2'/>
          </list>
        </query>
        </iq>
        # Example 5
        orchard: <iq from='romeo@example.net/orchard' type='get' id='getlist3'>
        <query xmlns='jabber:iq:privacy'>
          <list name='private'/>
        </query>
        </iq>
        # Example 6
        > orchard: <iq type='result' id='getlist3' to='romeo@example.net/orchard'>
        <query xmlns='jabber:iq:privacy'>
          <list name='private'>
            <item type='subscription' value='both' action='allow' order='10'/>
            <item action='deny' order='15'/>
          </list>
        </query>
        </iq>
        # Example 7
        orchard: <iq from='romeo@example.net/orchard' type='get' id='getlist4'>
        <query xmlns='jabber:iq:privacy'>
          <list name='special'/>
        </query>
        </iq>
        # Example 8
        > orchard: <iq type='result' id='getlist4' to='romeo@example.net/orchard'>
        <query xmlns='jabber:iq:privacy'>
          <list name='special'>
            <item type='jid' value='juliet@example.com' action='allow' order='6'/>
            <item type='jid' value='benvolio@example.org' action='allow' order='7'/>
            <item type='jid' value='mercutio@example.org' action='allow' order='42'/>
            <item action='deny' order='666'/>
          </list>
        </query>
        </iq>`,
    },
    {
      examples: [9, 10],
      title: 'a list that is not there, and more than one',
      cast,
      script: `${BEFORE}
        orchard: ${asks('get', 'getlist5', `<list name='The Empty Set'/>`)}
        # Example 9
        > orchard: <iq to='romeo@example.net/orchard' type='error' id='getlist5'>
        <query xmlns='jabber:iq:privacy'>
          <list name='The Empty Set'/>
        </query>
        <error type='cancel'>
          <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
        </error>
        </iq>
        orchard: ${asks('get', 'getlist6', `<list name='public'/><list name='private'/><list name='special'/>`)}
        # Example 10
        > orchard: <iq to='romeo@example.net/orchard' type='error' id='getlist6'>
        <query xmlns='jabber:iq:privacy'>
          <list name='public'/>
          <list name='private'/>
          <list name='special'/>
        </query>
        <error type='modify'>
          <bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
        </error>
        </iq>`,
    },
    {
      examples: [11, 12, 13, 14, 15],
      title: 'the active list',
      cast,
      script: `${BEFORE}
        # Example 11
        orchard: <iq from='romeo@example.net/orchard' type='set' id='active1'>
        <query xmlns='jabber:iq:privacy'>
          <active name='special'/>
        </query>
        </iq>
        # Example 12
        > orchard: <iq type='result' id='active1' to='romeo@example.net/orchard'/>
        orchard: ${asks('set', 'active2', `<active name='The Empty Set'/>`)}
        # Example 13
        > orchard: <iq to='romeo@example.net/orchard' type='error' id='active2'>
        <query xmlns='jabber:iq:privacy'>
          <active name='The Empty Set'/>
        </query>
        <error type='cancel'>
          <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
        </error>
        </iq>
        # Example 14
        orchard: <iq from='romeo@example.net/orchard' type='set' id='active3'>
        <query xmlns='jabber:iq:privacy'>
          <active/>
        </query>
        </iq>
        # Example 15
        > orchard: <iq type='result' id='active3' to='romeo@example.net/orchard'/>`,
    },
    {
      examples: [16, 17, 19, 20, 21],
      title: 'the default list',
      cast,
      script: `${BEFORE}
        # Example 16
        orchard: <iq from='romeo@example.net/orchard' type='set' id='default1'>
        <query xmlns='jabber:iq:privacy'>
          <default name='special'/>
        </query>
        </iq>
        # Example 17
        > orchard: <iq type='result' id='default1' to='romeo@example.net/orchard'/>
        orchard: ${asks('set', 'default1', `<default name='The Empty Set'/>`)}
        # Example 19
        > orchard: <iq to='romeo@example.net/orchard' type='error' id='default1'>
        <query xmlns='jabber:iq:privacy'>
          <default name='The Empty Set'/>
        </query>
        <error type='cancel'>
          <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
        </error>
        </iq>
        # Example 20
        orchard: <iq from='romeo@example.net/orchard' type='set' id='default2'>
        <query xmlns='jabber:iq:privacy'>
          <default/>
        </query>
        </iq>
        # Example 21
        > orchard: <iq type='result' id='default2' to='romeo@example.net/orchard'/>`,
    },
    {
      examples: [18, 22],
      title: 'a default list that another resource uses stays',
      cast: { ...cast, home: 'romeo@example.net/home' },
      script: `${BEFORE}
        orchard: ${asks('set', 'd', `<default name='public'/>`)}
        home: <presence/>
        ! forget orchard
        ! forget home
        orchard: ${asks('set', 'default1', `<default name='special'/>`)}
        # Example 18
        > orchard: <iq to='romeo@example.net/orchard' type='error' id='default1'>
        <query xmlns='jabber:iq:privacy'>
          <default name='special'/>
        </query>
        <error type='cancel'>
          <conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
        </error>
        </iq>
        orchard: ${asks('set', 'default3', '<default/>')}
        # Example 22
        > orchard: <iq to='romeo@example.net/orchard' type='error' id='default3'>
        <query xmlns='jabber:iq:privacy'>
          <default/>
        </query>
        <error type='cancel'>
          <conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
        </error>
        </iq>`,
    },
    {
      examples: [23, 24, 25, 26, 27, 28],
      title: 'a list is edited and removed, and all resources are told',
      cast: { ...cast, home: 'romeo@example.net/home' },
      unknown: ['push1', 'push2', 'push3'],
      script: `${BEFORE}
        ! forget home
        # Example 23
        orchard: <iq from='romeo@example.net/orchard' type='set' id='edit1'>
        <query xmlns='jabber:iq:privacy'>
          <list name='public'>
            <item type='jid' value='tybalt@example.com' action='deny' order='3'/>
            <item type='jid' value='paris@example.org' action='deny' order='5'/>
            <item action='allow' order='68'/>
          </list>
        </query>
        </iq>
        # Example 25
        > orchard: <iq to='romeo@example.net/orchard' type='set' id='push1'>
        <query xmlns='jabber:iq:privacy'>
          <list name='public'/>
        </query>
        </iq>
        > home: <iq to='romeo@example.net/home' type='set' id='push2'>
        <query xmlns='jabber:iq:privacy'>
          <list name='public'/>
        </query>
        </iq>
        # Example 24
        > orchard: <iq type='result' id='edit1' to='romeo@example.net/orchard'/>
        # Example 26
        orchard: <iq from='romeo@example.net/orchard' type='result' id='push1'/>
        home: <iq from='romeo@example.net/home' type='result' id='push2'/>
        # Example 27
        orchard: <iq from='romeo@example.net/orchard' type='set' id='remove1'>
        <query xmlns='jabber:iq:privacy'>
          <list name='private'/>
        </query>
        </iq>
        # Removing is a change, too (§2.6).
        > orchard: <iq to='romeo@example.net/orchard' type='set' id='push3'>
          <query xmlns='jabber:iq:privacy'><list name='private'/></query>
        </iq>
        ! forget home
        # Example 28
        > orchard: <iq type='result' id='remove1' to='romeo@example.net/orchard'/>`,
    },
    rules(29, 'msg', 'message', 'message', 'none', [3, 4, 5, 6]),
    rules(33, 'presin', 'presin', 'presence-in', 'to', [7, 8, 9, 11]),
    rules(37, 'presout', 'presout', 'presence-out', 'from', [13, 15, 17, 23]),
    rules(41, 'iq', 'iq', 'iq', 'none', [29, 31, 17, 1]),
    rules(45, 'all', 'all', '', 'none', [23, 13, 11, 7]),
    {
      examples: [49, 50],
      title: 'who is blocked learns nothing',
      cast: { ...cast, pda: 'tybalt@example.com/pda' },
      script: `${BEFORE}
        orchard: ${asks('set', 'd', `<default name='public'/>`)}
        ! forget orchard
        # Example 49
        pda: <iq type='get' to='romeo@example.net' from='tybalt@example.com/pda' id='probing1'>
        <query xmlns='jabber:iq:version'/>
        </iq>
        # Example 50
        > pda: <iq type='error' from='romeo@example.net' to='tybalt@example.com/pda' id='probing1'>
        <query xmlns='jabber:iq:version'/>
        <error type='cancel'>
          <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
        </error>
        </iq>`,
    },
    {
      examples: [51],
      title: 'who blocks somebody does not write there either',
      cast: { juliet: 'juliet@capulet.com/chamber' },
      absent: ['romeo@montague.net'],
      script: `
        juliet: <iq type='set' id='l'>
          <query xmlns='jabber:iq:privacy'>
            <list name='l'><item type='jid' value='romeo@montague.net' action='deny' order='1'/></list>
          </query>
        </iq>
        juliet: <iq type='set' id='a'><query xmlns='jabber:iq:privacy'><active name='l'/></query></iq>
        ! forget juliet
        juliet: <message to='romeo@montague.net'><body>Can you hear me now?</body></message>
        # Example 51, which leaves out the resource
        > juliet: <message type='error' from='romeo@montague.net' to='juliet@capulet.com/chamber'>
          <error type='cancel'><not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>
        </message>`,
    },
    {
      examples: [52, 53],
      title: 'the server says that it does',
      cast: { juliet: 'juliet@example.com/chamber' },
      script: `
        # Example 52
        juliet: <iq from='juliet@example.com/chamber' id='disco1' to='example.com' type='get'>
          <query xmlns='http://jabber.org/protocol/disco#info'/>
        </iq>
        # Example 53
        > juliet: <iq from='example.com' id='disco1' to='juliet@example.com/chamber' type='result'>
          <query xmlns='http://jabber.org/protocol/disco#info'>
            ...
            <feature var='jabber:iq:privacy'/>
            ...
          </query>
        </iq>`,
    },
  ],
  others: {},
}
