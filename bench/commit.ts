/** Which source is measured. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { stateFolder } from './state.ts'

/** The repository. */
export const root = join(import.meta.dirname, '..')

const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()

/** The commit of the working tree, with a `+` when the code has changed since. */
export function commitHere(): string {
  const changed = git('status', '--porcelain', '--untracked-files=no', '--', 'packages', 'package-lock.json') !== ''
  return `${git('rev-parse', '--short=10', 'HEAD')}${changed ? '+' : ''}`
}

/** Source laid out in a temporary folder. */
export interface Checkout {
  readonly commit: string
  readonly folder: string
  readonly remove: () => void
}

function layOut(commit: string, fill: (folder: string) => void): Checkout {
  const folder = mkdtempSync(join(stateFolder(), `${commit}-`))
  fill(folder)
  linkModules(folder)
  return { commit, folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** The files of a commit. */
export function checkOut(revision: string): Checkout {
  const commit = git('rev-parse', '--short=10', `${revision}^{commit}`)
  return layOut(commit, (folder) => {
    const archive = join(folder, 'tree.tar')
    git('archive', '-o', archive, commit, 'packages', 'package.json')
    execFileSync('tar', ['-xf', archive, '-C', folder])
    rmSync(archive)
  })
}

/** The working tree as it is now: somebody may go on editing while it is measured. */
export function copyTree(): Checkout {
  const filter = (path: string) => !path.endsWith('/node_modules')
  return layOut(`${commitHere()}-here`, (folder) => {
    cpSync(join(root, 'packages'), join(folder, 'packages'), { recursive: true, filter })
    cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  })
}

/** Links the installed packages one by one: a link to the whole folder would resolve the workspace's own packages to the working tree's. */
function linkModules(folder: string): void {
  const installed = join(root, 'node_modules')
  const linked = join(folder, 'node_modules')
  mkdirSync(join(linked, '@meerkat'), { recursive: true })
  for (const name of readdirSync(installed)) {
    if (name !== '@meerkat') symlinkSync(join(installed, name), join(linked, name))
  }
  for (const name of readdirSync(join(folder, 'packages'))) {
    symlinkSync(join(folder, 'packages', name), join(linked, '@meerkat', name))
  }
}
