/** The examples of XEP-0077: In-Band Registration. */
import disco from '../../modules/disco.ts'
import register from '../../modules/register/index.ts'
import type { Specification } from './play.fixture.ts'

const REGISTERED = `<iq type='set' id='reg2'>
          <query xmlns='jabber:iq:register'>
            <username>bill</username>
            <password>Calliope</password>
            <email>bard@shakespeare.lit</email>
          </query>
        </iq>`
const cast = { bill: 'bill@shakespeare.lit/globe' }

export const xep0077: Specification = {
  name: 'XEP-0077',
  version: '2.4',
  count: 34,
  modules: [[register], [disco]],
  domains: ['shakespeare.lit', 'marlowe.lit'],
  plays: [
    {
      examples: [1, 2, 4, 5, 6],
      title: 'an account is made, once',
      cast: { entity: 'stranger', other: 'stranger' },
      unknown: ['Choose a username and password for use with this service.'],
      script: `
        # Examples 1 and 2; this server does not ask for an email address.
        entity: <iq type='get' id='reg1' to='shakespeare.lit'>
          <query xmlns='jabber:iq:register'/>
        </iq>
        > entity: <iq type='result' id='reg1'>
          <query xmlns='jabber:iq:register'>
            <instructions>Choose a username and password for use with this service.</instructions>
            <username/>
            <password/>
          </query>
        </iq>
        # Examples 4 and 5
        entity: ${REGISTERED}
        > entity: <iq type='result' id='reg2'/>
        # Example 6; an address waits ten minutes between two accounts.
        ! wait 601
        other: ${REGISTERED}
        > other: <iq type='error' id='reg2'>
          <error code='409' type='cancel'>
            <conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
          </error>
        </iq>`,
    },
    {
      examples: [7],
      title: 'what is required is missing',
      cast: { entity: 'stranger' },
      script: `
        # Here the password, since no email address is asked for.
        entity: <iq type='set' id='reg2'>
          <query xmlns='jabber:iq:register'>
            <username>bill</username>
          </query>
        </iq>
        > entity: <iq type='error' id='reg2'>
          <error code='406' type='modify'>
            <not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
          </error>
        </iq>`,
    },
    {
      examples: [11, 12],
      title: 'an account is cancelled',
      cast,
      script: `
        bill: <iq type='set' from='bill@shakespeare.lit/globe' id='unreg1'>
          <query xmlns='jabber:iq:register'>
            <remove/>
          </query>
        </iq>
        > bill: <iq type='result' to='bill@shakespeare.lit/globe' id='unreg1'/>`,
    },
    {
      examples: [13],
      title: 'a cancellation that asks for more is a bad request',
      cast,
      script: `
        bill: <iq type='set' from='bill@shakespeare.lit/globe' id='unreg1'>
          <query xmlns='jabber:iq:register'>
            <remove/>
            <username>bill</username>
          </query>
        </iq>
        # It is from the account, to which a request without address goes.
        > bill: <iq type='error' to='bill@shakespeare.lit/globe' id='unreg1'>
          <error code='400' type='modify'>
            <bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
          </error>
        </iq>`,
    },
    {
      examples: [18, 19],
      title: 'a password is changed',
      cast,
      script: `
        bill: <iq type='set' to='shakespeare.lit' id='change1'>
          <query xmlns='jabber:iq:register'>
            <username>bill</username>
            <password>newpass</password>
          </query>
        </iq>
        > bill: <iq type='result' id='change1'/>`,
    },
    {
      examples: [27, 28],
      title: 'the server says that it registers',
      cast: { marlowe: 'marlowe@marlowe.lit/pen' },
      script: `
        marlowe: <iq id='jzg2d175' to='shakespeare.lit' type='get'>
          <query xmlns='http://jabber.org/protocol/disco#info'/>
        </iq>
        > marlowe: <iq from='shakespeare.lit' id='jzg2d175' to='marlowe@marlowe.lit/pen' type='result'>
          <query xmlns='http://jabber.org/protocol/disco#info'>
            ...
            <feature var='jabber:iq:register'/>
            ...
          </query>
        </iq>`,
    },
  ],
  others: {
    'what is registered is not shown: passwords are not kept in the clear': [3],
    'registration with other services, and by forms': [8, 9, 10, 16, 17, 23, 24, 25],
    'refusals that modules/register/register.test.ts has': [14, 15, 20, 21, 22],
    'stream features: modules/register/register.test.ts': [26],
    'URIs, and what clients make of them': [29, 30, 31, 32, 33, 34],
  },
}
