/** What the command line knows of the admin API: written by the generator, so that help and checks need neither a server nor GraphQL. */

/** An argument of a command. */
export interface ArgumentSpec {
  readonly name: string
  /** Its GraphQL type, such as `JID!`. */
  readonly type: string
  /** How the word on the command line is read: as it stands, as a whole number, or as JSON (lists, input objects, true and false). */
  readonly read: 'text' | 'integer' | 'json'
}

/** A command: one field of a category. */
export interface CommandSpec {
  readonly summary: string
  readonly args: readonly ArgumentSpec[]
  /** The GraphQL document that asks for all fields of the answer. */
  readonly document: string
}

/** A category and its commands, by name. */
export interface CategorySpec {
  readonly summary: string
  readonly commands: Readonly<Record<string, CommandSpec>>
}

/** All categories, by name. */
export type AdminCategories = Readonly<Record<string, CategorySpec>>
