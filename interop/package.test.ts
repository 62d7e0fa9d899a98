/** The server as `npm install --global` and the container's image have it: what packaging/Dockerfile does, in a folder instead of a container. */
import assert from 'node:assert/strict'
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const DOCKERFILE = readFileSync(join(ROOT, 'packaging/Dockerfile'), 'utf8')
/** npm may take so long, in milliseconds. */
const PATIENCE = 300_000

const folder = mkdtempSync(join(tmpdir(), 'meerkat-image-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const config = join(folder, 'meerkat.toml')

/** The places of the image as they are here. */
const here = (text: string): string =>
  text
    .replaceAll('/opt/meerkat', join(folder, 'opt'))
    .replaceAll('/etc/meerkat/meerkat.toml', config)
    .replaceAll('/tmp/meerkat-server', join(folder, 'meerkat-server'))

/** A command that the Dockerfile gives as JSON. */
function commandOf(instruction: string): string[] {
  const [, json] = new RegExp(`^${instruction}.*?(\\[.*\\])$`, 'm').exec(DOCKERFILE) ?? assert.fail(instruction)
  return JSON.parse(here(json!)) as string[]
}

/** The image has its programs in PATH, and Node. */
const env = { ...process.env, PATH: `${join(folder, 'opt/bin')}:${dirname(process.execPath)}:${process.env['PATH']}` }

function run([program = '', ...args]: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(program, args, { env, encoding: 'utf8', cwd: folder, timeout: PATIENCE })
}

before(() => {
  const packed = run([process.execPath, join(ROOT, 'tools/pack.ts'), folder])
  assert.equal(packed.status, 0, packed.stderr)
  const [, install] = /^RUN (npm install --global .*)$/m.exec(DOCKERFILE) ?? assert.fail('no npm install')
  const installed = run(['sh', '-c', here(install!)])
  assert.equal(installed.status, 0, installed.stderr)
})

test('what the Dockerfile installs has both commands, and no second Node', () => {
  assert.deepEqual(readdirSync(join(folder, 'opt/bin')).toSorted(), ['meerkat', 'mongooseimctl'])
  assert.equal(existsSync(join(folder, 'opt/lib/node_modules/@meerkat/server/node_modules/node')), false)
})

test(
  'the image starts a server, is healthy while it runs, and stops by its signal',
  { timeout: PATIENCE },
  async () => {
    assert.equal(run(['meerkat', 'init', config]).status, 0)
    const text = readFileSync(config, 'utf8').replaceAll(/^( *port = )\d+/gm, '$10')
    writeFileSync(config, text)
    const [program = '', ...args] = [...commandOf('ENTRYPOINT'), ...commandOf('CMD')]
    assert.notEqual(run(commandOf('HEALTHCHECK')).status, 0)

    const server = spawn(program, args, { env, cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
    after(() => server.kill('SIGKILL'))
    let said = ''
    server.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
    while (!said.includes('Try next')) await once(server.stdout, 'data')
    const healthy = run(commandOf('HEALTHCHECK'))
    assert.equal(healthy.status, 0, healthy.stderr)
    assert.match(healthy.stdout, /running|started/)

    const [, signal] = /^STOPSIGNAL (\w+)$/m.exec(DOCKERFILE) ?? assert.fail('no STOPSIGNAL')
    server.kill(signal as NodeJS.Signals)
    const [code] = (await once(server, 'exit')) as [number | null]
    assert.equal(code, 0)
  },
)
