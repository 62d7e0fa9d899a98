/** The examples of XEP-0363: HTTP File Upload. */
import disco from '../../modules/disco.ts'
import upload from '../../modules/http-upload/index.ts'
import type { Specification } from './play.fixture.ts'

const cast = { romeo: 'romeo@montague.tld/garden' }

const request = (attributes: string, purpose = ''): string => `<iq from='romeo@montague.tld/garden' id='step_03'
            to='upload.example.com' type='get'>
          <request xmlns='urn:xmpp:http:upload:0' ${attributes} content-type='image/jpeg'>${purpose}</request>
        </iq>`

const SLOT = `<iq from='upload.example.com' id='step_03' to='romeo@montague.tld/garden' type='result'>
          <slot xmlns='urn:xmpp:http:upload:0'>
            <put url='PUTADDRESS'/>
            <get url='GETADDRESS'/>
          </slot>
        </iq>`

/** What a file is for is a wish, which this server does not know: it gives a slot as it does without. */
const forPurpose = (example: number, title: string, attributes: string, purpose: string) => ({
  examples: [example],
  title,
  cast,
  unknown: ['PUTADDRESS', 'GETADDRESS'],
  script: `
        # Example ${example}
        romeo: ${request(attributes, purpose)}
        > romeo: ${SLOT}`,
})

const XMLNS = `xmlns='urn:xmpp:http:upload:purpose:0'`

export const xep0363: Specification = {
  name: 'XEP-0363',
  version: '1.2.0',
  count: 13,
  modules: [[disco], [upload, { max_file_size: 5_242_880 }]],
  domains: ['montague.tld'],
  plays: [
    {
      examples: [1, 2, 3, 4],
      title: 'the service is found, and says how large files may be',
      cast,
      script: `
        # Example 1
        romeo: <iq from='romeo@montague.tld/garden' id='step_01' to='montague.tld' type='get'>
          <query xmlns='http://jabber.org/protocol/disco#items'/>
        </iq>
        # Example 2
        > romeo: <iq from='montague.tld' id='step_01' to='romeo@montague.tld/garden' type='result'>
          <query xmlns='http://jabber.org/protocol/disco#items'>
            <item jid='upload.example.com' name='HTTP File Upload'/>
          </query>
        </iq>
        # Example 3
        romeo: <iq from='romeo@montague.tld/garden' id='step_02' to='upload.example.com' type='get'>
          <query xmlns='http://jabber.org/protocol/disco#info'/>
        </iq>
        # Example 4
        > romeo: <iq from='upload.example.com' id='step_02' to='romeo@montague.tld/garden' type='result'>
          <query xmlns='http://jabber.org/protocol/disco#info'>
            <identity category='store' type='file' name='HTTP File Upload'/>
            <feature var='urn:xmpp:http:upload:0'/>
            <x type='result' xmlns='jabber:x:data'>
              <field var='FORM_TYPE' type='hidden'>
                <value>urn:xmpp:http:upload:0</value>
              </field>
              <field var='max-file-size'>
                <value>5242880</value>
              </field>
            </x>
            ...
          </query>
        </iq>`,
    },
    {
      examples: [5, 6],
      title: 'a slot is given',
      cast,
      unknown: ['PUTADDRESS', 'GETADDRESS'],
      // The addresses of the local store hold what headers hold in the example.
      script: `
        # Example 5
        romeo: ${request(`filename='très cool.jpg' size='23456'`)}
        # Example 6
        > romeo: ${SLOT}`,
    },
    forPurpose(7, 'for a message', `filename='hi.jpg' size='23425'`, `<message ${XMLNS}/>`),
    forPurpose(8, 'for an avatar', `filename='avatar.jpg' size='100'`, `<profile ${XMLNS}/>`),
    forPurpose(
      9,
      'for a while',
      `filename='eiffel-tower-status-picture.jpg' size='100'`,
      `<ephemeral ${XMLNS} expire-before='2025-09-10T23:08:25Z'/>`,
    ),
    forPurpose(10, 'for good', `filename='pubsub-blog-picture.jpg' size='42000'`, `<permanent ${XMLNS}/>`),
    {
      examples: [11],
      title: 'a file that is too large',
      cast,
      script: `
        romeo: ${request(`filename='très cool.jpg' size='5242881'`)}
        # Example 11
        > romeo: <iq from='upload.example.com' id='step_03' to='romeo@montague.tld/garden' type='error'>
          <error type='modify'>
            <not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
            <file-too-large xmlns='urn:xmpp:http:upload:0'>
              <max-file-size>5242880</max-file-size>
            </file-too-large>
          </error>
        </iq>`,
    },
  ],
  others: {
    'the room of a user that is full: modules/http-upload/index.test.ts': [12],
    'every user may upload; strangers may not, which the tests of the module show': [13],
  },
}
