/** The files of the repository that the tools look at. */
import { globSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const elsewhere = (name: string) => name === 'node_modules' || name === '.build' || name === '.git'

/** Paths below the repository that match one of the patterns, sorted; what is installed or built is left out. */
export function files(patterns: string | readonly string[], folder = root): string[] {
  return globSync(patterns, { cwd: folder, exclude: elsewhere }).sort()
}

/** Whether the file is a test or holds what only tests use. */
export const isTest = (path: string): boolean =>
  /\.(?:test|fixture|contract)\.m?ts$|\/testing\/|^e2e\/|^interop\//.test(path)

/** Whether the file never runs in a product: a test or a benchmark. */
export const isDevelopment = (path: string): boolean => isTest(path) || /(?:^|\/)bench\//.test(path)

/** Whether a tool wrote the file. */
export const isGenerated = (path: string): boolean => /\.generated\.|\/generated\//.test(path)
