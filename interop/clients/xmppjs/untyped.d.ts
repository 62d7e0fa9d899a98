/** Those parts of xmpp.js that client.ts uses; the package has no types of its own. */
declare module '@xmpp/client' {
  type Attributes = Readonly<Record<string, string | undefined>>

  export interface XmlElement {
    readonly name: string
    readonly attrs: Attributes
    is(name: string): boolean
    getChild(name: string, xmlns: string): XmlElement | undefined
    getChildren(name: string): XmlElement[]
    getChildText(name: string): string | null
  }

  interface Address {
    readonly local: string
    readonly domain: string
    readonly resource: string
    toString(): string
  }

  interface Client {
    readonly socket?: { readonly socket?: { getProtocol?(): string | null; destroy?(): void } }
    readonly reconnect: { stop(): void; reconnect(): Promise<void> }
    readonly streamManagement: { once(event: 'resumed', listener: () => void): void }
    readonly iqCaller: { request(iq: XmlElement): Promise<XmlElement> }
    readonly iqCallee: {
      set(xmlns: string, name: string, answer: (context: { readonly element: XmlElement }) => boolean): void
    }
    on(event: 'send' | 'stanza', listener: (element: XmlElement) => void): void
    on(event: 'online', listener: (me: Address) => void): void
    on(event: 'error', listener: (error: Error) => void): void
    once(event: 'online' | 'disconnect', listener: () => void): void
    removeListener(event: 'stanza', listener: (element: XmlElement) => void): void
    start(): Promise<unknown>
    stop(): Promise<unknown>
    send(element: XmlElement): Promise<void>
  }

  interface Options {
    readonly service: string
    readonly domain: string
    readonly resource: string
    readonly username: string
    readonly password: string
    /** Milliseconds. */
    readonly timeout: number
  }

  export function client(options: Options): Client
  export function jid(address: string): Address
  export function xml(name: string, attrs: Attributes, ...children: readonly unknown[]): XmlElement
}
