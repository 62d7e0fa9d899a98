/** The examples of XEP-0054: vcard-temp. */
import disco from '../../modules/disco.ts'
import vcard from '../../modules/vcard/index.ts'
import type { Specification } from './play.fixture.ts'

const cast = { stpeter: 'stpeter@jabber.org/roundabout' }

export const xep0054: Specification = {
  name: 'XEP-0054',
  version: '1.3.0',
  count: 14,
  modules: [[disco], [vcard]],
  domains: ['jabber.org', 'capulet.lit'],
  plays: [
    {
      examples: [1, 3],
      title: 'there is no vCard',
      cast,
      script: `
        # Example 1
        stpeter: <iq from='stpeter@jabber.org/roundabout' id='v1' type='get'>
          <vCard xmlns='vcard-temp'/>
        </iq>
        # Example 3
        > stpeter: <iq id='v1' to='stpeter@jabber.org/roundabout' type='error'>
          <vCard xmlns='vcard-temp'/>
          <error type='cancel'>
            <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>
          </error>
        </iq>`,
    },
    {
      examples: [2, 5, 6],
      title: 'a vCard is changed and asked for',
      cast,
      script: `
        # The vCard of example 2
        stpeter: <iq id='v0' type='set'>
          <vCard xmlns='vcard-temp'>
            <FN>Peter Saint-Andre</FN>
            <N>
              <FAMILY>Saint-Andre</FAMILY>
              <GIVEN>Peter</GIVEN>
              <MIDDLE/>
            </N>
            <NICKNAME>stpeter</NICKNAME>
            <URL>http://www.xmpp.org/xsf/people/stpeter.shtml</URL>
            <BDAY>1966-08-06</BDAY>
            <ORG>
              <ORGNAME>XMPP Standards Foundation</ORGNAME>
              <ORGUNIT/>
            </ORG>
            <TITLE>Executive Director</TITLE>
            <ROLE>Patron Saint</ROLE>
            <TEL><WORK/><VOICE/><NUMBER>303-308-3282</NUMBER></TEL>
            <TEL><WORK/><FAX/><NUMBER/></TEL>
            <TEL><WORK/><MSG/><NUMBER/></TEL>
            <ADR>
              <WORK/>
              <EXTADD>Suite 600</EXTADD>
              <STREET>1899 Wynkoop Street</STREET>
              <LOCALITY>Denver</LOCALITY>
              <REGION>CO</REGION>
              <PCODE>80202</PCODE>
              <CTRY>USA</CTRY>
            </ADR>
            <TEL><HOME/><VOICE/><NUMBER>303-555-1212</NUMBER></TEL>
            <TEL><HOME/><FAX/><NUMBER/></TEL>
            <TEL><HOME/><MSG/><NUMBER/></TEL>
            <ADR>
              <HOME/>
              <EXTADD/>
              <STREET/>
              <LOCALITY>Denver</LOCALITY>
              <REGION>CO</REGION>
              <PCODE>80209</PCODE>
              <CTRY>USA</CTRY>
            </ADR>
            <EMAIL><INTERNET/><PREF/><USERID>stpeter@jabber.org</USERID></EMAIL>
            <JABBERID>stpeter@jabber.org</JABBERID>
            <DESC>
              More information about me is located on my
              personal website: http://www.saint-andre.com/
            </DESC>
          </vCard>
        </iq>
        > stpeter: <iq id='v0' to='stpeter@jabber.org/roundabout' type='result'/>
        stpeter: <iq from='stpeter@jabber.org/roundabout' id='v1' type='get'>
          <vCard xmlns='vcard-temp'/>
        </iq>
        # Example 2
        > stpeter: <iq id='v1' to='stpeter@jabber.org/roundabout' type='result'>
          <vCard xmlns='vcard-temp'>
            <FN>Peter Saint-Andre</FN>
            <N>
              <FAMILY>Saint-Andre</FAMILY>
              <GIVEN>Peter</GIVEN>
              <MIDDLE/>
            </N>
            <NICKNAME>stpeter</NICKNAME>
            <URL>http://www.xmpp.org/xsf/people/stpeter.shtml</URL>
            <BDAY>1966-08-06</BDAY>
            <ORG>
              <ORGNAME>XMPP Standards Foundation</ORGNAME>
              <ORGUNIT/>
            </ORG>
            <TITLE>Executive Director</TITLE>
            <ROLE>Patron Saint</ROLE>
            <TEL><WORK/><VOICE/><NUMBER>303-308-3282</NUMBER></TEL>
            <TEL><WORK/><FAX/><NUMBER/></TEL>
            <TEL><WORK/><MSG/><NUMBER/></TEL>
            <ADR>
              <WORK/>
              <EXTADD>Suite 600</EXTADD>
              <STREET>1899 Wynkoop Street</STREET>
              <LOCALITY>Denver</LOCALITY>
              <REGION>CO</REGION>
              <PCODE>80202</PCODE>
              <CTRY>USA</CTRY>
            </ADR>
            <TEL><HOME/><VOICE/><NUMBER>303-555-1212</NUMBER></TEL>
            <TEL><HOME/><FAX/><NUMBER/></TEL>
            <TEL><HOME/><MSG/><NUMBER/></TEL>
            <ADR>
              <HOME/>
              <EXTADD/>
              <STREET/>
              <LOCALITY>Denver</LOCALITY>
              <REGION>CO</REGION>
              <PCODE>80209</PCODE>
              <CTRY>USA</CTRY>
            </ADR>
            <EMAIL><INTERNET/><PREF/><USERID>stpeter@jabber.org</USERID></EMAIL>
            <JABBERID>stpeter@jabber.org</JABBERID>
            <DESC>
              More information about me is located on my
              personal website: http://www.saint-andre.com/
            </DESC>
          </vCard>
        </iq>
        # Example 5
        stpeter: <iq id='v2' type='set'>
          <vCard xmlns='vcard-temp'>
            <FN>Peter Saint-Andre</FN>
            <N>
              <FAMILY>Saint-Andre</FAMILY>
              <GIVEN>Peter</GIVEN>
              <MIDDLE/>
            </N>
            <NICKNAME>stpeter</NICKNAME>
            <URL>http://www.xmpp.org/xsf/people/stpeter.shtml</URL>
            <BDAY>1966-08-06</BDAY>
            <ORG>
              <ORGNAME>XMPP Standards Foundation</ORGNAME>
              <ORGUNIT/>
            </ORG>
            <TITLE>Executive Director</TITLE>
            <ROLE>Patron Saint</ROLE>
            <TEL><WORK/><VOICE/><NUMBER>303-308-3282</NUMBER></TEL>
            <TEL><WORK/><FAX/><NUMBER/></TEL>
            <TEL><WORK/><MSG/><NUMBER/></TEL>
            <ADR>
              <WORK/>
              <EXTADD>Suite 600</EXTADD>
              <STREET>1899 Wynkoop Street</STREET>
              <LOCALITY>Denver</LOCALITY>
              <REGION>CO</REGION>
              <PCODE>80202</PCODE>
              <CTRY>USA</CTRY>
            </ADR>
            <TEL><HOME/><VOICE/><NUMBER>303-555-1212</NUMBER></TEL>
            <TEL><HOME/><FAX/><NUMBER/></TEL>
            <TEL><HOME/><MSG/><NUMBER/></TEL>
            <ADR>
              <HOME/>
              <EXTADD/>
              <STREET/>
              <LOCALITY>Denver</LOCALITY>
              <REGION>CO</REGION>
              <PCODE>80209</PCODE>
              <CTRY>USA</CTRY>
            </ADR>
            <EMAIL><INTERNET/><PREF/><USERID>stpeter@jabber.org</USERID></EMAIL>
            <JABBERID>stpeter@jabber.org</JABBERID>
            <DESC>
              Check out my blog at https://stpeter.im/
            </DESC>
          </vCard>
        </iq>
        # Example 6
        > stpeter: <iq id='v2' to='stpeter@jabber.org/roundabout' type='result'/>`,
    },
    {
      examples: [8, 9],
      title: "another's vCard",
      cast: { ...cast, jer: 'jer@jabber.org/laptop' },
      script: `
        jer: <iq id='v0' type='set'>
          <vCard xmlns='vcard-temp'>
            <FN>JeremieMiller</FN>
            <N>
              <GIVEN>Jeremie</GIVEN>
              <FAMILY>Miller</FAMILY>
              <MIDDLE/>
            </N>
            <NICKNAME>jer</NICKNAME>
            <EMAIL><INTERNET/><PREF/><USERID>jeremie@jabber.org</USERID></EMAIL>
            <JABBERID>jer@jabber.org</JABBERID>
          </vCard>
        </iq>
        > jer: <iq id='v0' type='result'/>
        # Example 8
        stpeter: <iq from='stpeter@jabber.org/roundabout' id='v3' to='jer@jabber.org' type='get'>
          <vCard xmlns='vcard-temp'/>
        </iq>
        # Example 9
        > stpeter: <iq from='jer@jabber.org' to='stpeter@jabber.org/roundabout' type='result' id='v3'>
          <vCard xmlns='vcard-temp'>
            <FN>JeremieMiller</FN>
            <N>
              <GIVEN>Jeremie</GIVEN>
              <FAMILY>Miller</FAMILY>
              <MIDDLE/>
            </N>
            <NICKNAME>jer</NICKNAME>
            <EMAIL><INTERNET/><PREF/><USERID>jeremie@jabber.org</USERID></EMAIL>
            <JABBERID>jer@jabber.org</JABBERID>
          </vCard>
        </iq>`,
    },
    {
      examples: [11, 12],
      title: 'the server says that it does',
      cast: { juliet: 'juliet@capulet.lit/balcony' },
      script: `
        # Example 11
        juliet: <iq type='get' from='juliet@capulet.lit/balcony' to='capulet.lit' id='disco1'>
          <query xmlns='http://jabber.org/protocol/disco#info'/>
        </iq>
        # Example 12
        > juliet: <iq type='result' from='capulet.lit' to='juliet@capulet.lit/balcony' id='disco1'>
          <query xmlns='http://jabber.org/protocol/disco#info'>
            ...
            <feature var='vcard-temp'/>
            ...
          </query>
        </iq>`,
    },
  ],
  others: {
    'not-allowed, the other of two errors, is given (§3.2)': [7],
    'another of two answers, of which item-not-found is given (§3.1, §3.3)': [4, 10],
    'what clients do with an address': [13, 14],
  },
}
