/** Exit codes of the command line (as in MongooseIM). */

export const SUCCESS = 0
/** The command failed, or could not be understood. */
export const ERROR = 1
/** There was no command: the usage was printed. */
export const USAGE = 2
/** The server cannot be reached. */
export const UNREACHABLE = 3

/** What a command leaves: the process's exit code. */
export type ExitCode = typeof SUCCESS | typeof ERROR | typeof USAGE | typeof UNREACHABLE

/** The command cannot go on; the message is for the user. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}
