/** The page that a browser gets from the endpoint: a small GraphiQL that needs nothing from elsewhere, so that it works offline. */
import { createHash } from 'node:crypto'

const STYLE = `
* { box-sizing: border-box }
body { margin: 0; font: 14px/1.4 system-ui, sans-serif; display: grid; height: 100vh;
  grid: auto 1fr / 1fr 1fr 20rem; color-scheme: light dark }
header { grid-column: 1 / -1; display: flex; gap: .5rem; align-items: center; padding: .5rem; border-bottom: 1px solid #8888 }
h1 { font-size: 1rem; margin: 0 1rem 0 0 }
textarea, pre { font: 13px/1.45 ui-monospace, monospace; tab-size: 2 }
textarea { border: 0; padding: .6rem; resize: none; width: 100% }
#left { display: grid; grid-template-rows: 1fr auto 8rem; border-right: 1px solid #8888 }
#left label { padding: .2rem .6rem; border-top: 1px solid #8888; opacity: .7 }
pre, #docs { margin: 0; padding: .6rem; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere }
#docs { border-left: 1px solid #8888 }
#docs button { display: block; border: 0; background: none; color: inherit; text-align: left; font: inherit; cursor: pointer; padding: .1rem 0 .1rem 1rem }
`

// Answers are put in as text, never as markup.
const SCRIPT = `
const at = (id) => document.getElementById(id)
const send = async (query, variables) => {
  const headers = { 'content-type': 'application/json' }
  if (at('user').value) headers.authorization = 'Basic ' +
    btoa(String.fromCharCode(...new TextEncoder().encode(at('user').value + ':' + at('password').value)))
  const response = await fetch(location.pathname, { method: 'POST', headers, credentials: 'omit', body: JSON.stringify({ query, variables }) })
  return response.json()
}
const run = async () => {
  at('answer').textContent = '…'
  try {
    const answer = await send(at('query').value, at('variables').value)
    at('answer').textContent = JSON.stringify(answer, null, 2)
  } catch (error) { at('answer').textContent = String(error) }
}
const typeText = (t) => t.kind === 'NON_NULL' ? typeText(t.ofType) + '!' : t.kind === 'LIST' ? '[' + typeText(t.ofType) + ']' : t.name
const leaf = (t) => t.ofType ? leaf(t.ofType) : t
const selection = (types, t, depth) => {
  const type = types.get(leaf(t).name)
  const parts = type && type.possibleTypes
  if (parts && type.kind === 'UNION') return depth === 0 ? ' { __typename }' : ' { ' + parts.map((part) => '... on ' + part.name + selection(types, part, depth - 1)).join(' ') + ' }'
  if (!type || !type.fields) return ''
  if (depth === 0) return ' { __typename }'
  return ' { ' + type.fields.filter((f) => !f.args.length).map((f) => f.name + selection(types, f.type, depth - 1)).join(' ') + ' }'
}
const T = 'kind name ofType { kind name ofType { kind name ofType { kind name } } }'
const docs = async () => {
  const answer = await send('{ __schema { queryType { name } mutationType { name } types { name kind description possibleTypes { kind name } fields { name description args { name type { ' + T + ' } } type { ' + T + ' } } } } }')
  const schema = answer.data.__schema
  const types = new Map(schema.types.map((type) => [type.name, type]))
  const add = (kind, root) => {
    for (const category of root ? types.get(root.name).fields : []) {
      const details = document.createElement('details')
      const summary = document.createElement('summary')
      summary.textContent = kind + ' ' + category.name
      details.append(summary)
      const inside = types.get(leaf(category.type).name)
      for (const field of inside && inside.fields || []) {
        const button = document.createElement('button')
        const args = field.args.map((a) => a.name + ': ' + typeText(a.type)).join(', ')
        button.textContent = field.name + (args ? '(' + args + ')' : '') + ': ' + typeText(field.type)
        button.title = field.description || ''
        button.onclick = () => {
          const given = field.args.length ? '(' + field.args.map((a) => a.name + ': $' + a.name).join(', ') + ')' : ''
          const wants = field.args.length ? ' (' + field.args.map((a) => '$' + a.name + ': ' + typeText(a.type)).join(', ') + ')' : ''
          at('query').value = kind + wants + ' {\\n  ' + category.name + ' {\\n    ' + field.name + given + selection(types, field.type, 3) + '\\n  }\\n}'
          at('variables').value = JSON.stringify(Object.fromEntries(field.args.map((a) => [a.name, null])), null, 2)
        }
        details.append(button)
      }
      at('docs').append(details)
    }
  }
  add('query', schema.queryType)
  add('mutation', schema.mutationType)
}
at('run').onclick = run
document.onkeydown = (event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) run() }
docs().catch((error) => { at('docs').textContent = String(error) })
`

const digest = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** The page's content security policy: its own script and style, its own server, nothing else. */
export const PAGE_POLICY =
  `default-src 'none'; script-src ${digest(SCRIPT)}; style-src ${digest(STYLE)}; connect-src 'self'; ` +
  `base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

/** The page. */
export const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>GraphiQL</title>
<style>${STYLE}</style>
<header>
  <h1>GraphiQL</h1>
  <button id="run" title="Ctrl-Enter">Run</button>
  <input id="user" placeholder="user name" autocomplete="username">
  <input id="password" type="password" placeholder="password" autocomplete="current-password">
</header>
<div id="left">
  <textarea id="query" spellcheck="false" aria-label="Query">query {
  checkAuth { authStatus }
}</textarea>
  <label for="variables">Variables</label>
  <textarea id="variables" spellcheck="false">{}</textarea>
</div>
<pre id="answer"></pre>
<div id="docs"></div>
<script>${SCRIPT}</script>
</html>
`
