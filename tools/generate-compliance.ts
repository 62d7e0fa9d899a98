/** Writes docs/compliance.md from interop/compliance/requirements.ts. With `--check` it only says whether the document is up to date. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { levelsOf, linesOf } from '../interop/compliance/table.ts'
import { root } from './files.ts'

const FILE = 'docs/compliance.md'

const text = `<!-- Generated from interop/compliance/requirements.ts by tools/generate-compliance.ts. -->

# Compliance

What the XMPP Compliance Suites 2023 ([XEP-0479](https://xmpp.org/extensions/xep-0479.html)) ask of servers. Each suite asks for all of Core as well.

${levelsOf().join('\n')}

"asked": by this level; "n/a": it is for clients to do, and the server must not be in the way. What is needed has to be in the configuration.

${linesOf().join('\n')}

\`npm test -- compliance\` tries every line against a running server with a client: that the feature is advertised, and that it works; and of what is
not there yet, that it is not advertised either. It prints these tables as they turned out.
`

if (!process.argv.includes('--check')) writeFileSync(join(root, FILE), text)
else if (!existsSync(join(root, FILE)) || readFileSync(join(root, FILE), 'utf8') !== text) {
  console.log(`${FILE} is out of date: run node tools/generate-compliance.ts`)
  process.exitCode = 1
}
