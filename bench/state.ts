/** Where a run keeps what it does not publish: databases, logs, a certificate. In the temporary folder, never in the repository. */
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { Certificate } from './peers/peer.ts'

/** The domain that is served; no network knows it. */
export const DOMAIN = 'bench.test'

/** The other server, which the generator plays: its domain, where it listens, and the port of the name server that knows it. */
export const REMOTE = { domain: 'remote.test', port: 19_269, names: 19_253 } as const

/** Where a server whose clients come to `port` listens for other servers. */
export const portForServers = (port: number): number => port + 47

/** The folder; `BENCH_STATE` names another one. */
export function stateFolder(): string {
  const folder = process.env['BENCH_STATE'] ?? join(tmpdir(), `meerkat-bench-${userInfo().uid}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return folder
}

/** The certificate of all peers: ECDSA on P-256, made once. */
export function certificate(folder: string): Certificate {
  const files = { certificate: join(folder, 'crt.pem'), key: join(folder, 'key.pem'), both: join(folder, 'both.pem') }
  if (existsSync(files.both)) return files
  const name = ['-subj', `/CN=${DOMAIN}`, '-addext', `subjectAltName=DNS:${DOMAIN},DNS:conference.${DOMAIN}`]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '90']
  const out = ['-keyout', files.key, '-out', files.certificate]
  execFileSync('openssl', ['req', '-x509', ...curve, ...name, ...out], { stdio: 'ignore' })
  writeFileSync(files.both, readFileSync(files.key, 'utf8') + readFileSync(files.certificate, 'utf8'))
  for (const file of Object.values(files)) chmodSync(file, 0o600)
  return files
}
