/** The parsers under test, each from bytes to a tree of its own kind for every stanza. */
import { StringDecoder } from 'node:string_decoder'
import XmppParser from '@xmpp/xml/lib/Parser.js'
import { Element as LtxElement } from 'ltx'
import LtxSax from 'ltx/lib/parsers/ltx.js'
import { SaxesParser, type SaxesTagNS } from 'saxes'
import { Element, type Node, StreamParser } from '../src/index.ts'

/** A parser at the beginning of a stream; `write` returns how many stanzas are finished so far, and throws for bad input. */
export type Subject = (chunk: Uint8Array) => number

/** A new parser by name. */
export const SUBJECTS: Readonly<Record<string, () => Subject>> = { meerkat, ltx, '@xmpp/xml': xmppXml, saxes }

function meerkat(): Subject {
  let count = 0
  const parser = new StreamParser({ open() {}, element: () => void count++, close() {} })
  return (chunk) => {
    parser.write(chunk)
    return count
  }
}

/** As xmpp.js does it: ltx's scanner, its elements, and a decoder for characters cut in two. */
function ltx(): Subject {
  const decoder = new StringDecoder('utf8')
  const sax = new LtxSax()
  let count = 0
  let depth = 0
  let open: LtxElement | undefined
  sax.on('startElement', (name: string, attrs: Record<string, string>) => {
    if (depth++ === 0) return
    const element = new LtxElement(name, attrs)
    open = open === undefined ? element : open.cnode(element)
  })
  sax.on('endElement', () => {
    if (--depth === 1) count++
    open = open?.parent ?? undefined
  })
  sax.on('text', (text: string) => void open?.t(text))
  return (chunk) => {
    sax.write(decoder.write(chunk))
    return count
  }
}

function xmppXml(): Subject {
  const decoder = new StringDecoder('utf8')
  const parser = new XmppParser()
  let count = 0
  parser.on('element', () => void count++)
  parser.on('error', (error: Error) => {
    throw error
  })
  return (chunk) => {
    parser.write(decoder.write(chunk))
    return count
  }
}

function saxes(): Subject {
  const decoder = new StringDecoder('utf8')
  const parser = new SaxesParser({ xmlns: true })
  let count = 0
  const open: { tag: SaxesTagNS; children: Node[] }[] = []
  parser.on('opentag', (tag) => void open.push({ tag, children: [] }))
  parser.on('text', (text) => void open.at(-1)?.children.push(text))
  parser.on('cdata', (text) => void open.at(-1)?.children.push(text))
  parser.on('closetag', () => {
    const { tag, children } = open.pop()!
    const attrs: string[] = []
    for (const name in tag.attributes) attrs.push(name, tag.attributes[name]!.value)
    const element = new Element(tag.local, tag.uri, attrs, children)
    if (open.length > 1) open.at(-1)!.children.push(element)
    else if (open.length === 1) count++
  })
  parser.on('error', (error) => {
    throw error
  })
  return (chunk) => {
    parser.write(decoder.write(chunk))
    return count
  }
}
