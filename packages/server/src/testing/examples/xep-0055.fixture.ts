/** The examples of XEP-0055: Jabber Search. */
import vcard from '../../modules/vcard/index.ts'
import type { Specification } from './play.fixture.ts'

const cast = { romeo: 'romeo@montague.net/home' }
const everybody = { ...cast, juliet: 'juliet@capulet.com/balcony', tybalt: 'tybalt@shakespeare.lit/street' }

const card = (given: string, nick: string): string => `<iq type='set' id='card'>
          <vCard xmlns='vcard-temp'>
            <N><FAMILY>Capulet</FAMILY><GIVEN>${given}</GIVEN></N>
            <NICKNAME>${nick}</NICKNAME>
            <EMAIL><USERID>${given.toLowerCase()}@shakespeare.lit</USERID></EMAIL>
          </vCard>
        </iq>`

const CARDS = `
        juliet: ${card('Juliet', 'JuliC')}
        tybalt: ${card('Tybalt', 'ty')}
        ! wait 1
        ! forget juliet
        ! forget tybalt`

/** The search of examples 3 and 8; the service is one for each domain. */
const search = (fields: string): string => `<iq type='set' from='romeo@montague.net/home' to='vjud.example.com'
            id='search2' xml:lang='en'>
          <query xmlns='jabber:iq:search'>${fields}</query>
        </iq>`

export const xep0055: Specification = {
  name: 'XEP-0055',
  version: '1.3',
  count: 10,
  modules: [[vcard]],
  domains: ['montague.net', 'capulet.com', 'shakespeare.lit'],
  plays: [
    {
      examples: [1, 2, 6, 7],
      title: 'what can be searched for: fields, and a form',
      cast,
      script: `
        # Examples 1 and 6
        romeo: <iq type='get' from='romeo@montague.net/home' to='vjud.example.com' id='search1' xml:lang='en'>
          <query xmlns='jabber:iq:search'/>
        </iq>
        # Examples 2 and 7
        > romeo: <iq type='result' from='vjud.example.com' to='romeo@montague.net/home' id='search1'>
          <query xmlns='jabber:iq:search'>
            <first/>
            <last/>
            <nick/>
            <email/>
            <x xmlns='jabber:x:data' type='form'>
              <field type='hidden' var='FORM_TYPE'>
                <value>jabber:iq:search</value>
              </field>
              <field type='text-single' label='Given Name' var='first'/>
              <field type='text-single' label='Family Name' var='last'/>
              ...
            </x>
            ...
          </query>
        </iq>`,
    },
    {
      examples: [3, 4],
      title: 'two users are found by their family',
      cast: everybody,
      script: `${CARDS}
        # Example 3
        romeo: ${search('<last>Capulet</last>')}
        # Example 4
        > romeo: <iq type='result' from='vjud.example.com' to='romeo@montague.net/home' id='search2'>
          <query xmlns='jabber:iq:search'>
            <item jid='juliet@capulet.com'>
              <first>Juliet</first>
              <last>Capulet</last>
              <nick>JuliC</nick>
              <email>juliet@shakespeare.lit</email>
              ...
            </item>
            <item jid='tybalt@shakespeare.lit'>
              <first>Tybalt</first>
              <last>Capulet</last>
              <nick>ty</nick>
              <email>tybalt@shakespeare.lit</email>
              ...
            </item>
          </query>
        </iq>`,
    },
    {
      examples: [5],
      title: 'nobody is found',
      cast: everybody,
      script: `${CARDS}
        romeo: ${search('<last>Montague</last>')}
        # Example 5
        > romeo: <iq type='result' from='vjud.example.com' to='romeo@montague.net/home' id='search2'>
          <query xmlns='jabber:iq:search'/>
        </iq>`,
    },
    {
      examples: [8, 9],
      title: 'a form is filled, and a table comes',
      cast: everybody,
      script: `${CARDS}
        # Example 8, which searches for a field of its own
        romeo: ${search(`<x xmlns='jabber:x:data' type='submit'>
            <field type='hidden' var='FORM_TYPE'><value>jabber:iq:search</value></field>
            <field var='first'><value>Juliet</value></field>
          </x>`)}
        # Example 9
        > romeo: <iq type='result' from='vjud.example.com' to='romeo@montague.net/home' id='search2'>
          <query xmlns='jabber:iq:search'>
            <x xmlns='jabber:x:data' type='result'>
              <field type='hidden' var='FORM_TYPE'>
                <value>jabber:iq:search</value>
              </field>
              <reported>
                <field var='first' label='Name' type='text-single'/>
                <field var='last' label='Family Name' type='text-single'/>
                <field var='jid' label='Jabber ID' type='jid-single'/>
                ...
              </reported>
              <item>
                <field var='first'><value>Juliet</value></field>
                <field var='last'><value>Capulet</value></field>
                <field var='jid'><value>juliet@capulet.com</value></field>
                ...
              </item>
              ...
            </x>
          </query>
        </iq>`,
    },
  ],
  others: { 'about names; the request is of registration': [10] },
}
