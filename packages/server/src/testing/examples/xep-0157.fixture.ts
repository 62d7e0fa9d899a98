/** The examples of XEP-0157: Contact Addresses for XMPP Services. */
import disco from '../../modules/disco.ts'
import type { Specification } from './play.fixture.ts'

const contact = (kind: string, ...urls: readonly string[]) => ({ name: `${kind}-addresses`, urls })

const server_info = [
  contact('abuse', 'mailto:abuse@shakespeare.lit', 'xmpp:abuse@shakespeare.lit'),
  contact('admin', 'mailto:xmpp@shakespeare.lit', 'xmpp:admins@shakespeare.lit'),
  contact(
    'feedback',
    'http://shakespeare.lit/feedback.php',
    'mailto:feedback@shakespeare.lit',
    'xmpp:feedback@shakespeare.lit',
  ),
  contact('sales', 'xmpp:bard@shakespeare.lit'),
  contact('security', 'xmpp:security@shakespeare.lit'),
  contact('status', 'https://status.shakespeare.lit'),
  contact('support', 'http://shakespeare.lit/support.php', 'xmpp:support@shakespeare.lit'),
]

const field = ({ name, urls }: ReturnType<typeof contact>): string =>
  `<field var='${name}' type='list-multi'>${urls.map((url) => `<value>${url}</value>`).join('')}</field>`

export const xep0157: Specification = {
  name: 'XEP-0157',
  version: '1.1.1',
  count: 2,
  modules: [[disco, { server_info }]],
  domains: ['capulet.com'],
  plays: [
    {
      examples: [1, 2],
      title: 'whom to write to about a server',
      cast: { juliet: 'juliet@capulet.com/chamber' },
      // The fields have their type, as §3 wants, and the addresses are those of the configuration, whatever the domain.
      script: `
        # Example 1
        juliet: <iq from='juliet@capulet.com/chamber' to='example.com' id='disco1' type='get'>
          <query xmlns='http://jabber.org/protocol/disco#info'/>
        </iq>
        # Example 2
        > juliet: <iq from='example.com' to='juliet@capulet.com/chamber' id='disco1' type='result'>
          <query xmlns='http://jabber.org/protocol/disco#info'>
            ...
            <x xmlns='jabber:x:data' type='result'>
              <field var='FORM_TYPE' type='hidden'>
                <value>http://jabber.org/network/serverinfo</value>
              </field>
              ${server_info.map(field).join('\n              ')}
            </x>
          </query>
        </iq>`,
    },
  ],
  others: {},
}
