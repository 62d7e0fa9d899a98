/** The examples of XEP-0153: vCard-Based Avatars. */
import presence from '../../modules/presence/index.ts'
import roster from '../../modules/roster/index.ts'
import vcard from '../../modules/vcard/index.ts'
import { befriended } from './befriended.fixture.ts'
import type { Specification } from './play.fixture.ts'

const cast = { juliet: 'juliet@capulet.com/balcony', romeo: 'romeo@montague.net/orchard' }
const friends = befriended(['romeo', 'romeo@montague.net'], ['juliet', 'juliet@capulet.com'])

const UPDATES = {
  3: `<x xmlns='vcard-temp:x:update'><photo>01b87fcd030b72895ff8e88db57ec525450f000d</photo></x>`,
  6: `<x xmlns='vcard-temp:x:update'/>`,
  7: `<x xmlns='vcard-temp:x:update'><photo/></x>`,
}

export const xep0153: Specification = {
  name: 'XEP-0153',
  version: '1.1.1',
  count: 7,
  modules: [[roster], [presence], [vcard]],
  domains: ['capulet.com', 'montague.net'],
  plays: [
    {
      examples: [1, 2, 4, 5],
      title: 'the vCard has an avatar, which a contact asks for',
      cast,
      script: `
        # Example 1
        juliet: <iq from='juliet@capulet.com' type='set' id='vc1'>
          <vCard xmlns='vcard-temp'>
            <BDAY>1476-06-09</BDAY>
            <ADR>
              <CTRY>Italy</CTRY>
              <LOCALITY>Verona</LOCALITY>
              <HOME/>
            </ADR>
            <NICKNAME/>
            <N><GIVEN>Juliet</GIVEN><FAMILY>Capulet</FAMILY></N>
            <EMAIL><USERID>jcapulet@shakespeare.lit</USERID></EMAIL>
            <PHOTO>
              <TYPE>image/jpeg</TYPE>
              <BINVAL>
                Base64-encoded-avatar-file-here!
              </BINVAL>
            </PHOTO>
          </vCard>
        </iq>
        # Example 2, to the resource
        > juliet: <iq to='juliet@capulet.com/balcony' type='result' id='vc1'/>
        # Example 4
        romeo: <iq from='romeo@montague.net/orchard' to='juliet@capulet.com' type='get' id='vc2'>
          <vCard xmlns='vcard-temp'/>
        </iq>
        # Example 5
        > romeo: <iq from='juliet@capulet.com' to='romeo@montague.net/orchard' type='result' id='vc2'>
          <vCard xmlns='vcard-temp'>
            <BDAY>1476-06-09</BDAY>
            <ADR>
              <CTRY>Italy</CTRY>
              <LOCALITY>Verona</LOCALITY>
              <HOME/>
            </ADR>
            <NICKNAME/>
            <N><GIVEN>Juliet</GIVEN><FAMILY>Capulet</FAMILY></N>
            <EMAIL><USERID>jcapulet@shakespeare.lit</USERID></EMAIL>
            <PHOTO>
              <TYPE>image/jpeg</TYPE>
              <BINVAL>
                Base64-encoded-avatar-file-here!
              </BINVAL>
            </PHOTO>
          </vCard>
        </iq>`,
    },
    {
      examples: [3, 6, 7],
      title: 'clients say in their presence which avatar there is; nothing is taken away or added',
      cast,
      script: `${friends}${Object.entries(UPDATES)
        .map(
          ([example, update]) => `
        # Example ${example}
        juliet: <presence>${update}</presence>
        > romeo: <presence from='juliet@capulet.com/balcony' to='romeo@montague.net'>${update}</presence>
        ! forget juliet`,
        )
        .join('')}`,
    },
  ],
  others: {},
}
