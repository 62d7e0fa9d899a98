// The parts of packages without type declarations that the benchmark uses.
declare module 'ltx' {
  export class Element {
    constructor(name: string, attrs: Record<string, string>)
    parent: Element | null
    cnode(child: Element): Element
    t(text: string): Element
    toString(): string
  }
  export function parse(text: string): Element
}
declare module 'ltx/lib/parsers/ltx.js' {
  import { EventEmitter } from 'node:events'
  export default class SaxLtx extends EventEmitter {
    write(text: string): void
  }
}
declare module '@xmpp/xml/lib/Parser.js' {
  import { EventEmitter } from 'node:events'
  export default class Parser extends EventEmitter {
    write(text: string): void
  }
}
