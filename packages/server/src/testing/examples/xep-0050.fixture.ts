/** The examples of XEP-0050: Ad-Hoc Commands. */
import { parseElement } from '@meerkat/xml'
import type { ModuleDeclaration } from '../../core/module.ts'
import { serverCommands, simpleCommand, stagedCommand } from '../../modules/adhoc/hooks.ts'
import adhoc from '../../modules/adhoc/index.ts'
import disco from '../../modules/disco.ts'
import type { Specification } from './play.fixture.ts'

const cast = { requester: 'requester@domain/home' }

const form = (type: string, inner: string): string => `<x xmlns='jabber:x:data' type='${type}'>${inner}</x>`
const LIST = form(
  'result',
  `<title>Available Services</title>
  <reported>
    <field var='service' label='Service'/>
    <field var='runlevel-1' label='Single-User mode'/>
  </reported>
  <item>
    <field var='service'><value>httpd</value></field>
    <field var='runlevel-1'><value>off</value></field>
  </item>`,
)
const chosen = (service: string): string =>
  form(
    'form',
    `<title>Configure Service</title>
    <instructions>Please select the service to configure.</instructions>
    <field var='service' label='Service' type='list-single'>
      ${service === '' ? '' : `<value>${service}</value>`}
      <option><value>httpd</value></option>
      <option><value>jabberd</value></option>
      <option><value>postgresql</value></option>
    </field>`,
  )
const MODES = form(
  'form',
  `<title>Configure Service</title>
  <instructions>Please select the run modes and state for 'httpd'.</instructions>
  <field var='state' label='Run State' type='list-single'>
    <value>off</value>
    <option label='Active'><value>off</value></option>
    <option label='Inactive'><value>on</value></option>
  </field>`,
)

/** The service that is chosen, or none yet. */
type Chosen = string

const config = stagedCommand<Chosen>({
  node: 'config',
  name: 'Configure Service',
  start: () => ({ state: '', moves: ['next'], payload: [parseElement(chosen(''))] }),
  step(service, { move, form: given }) {
    if (move === 'prev') return { state: '', moves: ['next'], payload: [parseElement(chosen(service))] }
    if (service !== '')
      return { done: true, notes: [{ type: 'info', text: `Service '${service}' has been configured.` }] }
    const next = given?.values.get('service')?.[0] ?? ''
    return { state: next, moves: ['complete', 'prev'], payload: [parseElement(MODES)] }
  },
})
const list = simpleCommand({
  node: 'list',
  name: 'List Service Configurations',
  run: () => ({ payload: [parseElement(LIST)] }),
})

/** The services of the examples. */
const services: ModuleDeclaration = {
  key: 'mod_services',
  summary: 'The commands of the examples.',
  specs: [],
  start: () => ({ hooks: [serverCommands.on((commands) => [...commands, list, config])] }),
}

const runs = (id: string, attributes: string, inner = ''): string => `<iq type='set' to='domain' id='${id}'>
          <command xmlns='http://jabber.org/protocol/commands' ${attributes}>${inner}</command>
        </iq>`
const tells = (id: string, attributes: string, inner: string): string => `<iq type='result' from='domain'
            to='requester@domain/home' id='${id}'>
          <command xmlns='http://jabber.org/protocol/commands' ${attributes}>${inner}</command>
        </iq>`

const SESSION = `sessionid='config:20020923T213616Z-700' node='config'`
const FIRST = `
        requester: ${runs('exec1', `node='config' action='execute'`)}
        > requester: ${tells('exec1', `${SESSION} status='executing'`, `<actions execute='next'><next/></actions>${chosen('')}`)}`
const SECOND = `
        requester: ${runs('exec2', SESSION, form('submit', `<field var='service'><value>httpd</value></field>`))}
        > requester: ${tells('exec2', `${SESSION} status='executing'`, `<actions execute='complete'><prev/><complete/></actions>${MODES}`)}`
const unknown = ['config:20020923T213616Z-700', 'list:20020923T213616Z-700']

/** The responder of the examples is the server itself. */
export const xep0050: Specification = {
  name: 'XEP-0050',
  version: '1.3.0',
  count: 25,
  modules: [[disco], [adhoc], [services]],
  domains: ['domain'],
  plays: [
    {
      examples: [1, 2, 3, 4, 5, 6],
      title: 'commands are found',
      cast,
      script: `
        # Example 1
        requester: <iq type='get' to='domain' id='d1'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>
        # Example 2
        > requester: <iq type='result' to='requester@domain/home' from='domain' id='d1'>
          <query xmlns='http://jabber.org/protocol/disco#info'>
            <feature var='http://jabber.org/protocol/commands'/>
            ...
          </query>
        </iq>
        # Example 3
        requester: <iq type='get' to='domain' id='d2'>
          <query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/>
        </iq>
        # Example 4
        > requester: <iq type='result' to='requester@domain/home' from='domain' id='d2'>
          <query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'>
            <item jid='domain' node='list' name='List Service Configurations'/>
            <item jid='domain' node='config' name='Configure Service'/>
            ...
          </query>
        </iq>
        # Example 5
        requester: <iq type='get' to='domain' id='d3'>
          <query xmlns='http://jabber.org/protocol/disco#info' node='config'/>
        </iq>
        # Example 6
        > requester: <iq type='result' to='requester@domain/home' from='domain' id='d3'>
          <query xmlns='http://jabber.org/protocol/disco#info' node='config'>
            <identity name='Configure Service' category='automation' type='command-node'/>
            <feature var='http://jabber.org/protocol/commands'/>
            <feature var='jabber:x:data'/>
            ...
          </query>
        </iq>`,
    },
    {
      examples: [8, 9],
      title: 'a command that is done at once',
      cast,
      unknown,
      script: `
        # Example 8
        requester: ${runs('exec1', `node='list' action='execute'`)}
        # Example 9, with fewer services
        > requester: ${tells('exec1', `sessionid='list:20020923T213616Z-700' node='list' status='completed'`, LIST)}`,
    },
    {
      examples: [10, 11, 12, 13, 14, 15],
      title: 'a command of three stages',
      cast,
      unknown,
      script: `
        # Examples 10 and 11${FIRST}
        # Examples 12 and 13${SECOND}
        # Example 14
        requester: ${runs('exec3', SESSION, form('submit', `<field var='state'><value>on</value></field>`))}
        # Example 15
        > requester: ${tells('exec3', `${SESSION} status='completed'`, `<note type='info'>Service 'httpd' has been configured.</note>`)}`,
    },
    {
      examples: [16, 17],
      title: 'one stage back',
      cast,
      unknown,
      script: `${FIRST}${SECOND}
        # Example 16
        requester: ${runs('exec2', `${SESSION} action='prev'`)}
        # Example 17
        > requester: ${tells('exec2', `${SESSION} status='executing'`, `<actions execute='next'><next/></actions>${chosen('httpd')}`)}`,
    },
    {
      examples: [18, 19],
      title: 'a command is canceled',
      cast,
      unknown,
      script: `${FIRST}${SECOND}
        # Example 18
        requester: ${runs('exec3', `${SESSION} action='cancel'`)}
        # Example 19
        > requester: ${tells('exec3', `${SESSION} status='canceled'`, '')}`,
    },
  ],
  others: {
    'announcements by messages, which nobody sends here': [7],
    'the commands of the plays have one language': [20, 21, 22, 23],
    'what clients do with an address': [24, 25],
  },
}
