/** The examples of XEP-0191: Blocking Command. */
import blocking from '../../modules/blocking.ts'
import disco from '../../modules/disco.ts'
import messages from '../../modules/messages.ts'
import presence from '../../modules/presence/index.ts'
import privacy from '../../modules/privacy/index.ts'
import type { Specification } from './play.fixture.ts'

const cast = { chamber: 'juliet@capulet.com/chamber', balcony: 'juliet@capulet.com/balcony' }

/** Pushes go to resources that have asked for the list (§3.3). */
const INTERESTED = `
        chamber: <iq type='get' id='b1'><blocklist xmlns='urn:xmpp:blocking'/></iq>
        balcony: <iq type='get' id='b1'><blocklist xmlns='urn:xmpp:blocking'/></iq>`

export const xep0191: Specification = {
  name: 'XEP-0191',
  version: '1.3',
  count: 15,
  modules: [[presence], [messages], [disco], [privacy], [blocking]],
  domains: ['capulet.com', 'montague.net', 'shakespeare.lit'],
  plays: [
    {
      examples: [1, 2],
      title: 'the server says that it does',
      cast: { chamber: cast.chamber },
      script: `
        # Example 1
        chamber: <iq from='juliet@capulet.com/chamber' to='capulet.com' type='get' id='disco1'>
          <query xmlns='http://jabber.org/protocol/disco#info'/>
        </iq>
        # Example 2
        > chamber: <iq from='capulet.com' to='juliet@capulet.com/chamber' type='result' id='disco1'>
          <query xmlns='http://jabber.org/protocol/disco#info'>
            ...
            <feature var='urn:xmpp:blocking'/>
            ...
          </query>
        </iq>`,
    },
    {
      examples: [3, 4, 5],
      title: 'an empty list, and one with items',
      cast: { chamber: cast.chamber },
      script: `
        # Example 3
        chamber: <iq type='get' id='blocklist1'>
          <blocklist xmlns='urn:xmpp:blocking'/>
        </iq>
        # Example 5
        > chamber: <iq type='result' id='blocklist1'>
          <blocklist xmlns='urn:xmpp:blocking'/>
        </iq>
        chamber: <iq type='set' id='block0'>
          <block xmlns='urn:xmpp:blocking'><item jid='romeo@montague.net'/><item jid='iago@shakespeare.lit'/></block>
        </iq>
        ! forget chamber
        chamber: <iq type='get' id='blocklist1'>
          <blocklist xmlns='urn:xmpp:blocking'/>
        </iq>
        # Example 4
        > chamber: <iq type='result' id='blocklist1'>
          <blocklist xmlns='urn:xmpp:blocking'>
            <item jid='romeo@montague.net'/>
            <item jid='iago@shakespeare.lit'/>
          </blocklist>
        </iq>`,
    },
    {
      examples: [6, 7, 8, 9],
      title: 'who is blocked cannot be written to',
      cast,
      absent: ['romeo@montague.net'],
      unknown: ['push1', 'push2'],
      script: `${INTERESTED}
        ! forget chamber
        ! forget balcony
        # Example 6
        chamber: <iq from='juliet@capulet.com/chamber' type='set' id='block1'>
          <block xmlns='urn:xmpp:blocking'>
            <item jid='romeo@montague.net'/>
          </block>
        </iq>
        # Example 8
        > chamber: <iq to='juliet@capulet.com/chamber' type='set' id='push1'>
          <block xmlns='urn:xmpp:blocking'>
            <item jid='romeo@montague.net'/>
          </block>
        </iq>
        > balcony: <iq to='juliet@capulet.com/balcony' type='set' id='push2'>
          <block xmlns='urn:xmpp:blocking'>
            <item jid='romeo@montague.net'/>
          </block>
        </iq>
        # Example 7
        > chamber: <iq type='result' id='block1'/>
        chamber: <message to='romeo@montague.net' type='chat'><body>Can you hear me now?</body></message>
        # Example 9
        > chamber: <message type='error' from='romeo@montague.net' to='juliet@capulet.com/chamber'>
          <body>Can you hear me now?</body>
          <error type='cancel'>
            <not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
            <blocked xmlns='urn:xmpp:blocking:errors'/>
          </error>
        </message>`,
    },
    {
      examples: [10, 11, 12],
      title: 'unblocking one',
      cast,
      unknown: ['push3', 'push4'],
      script: `${INTERESTED}
        chamber: <iq from='juliet@capulet.com/chamber' type='set' id='block1'>
          <block xmlns='urn:xmpp:blocking'>
            <item jid='romeo@montague.net'/>
          </block>
        </iq>
        ! forget chamber
        ! forget balcony
        # Example 10
        chamber: <iq type='set' id='unblock1'>
          <unblock xmlns='urn:xmpp:blocking'>
            <item jid='romeo@montague.net'/>
          </unblock>
        </iq>
        # Example 12
        > chamber: <iq to='juliet@capulet.com/chamber' type='set' id='push3'>
          <unblock xmlns='urn:xmpp:blocking'>
            <item jid='romeo@montague.net'/>
          </unblock>
        </iq>
        > balcony: <iq to='juliet@capulet.com/balcony' type='set' id='push4'>
          <unblock xmlns='urn:xmpp:blocking'>
            <item jid='romeo@montague.net'/>
          </unblock>
        </iq>
        # Example 11
        > chamber: <iq type='result' id='unblock1'/>`,
    },
    {
      examples: [13, 14, 15],
      title: 'unblocking all',
      cast,
      unknown: ['push5', 'push6'],
      script: `${INTERESTED}
        chamber: <iq from='juliet@capulet.com/chamber' type='set' id='block1'>
          <block xmlns='urn:xmpp:blocking'>
            <item jid='romeo@montague.net'/>
          </block>
        </iq>
        ! forget chamber
        ! forget balcony
        # Example 13
        chamber: <iq type='set' id='unblock2'>
          <unblock xmlns='urn:xmpp:blocking'/>
        </iq>
        # Example 15
        > chamber: <iq to='juliet@capulet.com/chamber' type='set' id='push5'>
          <unblock xmlns='urn:xmpp:blocking'/>
        </iq>
        > balcony: <iq to='juliet@capulet.com/balcony' type='set' id='push6'>
          <unblock xmlns='urn:xmpp:blocking'/>
        </iq>
        # Example 14
        > chamber: <iq type='result' id='unblock2'/>`,
    },
  ],
  others: {},
}
