/** `meerkat check`: looks at everything that a start needs, and says what is wrong and how to mend it. */
import { accessSync, constants, mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import process from 'node:process'
import { ConfigError, printProblem } from '../core/config/index.ts'
import type { Config, Listener } from '../core/config/types.ts'
import { lockFolder } from '../storage/sqlite/folder-lock.ts'
import { checkCertificate, checkSecrecy } from './check-files.ts'
import { checkService } from './check-services.ts'
import { checkStore } from './check-store.ts'
import { type Finding, messageOf, note, ok, wrong } from './finding.ts'
import { checkUploads } from './uploads.ts'

export { type Finding, printFindings } from './finding.ts'

/** Looks at a configuration and what it names. `read` reads it; throws nothing. */
export async function checkServer(read: () => Config): Promise<Finding[]> {
  let config: Config
  try {
    config = read()
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map((problem) => ({ state: 'wrong', text: printProblem(problem) }))
    return [wrong(messageOf(error), 'name a file that can be read')]
  }
  const folder = checkFolder(config.general.data_dir)
  const running = folder.some(({ state, text }) => state === 'note' && text.includes('running'))
  const domains = [...config.hostTypes.values()].flatMap((type) => type.domains)
  return [
    ok(`${config.file} can be read`),
    ...config.notices.map(note),
    ...folder,
    ...checkSecrecy(config),
    ...checkStore(config),
    ...checkUploads(config),
    ...config.listen.flatMap((listener) => checkCertificate(listener, domains)),
    // A running server holds its ports itself.
    ...(running ? [] : await Promise.all(config.listen.map(checkPort))),
    ...(await Promise.all(config.pools.map(checkService))).flat(),
  ]
}

function checkFolder(folder: string): Finding[] {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.W_OK)
  } catch {
    const user = process.getuid?.() ?? 'this user'
    return [
      wrong(`the data folder ${folder} cannot be written to`, `let user ${user} own it, or name another data_dir`),
    ]
  }
  try {
    lockFolder(folder).release()
    return [ok(`the data folder ${folder} can be written to`)]
  } catch {
    return [note(`a server is running on the data folder ${folder}; its ports were not looked at`)]
  }
}

function checkPort({ port, ip_address: address, kind }: Listener): Promise<Finding> {
  const where = `port ${port}${address === undefined ? '' : ` of ${address}`} for listen.${kind}`
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', ({ code, message }: NodeJS.ErrnoException) => {
      if (code === 'EADDRINUSE') resolve(wrong(`${where} is in use`, 'stop what listens there, or choose another port'))
      else if (code === 'EACCES')
        resolve(wrong(`${where} is not for this user`, 'choose a port above 1023, or grant CAP_NET_BIND_SERVICE'))
      else if (code === 'EADDRNOTAVAIL') resolve(wrong(`${where} is not this machine's`, 'correct ip_address'))
      else resolve(wrong(`${where} cannot be opened`, message))
    })
    server.listen({ port, host: address }, () => server.close(() => resolve(ok(`${where} is free`))))
  })
}
