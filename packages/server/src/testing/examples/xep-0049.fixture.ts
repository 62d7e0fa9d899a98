/** The examples of XEP-0049: Private XML Storage. */
import privateStorage from '../../modules/private.ts'
import type { Specification } from './play.fixture.ts'

const cast = { hamlet: 'hamlet@shakespeare.lit/denmark' }

export const xep0049: Specification = {
  name: 'XEP-0049',
  version: '1.2',
  count: 5,
  modules: [[privateStorage]],
  domains: ['shakespeare.lit'],
  plays: [
    {
      examples: [1, 2],
      title: 'a client stores and retrieves private data',
      cast,
      script: `
        # Example 1
        hamlet: <iq type="set" id="1001">
          <query xmlns="jabber:iq:private">
            <exodus xmlns="exodus:prefs">
              <defaultnick>Hamlet</defaultnick>
            </exodus>
          </query>
        </iq>
        > hamlet: <iq type="result" from="hamlet@shakespeare.lit/denmark" to="hamlet@shakespeare.lit/denmark" id="1001"/>
        # Example 2
        hamlet: <iq type="get" id="1002">
          <query xmlns="jabber:iq:private">
            <exodus xmlns="exodus:prefs"/>
          </query>
        </iq>
        > hamlet: <iq type="result" from="hamlet@shakespeare.lit/denmark" to="hamlet@shakespeare.lit/denmark" id="1002">
          <query xmlns="jabber:iq:private">
            <exodus xmlns="exodus:prefs">
              <defaultnick>Hamlet</defaultnick>
            </exodus>
          </query>
        </iq>`,
    },
    {
      examples: [3],
      title: 'nobody stores data for another user',
      cast: { macbeth: 'macbeth@shakespeare.lit/cawdor' },
      absent: ['hamlet@shakespeare.lit'],
      script: `
        macbeth: <iq type="set" to="hamlet@shakespeare.lit" id="1003">
          <query xmlns="jabber:iq:private">
            <exodus xmlns="exodus:prefs">
              <defaultnick>Macbeth</defaultnick>
            </exodus>
          </query>
        </iq>
        # forbidden is of the type auth since RFC 6120 (§8.3.3.4); the example mixes up the addresses, too.
        > macbeth: <iq type="error" from="hamlet@shakespeare.lit" to="macbeth@shakespeare.lit/cawdor" id="1003">
          <error code="403" type="auth">
            <forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
          </error>
        </iq>`,
    },
    {
      examples: [4],
      title: 'a request has to name what it is about',
      cast,
      script: `
        hamlet: <iq type="set" id="1004">
          <query xmlns="jabber:iq:private"/>
        </iq>
        # bad-format is no condition of a stanza error; what was meant is bad-request (RFC 6120 §8.3.3.1).
        > hamlet: <iq type="error" id="1004">
          <error code="406" type="modify">
            <bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
          </error>
        </iq>`,
    },
  ],
  others: { 'an optional refusal of namespaces that have a protocol of their own': [5] },
}
