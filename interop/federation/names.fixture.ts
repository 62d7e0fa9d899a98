/** A name server of one test file, in which servers find each other by SRV records (RFC 6120 §3.2.1). */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Program } from './program.fixture.ts'

const PROGRAM = '/usr/sbin/dnsmasq'

/** Why there is none; undefined when it is installed. */
export const namesAbsent = (): string | undefined => (existsSync(PROGRAM) ? undefined : 'dnsmasq is not installed')

/** Starts a name server on a port; servers are at `localhost`, on the ports given. */
export async function startNames(
  folder: string,
  port: number,
  servers: Readonly<Record<string, number>>,
): Promise<Program> {
  const file = join(folder, 'dnsmasq.conf')
  const lines = [
    `port=${port}`,
    'listen-address=127.0.0.1',
    'bind-interfaces',
    'no-resolv',
    'no-hosts',
    'user=root',
    'log-facility=-',
    'local=/#/',
    'host-record=localhost,127.0.0.1',
    // Another target is asked for first, and nobody is there.
    ...Object.entries(servers).flatMap(([domain, at]) => [
      `address=/${domain}/127.0.0.1`,
      `srv-host=_xmpp-server._tcp.${domain},localhost,1,1,0`,
      `srv-host=_xmpp-server._tcp.${domain},localhost,${at},2,0`,
    ]),
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  const program = new Program(PROGRAM, ['--keep-in-foreground', `--conf-file=${file}`, '--pid-file='])
  await program.listens(port)
  return program
}
