/** A component of tests: a plain socket, on which it says what the test wants and keeps what it hears. */
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { handshakeProof } from '@meerkat/protocol'
import { type Story, settle } from '../../testing/story.ts'
import { PlainPeer } from '../plain-peer.fixture.ts'
import { Components } from './components.ts'
import { ComponentListener } from './listener.ts'
import { type ComponentOptions, componentOptions } from './options.ts'

/** The start tag of a component's stream. */
export const header = (domain: string, more = ''): string =>
  `<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='${domain}'${more}>`

/** One connection. */
export class TestComponent extends PlainPeer {
  constructor(port: number) {
    super(connect(port, '127.0.0.1'))
  }

  /** Opens the stream and says the proof. */
  async prove(domain: string, secret = 'secret', more = ''): Promise<this> {
    this.say(header(domain, more))
    const [, id = ''] = await this.hears(/ id='([^']+)'/)
    return this.say(`<handshake>${handshakeProof(id, secret)}</handshake>`)
  }

  /** Does so with the right secret, and resolves when it is there. */
  async join(domain: string, more = ''): Promise<this> {
    await this.prove(domain, 'secret', more)
    await this.hears(/<handshake[^>]*\/>/)
    this.heard = ''
    return this
  }

  /** Goes over to TLS. */
  secure(): Promise<void> {
    return this.goOver(connectTls({ socket: this.socket, rejectUnauthorized: false }))
  }
}

/** A listener beside the people of a story; everything ends with the test. */
export async function listening(
  t: { after(end: () => Promise<void>): void },
  scene: Story,
  changes: Partial<ComponentOptions> = {},
  components = new Components(scene.kernel),
): Promise<{ port: number; components: Components; component: () => TestComponent; close: () => Promise<void> }> {
  const listener = new ComponentListener(scene.kernel, components, componentOptions(0, changes))
  const port = await listener.listen()
  const all: TestComponent[] = []
  t.after(async () => {
    for (const { socket } of all) socket.destroy()
    await listener.close()
    await settle()
  })
  const component = (): TestComponent => {
    const made = new TestComponent(port)
    all.push(made)
    return made
  }
  return { port, components, component, close: () => listener.close() }
}
