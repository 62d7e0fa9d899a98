/** The client's side of what foreign-client.ts describes, for clients in Node: orders come in, and what comes of them goes out. */
import { createInterface } from 'node:readline'

/** An order; which of the optional fields are there depends on what is to be done. */
export interface Order {
  readonly id: number
  readonly do: string
  readonly to?: string
  readonly type?: string
  readonly body?: string
  readonly after?: string
}

/** What a client can do, by the name of the order. What an action resolves with is its result. */
export type Actions = Readonly<Record<string, (order: Order) => unknown>>

/** A message as an archive gives it back. */
export interface Archived {
  /** The id in the archive. */
  readonly id: string
  /** Who has sent it: a full address. */
  readonly from: string
  readonly body: string
}

/** How many messages a page of an archive has: so few that catching up takes pages. */
export const PAGE = 3

/** Tells the test something. */
export function tell(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** Does what it is told, in order, until the input ends. */
export async function obey(actions: Actions): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line) as Order
    const action = actions[order.do]
    if (action === undefined) tell({ id: order.id, error: `cannot ${order.do}` })
    else await report(order, action)
  }
}

async function report(order: Order, action: (order: Order) => unknown): Promise<void> {
  try {
    tell({ id: order.id, result: (await action(order)) ?? null })
  } catch (error) {
    tell({ id: order.id, error: error instanceof Error ? error.message : JSON.stringify(error) })
  }
}
