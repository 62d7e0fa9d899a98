#!/usr/bin/env node
/** `meerkat` and `mongooseimctl`: the command line, on a Node that can run it. Plain JavaScript, see runtime.mjs. */
import module from 'node:module'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { advice, become, findNode, newEnough } from './runtime.mjs'

const here = dirname(fileURLToPath(import.meta.url))

if (newEnough()) {
  // In the user's own folder: one in /tmp could be written by somebody else.
  module.enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'meerkat'))
  await import('../src/cli/main.ts')
} else {
  const node = findNode(here)
  if (node) {
    become(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)])
  } else {
    console.error(advice)
    process.exitCode = 1
  }
}
