/** A name server by which the rivals find the other server that the generator plays (RFC 6120 §3.2.1). It ends with this process. */
import { type ChildProcess, spawn } from 'node:child_process'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const PROGRAM = '/usr/sbin/dnsmasq'
const SECONDS = 10

/** Where a domain's server is, on this machine. */
export interface Named {
  readonly domain: string
  readonly port: number
}

/** It knows nothing but this, and asks nobody. */
const options = (port: number, { domain, port: at }: Named): string =>
  `keep-in-foreground conf-file=/dev/null pid-file= user=root no-resolv no-hosts bind-interfaces listen-address=127.0.0.1 port=${port} local=/#/
  host-record=localhost,127.0.0.1 address=/${domain}/127.0.0.1 srv-host=_xmpp-server._tcp.${domain},localhost,${at}`

const answers = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })

/** Starts it; resolves when it can be asked. */
export async function startNames(port: number, named: Named): Promise<ChildProcess> {
  const words = options(port, named)
    .split(/\s+/)
    .map((option) => `--${option}`)
  const child = spawn(PROGRAM, words, { stdio: ['ignore', 'ignore', 'inherit'] })
  let failed = ''
  child.on('error', ({ message }) => (failed = message))
  child.on('exit', (code) => (failed = `it ended with ${code}`))
  process.once('exit', () => child.kill())
  for (let end = Date.now() + SECONDS * 1000; !(await answers(port));) {
    if (failed !== '' || Date.now() > end) throw new Error(`no name server on port ${port}: ${failed}`)
    await sleep(20)
  }
  return child
}
