/** The entry of `meerkat` and `mongooseimctl`. */
import { basename } from 'node:path'
import process from 'node:process'
import { run } from './run.ts'

const program = basename(process.argv[1] ?? '') === 'mongooseimctl' ? 'mongooseimctl' : 'meerkat'
process.exitCode = await run(process.argv.slice(2), program)
