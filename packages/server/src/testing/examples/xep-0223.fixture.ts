/** The examples of XEP-0223: Persistent Storage of Private Data via PubSub. */
import disco from '../../modules/disco.ts'
import presence from '../../modules/presence/index.ts'
import caps from '../../modules/caps/index.ts'
import pubsub from '../../modules/pubsub/index.ts'
import type { Specification } from './play.fixture.ts'

const cast = { balcony: 'juliet@capulet.lit/balcony' }

/** The server gives the item an id, and says it. */
const PUBLISHED = `<iq type='result' id='pdp1'>
          <pubsub xmlns='http://jabber.org/protocol/pubsub'>
            <publish node='storage:bookmarks'><item id='SomeID'/></publish>
          </pubsub>
        </iq>`

export const xep0223: Specification = {
  name: 'XEP-0223',
  version: '1.1.1',
  count: 6,
  modules: [[presence], [disco], [caps], [pubsub]],
  domains: ['capulet.lit'],
  plays: [
    {
      examples: [1, 3, 4],
      title: 'data of a user that nobody else sees',
      cast: { ...cast, stranger: 'romeo@capulet.lit/orchard' },
      unknown: ['SomeID', 'AnotherID'],
      script: `
        # Examples 1 and 4
        balcony: <iq from='juliet@capulet.lit/balcony' type='set' id='pdp1'>
          <pubsub xmlns='http://jabber.org/protocol/pubsub'>
            <publish node='storage:bookmarks'>
              <item>
                <conference xmlns='storage:bookmarks' autojoin='true' jid='theplay@conference.shakespeare.lit' name='The Play&apos;s the Thing'>
                  <nick>JC</nick>
                  <password>Gl0b3</password>
                </conference>
              </item>
            </publish>
            <publish-options>
              <x xmlns='jabber:x:data' type='submit'>
                <field var='FORM_TYPE' type='hidden'>
                  <value>http://jabber.org/protocol/pubsub#publish-options</value>
                </field>
                <field var='pubsub#persist_items'>
                  <value>true</value>
                </field>
                <field var='pubsub#access_model'>
                  <value>whitelist</value>
                </field>
              </x>
            </publish-options>
          </pubsub>
        </iq>
        > balcony: ${PUBLISHED}
        # Example 3: the node stays as it is
        balcony: <iq from='juliet@capulet.lit/balcony' type='set' id='pdp1'>
          <pubsub xmlns='http://jabber.org/protocol/pubsub'>
            <publish node='storage:bookmarks'>
              <item>
                <conference xmlns='storage:bookmarks' autojoin='true' jid='theplay@conference.shakespeare.lit' name='The Play&apos;s the Thing'>
                  <nick>JC</nick>
                  <password>Gl0b3</password>
                </conference>
              </item>
            </publish>
          </pubsub>
        </iq>
        > balcony: ${PUBLISHED.replace('SomeID', 'AnotherID')}
        stranger: <iq type='get' to='juliet@capulet.lit' id='g'>
          <pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='storage:bookmarks'/></pubsub>
        </iq>
        > stranger: <iq type='error' from='juliet@capulet.lit' id='g'>
          <error type='cancel'><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>
        </iq>`,
    },
  ],
  others: {
    'the notification of the own devices: XEP-0163': [2],
    'in the answer of the account, not of the server: XEP-0163': [5, 6],
  },
}
