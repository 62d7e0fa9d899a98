/** The examples of XEP-0060: Publish-Subscribe, as far as every service has them. Entries are shorter than there. */
import caps from '../../modules/caps/index.ts'
import messages from '../../modules/messages.ts'
import presence from '../../modules/presence/index.ts'
import pubsubService from '../../modules/pubsub-old/index.ts'
import pubsub from '../../modules/pubsub/index.ts'
import type { Specification } from './play.fixture.ts'

const cast = {
  hamlet: 'hamlet@denmark.lit/elsinore',
  francisco: 'francisco@denmark.lit/barracks',
  bard: 'bard@shakespeare.lit/globe',
}
const COUNT = 242
/** The service of the story; the examples call it pubsub.shakespeare.lit. */
const SERVICE = 'pubsub.example.com'

const ask = (type: 'get' | 'set', from: string, id: string, words: string, owner = ''): string =>
  `<iq type='${type}' from='${from}' to='${SERVICE}' id='${id}'><pubsub xmlns='http://jabber.org/protocol/pubsub${owner}'>${words}</pubsub></iq>`
const done = (to: string, id: string): string => `<iq type='result' from='${SERVICE}' to='${to}' id='${id}'/>`
const told = (to: string, id: string, words: string, owner = ''): string =>
  `<iq type='result' from='${SERVICE}' to='${to}' id='${id}'><pubsub xmlns='http://jabber.org/protocol/pubsub${owner}'>${words}</pubsub></iq>`
const refused = (to: string, id: string, type: string, condition: string): string =>
  `<iq type='error' from='${SERVICE}' to='${to}' id='${id}'><error type='${type}'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`
/** The examples leave the type out; headlines are what the configuration says (§16.4.4). */
const event = (to: string, id: string, words: string): string =>
  `<message from='${SERVICE}' to='${to}' id='${id}' type='headline'><event xmlns='http://jabber.org/protocol/pubsub#event'>${words}</event></message>`

const HAMLET = 'hamlet@denmark.lit/elsinore'
const FRANCISCO = 'francisco@denmark.lit/barracks'
const BARD = 'bard@shakespeare.lit/globe'
const NODE = 'princely_musings'
const entry = (title: string): string => `<entry xmlns='http://www.w3.org/2005/Atom'><title>${title}</title></entry>`
const item = (id: string, title: string): string => `<item id='${id}'>${entry(title)}</item>`
const [FIRST, SECOND] = [
  item('368866411b877c30064a5f62b917cffe', 'Alone'),
  item('ae890ac52d0df67ed7cfdf51b644e901', 'Soliloquy'),
]

/** Hamlet has a node, to which Francisco is subscribed. */
const BEFORE = `
  hamlet: ${ask('set', HAMLET, 'before1', `<create node='${NODE}'/>`)}
  francisco: <presence/>
  francisco: ${ask('set', FRANCISCO, 'before2', `<subscribe node='${NODE}' jid='francisco@denmark.lit'/>`)}
  ! forget hamlet
  ! forget francisco`
const publish = (id: string, words: string): string =>
  ask('set', HAMLET, id, `<publish node='${NODE}'>${words}</publish>`)

const plays: Specification['plays'] = [
  {
    examples: [1, 2, 96, 98, 100],
    title: 'a publisher publishes, and subscribers are notified',
    cast,
    unknown: ['foo'],
    script: `${BEFORE}
      hamlet: ${publish('pub1', SECOND)}
      > hamlet: ${told(HAMLET, 'pub1', `<publish node='${NODE}'><item id='ae890ac52d0df67ed7cfdf51b644e901'/></publish>`)}
      > francisco: ${event('francisco@denmark.lit', 'foo', `<items node='${NODE}'>${SECOND}</items>`)}`,
  },
  {
    examples: [97, 99],
    title: 'the service chooses an id',
    cast,
    unknown: ['itemid'],
    script: `${BEFORE}
      hamlet: ${publish('publish2', `<item>${entry('Soliloquy')}</item>`)}
      > hamlet: ${told(HAMLET, 'publish2', `<publish node='${NODE}'><item id='itemid'/></publish>`)}
      ! forget francisco`,
  },
  {
    examples: [28, 29, 30, 46, 47, 48, 50, 52],
    title: 'somebody subscribes, gets the last item, and unsubscribes',
    cast,
    unknown: ['subid', 'foo', '2003-12-13T23:58:37Z'],
    script: `
      hamlet: ${ask('set', HAMLET, 'before1', `<create node='${NODE}'/>`)}
      hamlet: ${publish('before2', SECOND)}
      ! forget hamlet
      francisco: <presence/>
      ! forget francisco
      francisco: ${ask('set', FRANCISCO, 'sub1', `<subscribe node='${NODE}' jid='francisco@denmark.lit'/>`)}
      > francisco: ${told(FRANCISCO, 'sub1', `<subscription node='${NODE}' jid='francisco@denmark.lit' subid='subid' subscription='subscribed'/>`)}
      > francisco: ${event('francisco@denmark.lit', 'foo', `<items node='${NODE}'>${SECOND}</items>`).replace(
        '</message>',
        `<delay xmlns='urn:xmpp:delay' stamp='2003-12-13T23:58:37Z' from='${SERVICE}'/></message>`,
      )}
      francisco: ${ask('set', FRANCISCO, 'sub2', `<subscribe node='${NODE}' jid='bernardo@denmark.lit'/>`)}
      > francisco: ${refused(FRANCISCO, 'sub2', 'modify', 'bad-request')}
      francisco: ${ask('set', FRANCISCO, 'unsub1', `<unsubscribe node='${NODE}' jid='francisco@denmark.lit'/>`)}
      > francisco: ${done(FRANCISCO, 'unsub1')}
      francisco: ${ask('set', FRANCISCO, 'unsub1', `<unsubscribe node='${NODE}' jid='francisco@denmark.lit'/>`)}
      > francisco: ${refused(FRANCISCO, 'unsub1', 'cancel', 'unexpected-request')}
      francisco: ${ask('set', FRANCISCO, 'unsub1', `<unsubscribe node='nowhere' jid='francisco@denmark.lit'/>`)}
      > francisco: ${refused(FRANCISCO, 'unsub1', 'cancel', 'item-not-found')}`,
  },
  {
    examples: [74, 75, 80, 81, 82, 83, 94],
    title: 'a subscriber retrieves items',
    cast,
    script: `${BEFORE}
      francisco: ${ask('get', FRANCISCO, 'items3', `<items node='${NODE}'/>`)}
      > francisco: ${told(FRANCISCO, 'items3', `<items node='${NODE}'/>`)}
      hamlet: ${publish('a', FIRST)}
      hamlet: ${publish('b', SECOND)}
      ! forget hamlet
      ! forget francisco
      francisco: ${ask('get', FRANCISCO, 'items1', `<items node='${NODE}'/>`)}
      > francisco: ${told(FRANCISCO, 'items1', `<items node='${NODE}'>${FIRST}${SECOND}</items>`)}
      francisco: ${ask('get', FRANCISCO, 'items2', `<items node='${NODE}' max_items='1'/>`)}
      > francisco: ${told(FRANCISCO, 'items2', `<items node='${NODE}'>${SECOND}</items>`)}
      francisco: ${ask('get', FRANCISCO, 'items4', `<items node='${NODE}'><item id='368866411b877c30064a5f62b917cffe'/></items>`)}
      > francisco: ${told(FRANCISCO, 'items4', `<items node='${NODE}'>${FIRST}</items>`)}
      francisco: ${ask('get', FRANCISCO, 'items5', "<items node='nowhere'/>")}
      > francisco: ${refused(FRANCISCO, 'items5', 'cancel', 'item-not-found')}`,
  },
  {
    examples: [105, 110, 111],
    title: 'what may not be published',
    cast,
    script: `${BEFORE}
      bard: ${ask('set', BARD, 'publish1', `<publish node='${NODE}'>${SECOND}</publish>`)}
      > bard: ${refused(BARD, 'publish1', 'auth', 'forbidden')}
      hamlet: ${publish('publish2', `<item id='x'>${entry('a')}${entry('b')}</item>`)}
      > hamlet: ${refused(HAMLET, 'publish2', 'modify', 'bad-request')}
      hamlet: ${publish('publish3', '')}
      > hamlet: ${refused(HAMLET, 'publish3', 'modify', 'bad-request')}`,
  },
  {
    examples: [115, 116, 117, 119, 120, 121, 122],
    title: 'a publisher deletes an item, and subscribers are told',
    cast,
    unknown: ['foo'],
    script: `${BEFORE}
      hamlet: ${publish('a', SECOND)}
      ! forget hamlet
      ! forget francisco
      bard: ${ask('set', BARD, 'retract1', `<retract node='${NODE}'><item id='ae890ac52d0df67ed7cfdf51b644e901'/></retract>`)}
      > bard: ${refused(BARD, 'retract1', 'auth', 'forbidden')}
      hamlet: ${ask('set', HAMLET, 'retract1', `<retract node='${NODE}'><item id='ae890ac52d0df67ed7cfdf51b644e901'/></retract>`)}
      > hamlet: ${done(HAMLET, 'retract1')}
      > francisco: ${event('francisco@denmark.lit', 'foo', `<items node='${NODE}'><retract id='ae890ac52d0df67ed7cfdf51b644e901'/></items>`)}
      hamlet: ${ask('set', HAMLET, 'retract1', `<retract node='${NODE}'><item id='ae890ac52d0df67ed7cfdf51b644e901'/></retract>`)}
      > hamlet: ${refused(HAMLET, 'retract1', 'cancel', 'item-not-found')}
      hamlet: ${ask('set', HAMLET, 'retract1', "<retract><item id='ae890ac52d0df67ed7cfdf51b644e901'/></retract>")}
      > hamlet: ${refused(HAMLET, 'retract1', 'modify', 'bad-request')}
      hamlet: ${ask('set', HAMLET, 'retract1', `<retract node='${NODE}'/>`)}
      > hamlet: ${refused(HAMLET, 'retract1', 'modify', 'bad-request')}`,
  },
  {
    examples: [125, 129, 131, 132, 135],
    title: 'nodes are made, with a name and without',
    cast,
    unknown: ['25e3d37dabbab9541f7523321421edc5bfeb2dae'],
    script: `
      hamlet: ${ask('set', HAMLET, 'create1', `<create node='${NODE}'/>`)}
      > hamlet: ${done(HAMLET, 'create1')}
      hamlet: ${ask('set', HAMLET, 'create1', `<create node='${NODE}'/>`)}
      > hamlet: ${refused(HAMLET, 'create1', 'cancel', 'conflict')}
      hamlet: ${ask('set', HAMLET, 'create2', '<create/>')}
      > hamlet: ${told(HAMLET, 'create2', "<create node='25e3d37dabbab9541f7523321421edc5bfeb2dae'/>")}`,
  },
  {
    examples: [142, 145, 147, 148],
    title: 'only owners configure a node, and may leave it as it is',
    cast,
    script: `${BEFORE}
      bard: ${ask('get', BARD, 'config1', `<configure node='${NODE}'/>`, '#owner')}
      > bard: ${refused(BARD, 'config1', 'auth', 'forbidden')}
      hamlet: ${ask('get', HAMLET, 'config1', "<configure node='nowhere'/>", '#owner')}
      > hamlet: ${refused(HAMLET, 'config1', 'cancel', 'item-not-found')}
      hamlet: ${ask('set', HAMLET, 'config2', `<configure node='${NODE}'><x xmlns='jabber:x:data' type='cancel'/></configure>`, '#owner')}
      > hamlet: ${done(HAMLET, 'config2')}`,
  },
  {
    examples: [157, 159, 160, 161, 162, 163, 164, 165],
    title: 'owners empty and delete a node, and subscribers are told',
    cast,
    unknown: ['foo', 'bar'],
    script: `${BEFORE}
      hamlet: ${ask('set', HAMLET, 'config', `<configure node='${NODE}'><x xmlns='jabber:x:data' type='submit'><field var='pubsub#notify_delete'><value>1</value></field></x></configure>`, '#owner')}
      hamlet: ${publish('a', SECOND)}
      ! forget hamlet
      ! forget francisco
      hamlet: ${ask('set', HAMLET, 'purge1', `<purge node='${NODE}'/>`, '#owner')}
      > hamlet: ${done(HAMLET, 'purge1')}
      > francisco: ${event('francisco@denmark.lit', 'foo', `<purge node='${NODE}'/>`)}
      bard: ${ask('set', BARD, 'delete1', `<delete node='${NODE}'/>`, '#owner')}
      > bard: ${refused(BARD, 'delete1', 'auth', 'forbidden')}
      hamlet: ${ask('set', HAMLET, 'delete1', `<delete node='${NODE}'/>`, '#owner')}
      > hamlet: ${done(HAMLET, 'delete1')}
      > francisco: ${event('francisco@denmark.lit', 'bar', `<delete node='${NODE}'/>`)}
      hamlet: ${ask('set', HAMLET, 'delete1', `<delete node='${NODE}'/>`, '#owner')}
      > hamlet: ${refused(HAMLET, 'delete1', 'cancel', 'item-not-found')}`,
  },
]

const played = new Set(plays.flatMap(({ examples }) => examples))
const rest = Array.from({ length: COUNT }, (_, i) => i + 1).filter((number) => !played.has(number))

export const xep0060: Specification = {
  name: 'XEP-0060',
  version: '1.30.0',
  count: COUNT,
  modules: [[messages], [presence], [caps], [pubsub], [pubsubService]],
  domains: ['denmark.lit', 'shakespeare.lit'],
  plays,
  others: { 'errors and options that a service has or has not, which the tests of the modules look at': rest },
}
