/** The examples of XEP-0079: Advanced Message Processing. */
import amp from '../../modules/amp/index.ts'
import disco from '../../modules/disco.ts'
import messages from '../../modules/messages.ts'
import offline from '../../modules/offline/index.ts'
import presence from '../../modules/presence/index.ts'
import roster from '../../modules/roster/index.ts'
import type { Specification } from './play.fixture.ts'

const cast = { northumberland: 'northumberland@shakespeare.lit/westminster' }
const elsinore = { bernardo: 'bernardo@hamlet.lit/elsinore' }

const told = (status: string): string => `<amp xmlns='http://jabber.org/protocol/amp' status='${status}'
            to='francisco@hamlet.lit' from='bernardo@hamlet.lit/elsinore'>
            <rule action='${status}' condition='deliver' value='stored'/>
          </amp>`

const asks = (action: string): string => `<message to='francisco@hamlet.lit' from='bernardo@hamlet.lit/elsinore'
            type='chat' id='chatty2'>
          <body>Who&apos;s there?</body>
          <amp xmlns='http://jabber.org/protocol/amp'>
            <rule action='${action}' condition='deliver' value='stored'/>
          </amp>
        </message>`

const refused = (condition: string): string => `<message from='shakespeare.lit' id='richard2-4.1.247'
            to='northumberland@shakespeare.lit/westminster' type='error'>
          <error type='modify'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>
        </message>`

export const xep0079: Specification = {
  name: 'XEP-0079',
  version: '1.2',
  count: 26,
  modules: [[roster], [presence], [messages], [disco], [offline], [amp]],
  domains: ['shakespeare.lit', 'hamlet.lit', 'royalty.england.lit'],
  plays: [
    {
      examples: [1, 2, 3, 4],
      title: 'the server says that it does, and what it does',
      cast,
      // The examples leave out ids; expire-at is not followed.
      script: `
        # Example 1
        northumberland: <iq from='northumberland@shakespeare.lit/westminster' id='i1' to='shakespeare.lit' type='get'>
          <query xmlns='http://jabber.org/protocol/disco#info'/>
        </iq>
        # Example 2
        > northumberland: <iq from='shakespeare.lit' id='i1' to='northumberland@shakespeare.lit/westminster' type='result'>
          <query xmlns='http://jabber.org/protocol/disco#info'>
            <feature var='http://jabber.org/protocol/amp'/>
            ...
          </query>
        </iq>
        # Example 3
        northumberland: <iq from='northumberland@shakespeare.lit/westminster' id='i2' to='shakespeare.lit' type='get'>
          <query xmlns='http://jabber.org/protocol/disco#info' node='http://jabber.org/protocol/amp'/>
        </iq>
        # Example 4
        > northumberland: <iq from='shakespeare.lit' id='i2' to='northumberland@shakespeare.lit/westminster' type='result'>
          <query xmlns='http://jabber.org/protocol/disco#info' node='http://jabber.org/protocol/amp'>
            <feature var='http://jabber.org/protocol/amp'/>
            <feature var='http://jabber.org/protocol/amp?action=drop'/>
            <feature var='http://jabber.org/protocol/amp?action=error'/>
            <feature var='http://jabber.org/protocol/amp?action=notify'/>
            <feature var='http://jabber.org/protocol/amp?condition=deliver'/>
            <feature var='http://jabber.org/protocol/amp?condition=match-resource'/>
            ...
          </query>
        </iq>`,
    },
    {
      examples: [5, 16, 18, 19, 20, 22],
      title: 'a condition that is not followed',
      cast,
      absent: ['kingrichard@royalty.england.lit'],
      script: `
        # Examples 5, 16, 18, 20 and 22
        northumberland: <message from='northumberland@shakespeare.lit' id='richard2-4.1.247' to='kingrichard@royalty.england.lit'>
          <body>My lord, dispatch; read o'er these articles.</body>
          <amp xmlns='http://jabber.org/protocol/amp'>
            <rule condition='expire-at' action='drop' value='2004-01-01T00:00:00Z'/>
          </amp>
        </message>
        # Example 19
        > northumberland: ${refused('bad-request')}`,
    },
    {
      examples: [8, 24, 25],
      title: 'a message that would be stored is refused',
      cast: elsinore,
      absent: ['francisco@hamlet.lit'],
      script: `
        bernardo: ${asks('error')}
        # Examples 8 and 25
        > bernardo: <message from='hamlet.lit' to='bernardo@hamlet.lit/elsinore' type='error' id='chatty2'>
          <error type='modify'><undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>
        </message>`,
    },
    {
      examples: [9],
      title: 'the sender is told that a message is stored',
      cast: elsinore,
      absent: ['francisco@hamlet.lit'],
      script: `
        bernardo: ${asks('notify')}
        # Example 9
        > bernardo: <message from='hamlet.lit' to='bernardo@hamlet.lit/elsinore' id='chatty2'>
          ${told('notify')}
        </message>`,
    },
    {
      examples: [13],
      title: 'a message that would be stored is dropped',
      cast: elsinore,
      absent: ['francisco@hamlet.lit'],
      script: `
        # Example 13
        bernardo: <message to='francisco@hamlet.lit' from='bernardo@hamlet.lit/elsinore' type='chat' id='chatty1'>
          <body>Who&apos;s there?</body>
          <amp xmlns='http://jabber.org/protocol/amp'>
            <rule action='drop' condition='deliver' value='stored'/>
          </amp>
        </message>
        > bernardo: nothing
        ! connect francisco francisco@hamlet.lit/wall
        francisco: <presence/>
        > francisco: <presence from='francisco@hamlet.lit/wall'/>`,
    },
    {
      examples: [14, 17],
      title: 'an action that is not followed',
      cast: elsinore,
      absent: ['francisco@hamlet.lit'],
      script: `
        # Example 14
        bernardo: <message to='francisco@hamlet.lit' from='bernardo@hamlet.lit/elsinore' type='chat' id='chatty2'>
          <body>Who&apos;s there?</body>
          <amp xmlns='http://jabber.org/protocol/amp'>
            <rule action='alert' condition='deliver' value='stored'/>
          </amp>
        </message>
        # Example 17
        > bernardo: <message from='hamlet.lit' id='chatty2' to='bernardo@hamlet.lit/elsinore' type='error'>
          <error type='modify'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>
        </message>`,
    },
  ],
  others: {
    'per-hop, which is not followed': [6, 10, 11],
    'alert, which is not followed': [7, 15],
    'expire-at, which is not followed': [12],
    'only rules that are not followed are refused; there is no other reason here': [21],
    'what a server without this says': [23],
    'stream features, which the tests of the module look at': [26],
  },
}
