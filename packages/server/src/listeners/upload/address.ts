/** Addresses of uploaded files: `<path>/<domain>/<id>/<name>`, with `?token=…` for the upload. */

/** What an address says. */
export interface FileAddress {
  readonly domain: string
  readonly id: string
  readonly name: string
  /** Undefined when there is none, or something else than one. */
  readonly token: string | undefined
}

const ID = /^[0-9a-f]{32}$/
const TOKEN = /^[0-9a-f]{32,512}$/

/** Reads an address below `base`; undefined for everything that this server has not given away (S83, S86). */
export function readAddress(base: string, target: string): FileAddress | undefined {
  const [path = '', query = '', ...more] = target.split('?')
  if (more.length > 0 || !path.startsWith(`${base}/`)) return undefined
  const parts = path.slice(base.length + 1).split('/')
  if (parts.length !== 3) return undefined
  const [domain, name] = [decoded(parts[0]!), decoded(parts[2]!)]
  if (domain === undefined || name === undefined || !ID.test(parts[1]!)) return undefined
  const [key, token = '', ...others] = query.split('=')
  const isToken = key === 'token' && others.length === 0 && TOKEN.test(token)
  return { domain, id: parts[1]!, name, token: isToken ? token : undefined }
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}
