/** The examples of XEP-0215: External Service Discovery. */
import disco from '../../modules/disco.ts'
import extdisco from '../../modules/extdisco/index.ts'
import type { Specification } from './play.fixture.ts'

/** Those of the examples, which say `relay` or `turn` for one host. */
const service = [
  { host: 'stun.shakespeare.lit', port: 9998, transport: 'udp', type: 'stun' },
  {
    host: 'turn.shakespeare.lit',
    password: 'jj929jkj5sadjfj93v3n',
    port: 9999,
    transport: 'udp',
    type: 'turn',
    username: 'nb78932lkjlskjfdb7g8',
  },
  { host: '192.0.2.1', port: 8888, transport: 'udp', type: 'stun' },
  {
    host: '192.0.2.1',
    port: 8889,
    password: '93jn3bakj9s832lrjbbz',
    transport: 'udp',
    type: 'turn',
    username: 'auu98sjl2wk3e9fjdsl7',
  },
  {
    host: 'ftp.shakespeare.lit',
    password: 'guest',
    port: 20,
    transport: 'tcp',
    type: 'ftp',
    username: 'guest',
  },
]

/** As the server writes them: with `restricted`, which examples leave out, where a name is needed (§4.1). */
const written = (each: Record<string, string | number>, ...leftOut: readonly string[]): string => {
  const all = { ...each, ...('username' in each && { restricted: 'true' }) }
  const said = Object.entries(all).filter(([name]) => !leftOut.includes(name))
  return `<service ${said.map(([name, value]) => `${name}='${value}'`).join(' ')}/>`
}
const bard = 'bard@shakespeare.lit/globe'

export const xep0215: Specification = {
  name: 'XEP-0215',
  version: '1.0.0',
  count: 9,
  modules: [[disco], [extdisco, { service }]],
  domains: ['shakespeare.lit', 'montague.lit'],
  plays: [
    {
      examples: [1, 2, 3, 4, 6, 7],
      title: 'all services, those of a type, and credentials for one',
      cast: { bard },
      script: `
        # Example 1
        bard: <iq from='bard@shakespeare.lit/globe' id='ul2bc7y6' to='shakespeare.lit' type='get'>
          <services xmlns='urn:xmpp:extdisco:2'/>
        </iq>
        # Example 2
        > bard: <iq from='shakespeare.lit' id='ul2bc7y6' to='bard@shakespeare.lit/globe' type='result'>
          <services xmlns='urn:xmpp:extdisco:2'>${service.map((each) => written(each)).join('')}</services>
        </iq>
        # Example 3
        bard: <iq from='bard@shakespeare.lit/globe' id='yv2c19f7' to='shakespeare.lit' type='get'>
          <services xmlns='urn:xmpp:extdisco:2' type='turn'/>
        </iq>
        # Example 4
        > bard: <iq from='shakespeare.lit' id='yv2c19f7' to='bard@shakespeare.lit/globe' type='result'>
          <services xmlns='urn:xmpp:extdisco:2' type='turn'>${written(service[1]!)}${written(service[3]!)}</services>
        </iq>
        # Example 6
        bard: <iq from='bard@shakespeare.lit/globe' id='xi2cax48' to='shakespeare.lit' type='get'>
          <credentials xmlns='urn:xmpp:extdisco:2'>
            <service host='turn.shakespeare.lit' type='turn' />
          </credentials>
        </iq>
        # Example 7
        > bard: <iq from='shakespeare.lit' id='xi2cax48' to='bard@shakespeare.lit/globe' type='result'>
          <credentials xmlns='urn:xmpp:extdisco:2'>${written(service[1]!)}</credentials>
        </iq>`,
    },
    {
      examples: [8, 9],
      title: 'the server says that it does',
      cast: { romeo: 'romeo@montague.lit/orchard' },
      script: `
        # Example 8
        romeo: <iq from='romeo@montague.lit/orchard' id='ix61z3m9' to='montague.lit' type='get'>
          <query xmlns='http://jabber.org/protocol/disco#info'/>
        </iq>
        # Example 9, which shows one of the features
        > romeo: <iq from='montague.lit' id='ix61z3m9' to='romeo@montague.lit/orchard' type='result'>
          <query xmlns='http://jabber.org/protocol/disco#info'>
            <feature var='urn:xmpp:extdisco:2'/>
            ...
          </query>
        </iq>`,
    },
  ],
  others: { 'services do not change while clients are connected': [5] },
}
