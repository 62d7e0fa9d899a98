/** Servers with the configurations that MongooseIM starts with, and clients that are not ours: what they get of each module. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { CERTIFICATE_FILE } from '../e2e/config.ts'
import { type Server, startServer } from '../e2e/harness.ts'
import { stockConfig, versions } from '../e2e/stock/config.ts'

/** What slixmpp tells of each module. */
const SAID = {
  mod_register: true,
  mod_presence: 'both',
  mod_disco: ['vjud.localhost'],
  mod_adhoc: ['Pong'],
  mod_amp: 'notify',
  mod_last: true,
  mod_private: 'mine',
  mod_vcard: ['Alice of the Plugins', [true]],
  mod_sic: '127.0.0.1',
  mod_carboncopy: 'for one',
  mod_offline: true,
  mod_stream_management: true,
  mod_privacy: ['quiet'],
  mod_blocking: ['service-unavailable', [true]],
}

/** Has slixmpp use every module; what it says, by module. */
async function used({ host, port, folder }: Server): Promise<Record<string, unknown>> {
  const program = join(import.meta.dirname, 'stock/modules.py')
  const args = [program, host, String(port), join(folder, CERTIFICATE_FILE)]
  const child = spawn('/usr/bin/python3', args, { stdio: ['ignore', 'pipe', 'ignore'] })
  const lines = (await text(child.stdout)).split('\n').filter((line) => line !== '')
  const told = lines.map((line) => JSON.parse(line) as { module: string; said?: unknown; error?: string })
  return Object.fromEntries(told.map(({ module, said, error }) => [module, error ?? said]))
}

const isAbsent = spawnSync('/usr/bin/python3', ['-c', 'import slixmpp']).status !== 0

describe('slixmpp', { skip: isAbsent && 'slixmpp is not installed' }, () => {
  for (const version of versions)
    test(`it makes an account and uses every module of MongooseIM ${version}'s configuration`, async () => {
      const server = await startServer({ config: stockConfig(version), nodes: 1 })
      assert.deepEqual(await used(server), SAID)
    })
})
