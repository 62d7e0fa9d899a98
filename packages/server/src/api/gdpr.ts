/** What the server keeps of a user, as an archive of tables on the server's machine. */
import { makeJid } from '@meerkat/protocol'
import { type PersonalData, personalData } from '../core/personal-data.ts'
import { type ApiContext, sharedOrNone } from './context.ts'
import { ApiError } from './errors.ts'
import { type ArchivedFile, nodeControl } from './node-control.ts'
import { type ApiPart, resolver } from './part.ts'

interface Wanted {
  readonly username: string
  readonly domain: string
  readonly resultFilepath: string
}

async function retrievePersonalData({ username, domain, resultFilepath: file }: Wanted, context: ApiContext) {
  const details = { user: username, domain }
  const user = makeJid(username, domain)
  const host = context.kernel.hosts.of(domain)
  const node = sharedOrNone(context.kernel, nodeControl)
  if (node === undefined || host === undefined || !(await host.accounts.exists(user)))
    throw new ApiError('user_does_not_exist_error', 'User does not exist', details)
  // S83: somebody who manages one domain does not choose where the server writes.
  if (context.role !== 'admin' && !isName(file)) throw new ApiError(...denied(file), details)
  const tables = await host.hooks.fold(personalData, [], user)
  try {
    await node.writeArchive(file, filesOf(tables), user.toString())
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const problem = Object.hasOwn(PROBLEMS, code) ? PROBLEMS[code]?.(file) : undefined
    throw problem === undefined ? error : new ApiError(...problem, details)
  }
  return 'Data retrieved'
}

/** A name without a folder. */
const isName = (file: string): boolean => /^[^/\\\0]+$/.test(file) && file !== '.' && file !== '..'

/** A code, and its message. */
type Problem = readonly [code: string, message: string]

const denied = (file: string): Problem => [
  'file_creation_permission_denied_error',
  `Permission to create file in location '${file}' denied`,
]

/** MongooseIM's words for what goes wrong with the file. */
const PROBLEMS: Readonly<Record<string, (file: string) => Problem>> = {
  ENOENT: (file) => ['wrong_filename_error', `It is impossible to create file named '${file}'`],
  EACCES: denied,
  EPERM: denied,
  EROFS: denied,
  EISDIR: (file) => ['location_is_a_directory_error', `Given location '${file}' is a directory`],
  EEXIST: (file) => ['file_already_exist_error', `File '${file}' already exist`],
}

/** A file for each table that has rows. */
async function* filesOf(tables: readonly PersonalData[]): AsyncGenerator<ArchivedFile> {
  for (const { group, columns, rows } of tables) {
    const iterator = (async function* () {
      yield* rows
    })()
    const first = await iterator.next()
    if (first.done === true) continue
    yield { name: `${group}.csv`, text: csv(columns, first.value, iterator) }
  }
}

async function* csv(columns: readonly string[], first: readonly string[], more: AsyncIterable<readonly string[]>) {
  yield line(columns) + line(first)
  for await (const row of more) yield line(row)
}

/** RFC 4180 §2. */
const line = (fields: readonly string[]): string => `${fields.map(quoted).join(',')}\r\n`

const quoted = (field: string): string => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)

/** The part with the category `gdpr`. */
export const gdprPart: ApiPart = {
  category: 'gdpr',
  sdl: `
extend type AdminQuery {
  "Personal data"
  gdpr: GdprAdminQuery @protected
}

"Retrieves personal data."
type GdprAdminQuery {
  "Write everything that is kept of a user into a new archive (ZIP) on the server; a file name without a folder is one in the data folder, below personal-data"
  retrievePersonalData(username: UserName!, domain: DomainName!, resultFilepath: String!): String
    @protected(type: DOMAIN, args: ["domain"])
}
`,
  resolvers: { GdprAdminQuery: { retrievePersonalData: resolver(retrievePersonalData) } },
}
