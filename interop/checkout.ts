/** A fresh copy of this checkout, as someone has it who has just cloned it: nothing installed, nothing started. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

const root = dirname(import.meta.dirname)

/** What npm, Node's test runner and tools/launch.mjs put into the environment of a test. */
const ours =
  /^(?:npm_(?!config_)|npm_config_(?:local_prefix|global_prefix|prefix|node_gyp|npm_version|user_agent|loglevel|noproxy)$|INIT_CWD$|NODE$|NODE_(?:TEST|COMPILE|CHANNEL|OPTIONS|V8)|MEERKAT_|FORCE_COLOR$)/

/** The environment of somebody's own terminal: without what comes from npm, the test runner and this checkout. */
export function terminalEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const path = (env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'))
  const kept = Object.entries(env).filter(([name]) => !ours.test(name))
  return { ...Object.fromEntries(kept), PATH: path.join(delimiter) }
}

/** A temporary folder with the files that git knows or would take, as they are now, in a repository of its own. */
export class Checkout {
  readonly folder = mkdtempSync(join(tmpdir(), 'meerkat-clone-'))

  constructor() {
    for (const path of git(root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard').split('\0')) {
      // A file that was deleted and not yet committed is still in the list.
      if (path && existsSync(join(root, path))) cpSync(join(root, path), join(this.folder, path))
    }
    git(this.folder, 'init', '-q')
    git(this.folder, 'add', '-A')
  }

  /** Files that have been changed or added since, unless git ignores them. */
  changes(): string[] {
    const listed = [
      git(this.folder, 'diff', '--name-only'),
      git(this.folder, 'ls-files', '--others', '--exclude-standard'),
    ]
    return listed.join('').split('\n').filter(Boolean)
  }

  /** Files and folders that are new since and that git ignores, except what npm installs. */
  ignored(): string[] {
    const listed = git(this.folder, 'ls-files', '--others', '--ignored', '--exclude-standard', '--directory')
    return listed.split('\n').filter((path) => path && !path.endsWith('node_modules/'))
  }

  /** The processes that run something of this copy, one line each. */
  processes(): string[] {
    const all = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
    return all.split('\n').filter((line) => line.includes(this.folder))
  }

  /** Removes the folder. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function git(folder: string, ...args: readonly string[]): string {
  return execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
}
