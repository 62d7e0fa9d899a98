/** Whether messages of the load are in the archives (XEP-0313): without this a server that archives nothing would look fast. */
import type { Client } from '../client.ts'
import { request } from '../login.ts'
import type { Test } from '../test.ts'

const QUERY =
  "<query xmlns='urn:xmpp:mam:2' queryid='q'><set xmlns='http://jabber.org/protocol/rsm'><max>2</max><before/></set></query>"

async function check(client: Client): Promise<{ found: boolean; told: string }> {
  client.listen()
  // The results come before the answer to the request, so its text alone does not show them.
  let found = false
  try {
    client.write(`<iq type='set' id='mam1'>${QUERY}</iq>`)
    const [, , body] = await client.expect(/<result[\s\S]*?(~B)([\s\S]{28})/, 'archived message')
    found = body !== undefined
    const answer = await client.expect(
      /<iq[^>]*id=['"]mam1['"][^>]*?(?:\/>|>[\s\S]*?<\/iq>)/,
      'end of the archive query',
    )
    return { found, told: /<count>(\d+)<\/count>/.exec(answer[0])?.[1] ?? 'no count' }
  } catch (error) {
    return { found, told: String(error).slice(0, 120) }
  }
}

/** Asks for the end of each client's archive. */
export async function checkArchives(test: Test, clients: readonly Client[]): Promise<void> {
  const told = []
  for (const client of clients) told.push(await check(client))
  test.emit({
    test: 'archives',
    asked: told.length,
    with_archived_messages: told.filter(({ found }) => found).length,
    counts: told.map((one) => one.told),
  })
}

/** Asks the server something that it answers only after what the client sent before. */
export const afterAll = (client: Client, id: string): Promise<string> =>
  request(client, id, 'get', "<query xmlns='jabber:iq:roster'/>")
