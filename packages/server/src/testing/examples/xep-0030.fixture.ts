/** The examples of XEP-0030: Service Discovery, as far as a server answers them. */
import disco from '../../modules/disco.ts'
import messages from '../../modules/messages.ts'
import type { Specification } from './play.fixture.ts'

const cast = { romeo: 'romeo@montague.net/orchard', juliet: 'juliet@capulet.com/balcony' }

export const xep0030: Specification = {
  name: 'XEP-0030',
  version: '2.5.0',
  count: 28,
  modules: [[disco, { extra_domains: ['people.shakespeare.org', 'plays.shakespeare.org'] }], [messages]],
  domains: ['montague.net', 'capulet.com', 'shakespeare.lit'],
  plays: [
    {
      examples: [1, 2],
      title: 'information about a server',
      cast,
      script: `
        romeo: <iq type='get' from='romeo@montague.net/orchard' to='shakespeare.lit' id='info1'>
          <query xmlns='http://jabber.org/protocol/disco#info'/>
        </iq>
        > romeo: <iq type='result' from='shakespeare.lit' to='romeo@montague.net/orchard' id='info1'>
          <query xmlns='http://jabber.org/protocol/disco#info'>
            ...
            <feature var='http://jabber.org/protocol/disco#info'/>
            <feature var='http://jabber.org/protocol/disco#items'/>
          </query>
        </iq>`,
    },
    {
      examples: [5, 6],
      title: 'information about an account',
      cast,
      script: `
        # In the example a server asks, here the user.
        juliet: <iq type='get' to='juliet@capulet.com' id='info2'>
          <query xmlns='http://jabber.org/protocol/disco#info'/>
        </iq>
        > juliet: <iq type='result' from='juliet@capulet.com' to='juliet@capulet.com/balcony' id='info2'>
          <query xmlns='http://jabber.org/protocol/disco#info'>
            ...
            <identity category='account' type='registered'/>
            <feature var='http://jabber.org/protocol/disco#info'/>
          </query>
        </iq>`,
    },
    {
      examples: [8],
      title: 'information about a connected resource is its own matter',
      cast,
      script: `
        juliet: <iq type='get' from='juliet@capulet.com/balcony' to='romeo@montague.net/orchard' id='info4'>
          <query xmlns='http://jabber.org/protocol/disco#info'/>
        </iq>
        > romeo: <iq type='get' from='juliet@capulet.com/balcony' to='romeo@montague.net/orchard' id='info4'>
          <query xmlns='http://jabber.org/protocol/disco#info'/>
        </iq>
        romeo: <iq type='result' from='romeo@montague.net/orchard' to='juliet@capulet.com/balcony' id='info4'>
          <query xmlns='http://jabber.org/protocol/disco#info'>
            <identity category='client' type='pc' name='Gabber'/>
            <feature var='http://jabber.org/protocol/disco#info'/>
            <feature var='jabber:iq:time'/>
            <feature var='jabber:iq:version'/>
          </query>
        </iq>
        > juliet: <iq type='result' from='romeo@montague.net/orchard' to='juliet@capulet.com/balcony' id='info4'>
          <query xmlns='http://jabber.org/protocol/disco#info'>
            <identity category='client' type='pc' name='Gabber'/>
            <feature var='http://jabber.org/protocol/disco#info'/>
            <feature var='jabber:iq:time'/>
            <feature var='jabber:iq:version'/>
          </query>
        </iq>`,
    },
    {
      examples: [11, 12],
      title: 'the items of a server',
      cast,
      script: `
        # Of the items the example has eight, here there are two, at a domain that is not served here.
        romeo: <iq type='get' from='romeo@montague.net/orchard' to='shakespeare.lit' id='items1'>
          <query xmlns='http://jabber.org/protocol/disco#items'/>
        </iq>
        > romeo: <iq type='result' from='shakespeare.lit' to='romeo@montague.net/orchard' id='items1'>
          <query xmlns='http://jabber.org/protocol/disco#items'>
            <item jid='people.shakespeare.org'/>
            <item jid='plays.shakespeare.org'/>
          </query>
        </iq>`,
    },
  ],
  others: {
    'a service that is not there, or does not answer: core/router.test.ts': [3, 4],
    'rooms, and other services with nodes of their own': [7, 16, 17, 18, 19, 20, 21, 22, 23, 24],
    'nodes of modules: modules/disco.test.ts': [9, 10],
    'results that modules/disco.test.ts has': [13, 14, 15],
    'URIs, and what clients make of them': [25, 26, 27, 28],
  },
}
