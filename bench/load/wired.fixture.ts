/** A client without a connection. */
import { Client } from './client.ts'
import { SaltedPasswords } from './scram.ts'

/** A client whose bytes a test puts in by hand, and what it has written. */
export function wired() {
  const client = new Client({
    port: 0,
    domain: 'example.test',
    user: 'u1',
    password: 'p1',
    mechanism: 'PLAIN',
    tls: false,
    salted: new SaltedPasswords(''),
    timeoutMs: 1000,
  })
  let take: (data: Buffer) => void = () => {}
  const written: string[] = []
  client.handle = (handler) => (take = handler)
  client.write = (text) => void written.push(text)
  return { client, written, receive: (text: string) => take(Buffer.from(text)) }
}
