export { type Attributes, Element, type Node, text } from './element.ts'
export { type Tag, tag } from './tag.ts'
