/** What goes wrong in the API. The codes are the snake_case words that MongooseIM's clients know. */
/** A resolver's refusal: it becomes an entry in `errors`, with its code and details as extensions, and HTTP 200. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: string
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.code = code
    this.details = details
  }
}

/** A request that is refused before anything of it is executed. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly status: number
  readonly code: string
  readonly path: readonly (string | number)[] | undefined

  constructor(status: number, code: string, message: string, path?: readonly (string | number)[]) {
    super(message)
    this.status = status
    this.code = code
    this.path = path
  }
}
