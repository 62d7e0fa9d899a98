/** The client's side of SCRAM (RFC 5802), with a cache of salted passwords: the generator's own PBKDF2 must not slow down logins. */
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/** Salted passwords, kept in a file between runs. */
export class SaltedPasswords {
  readonly #file: string
  readonly #known = new Map<string, Buffer>()
  #changed = false

  constructor(file: string) {
    this.#file = file
    if (file === '' || !existsSync(file)) return
    for (const line of readFileSync(file, 'latin1').split('\n')) {
      const space = line.lastIndexOf(' ')
      if (space > 0) this.#known.set(line.slice(0, space), Buffer.from(line.slice(space + 1), 'base64'))
    }
  }

  /** Derives it, or remembers it. */
  get(password: string, salt: string, iterations: number): Buffer {
    const key = `sha1 ${password} ${salt} ${iterations}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const derived = pbkdf2Sync(password, Buffer.from(salt, 'base64'), iterations, 20, 'sha1')
    this.#known.set(key, derived)
    this.#changed = true
    return derived
  }

  /** Writes what is new to the file. */
  save(): void {
    if (this.#file === '' || !this.#changed) return
    const lines = [...this.#known].map(([key, value]) => `${key} ${value.toString('base64')}\n`)
    writeFileSync(this.#file, lines.join(''))
    this.#changed = false
  }
}

const hmac = (key: Buffer, data: string) => createHmac('sha1', key).update(data).digest()

/** What the client answers to a challenge, and what the server must say then. */
export interface Proof {
  readonly response: string
  readonly verifier: string
  readonly iterations: number
}

/** Answers the server's first message of SCRAM-SHA-1. */
export function prove(bare: string, challenge: string, password: string, salted: SaltedPasswords): Proof {
  const fields = new Map(challenge.split(',').map((field) => [field[0], field.slice(2)]))
  const iterations = Number(fields.get('i'))
  const key = salted.get(password, fields.get('s') ?? '', iterations)
  const withoutProof = `c=biws,r=${fields.get('r')}`
  const signed = `${bare},${challenge},${withoutProof}`
  const clientKey = hmac(key, 'Client Key')
  const signature = hmac(createHash('sha1').update(clientKey).digest(), signed)
  const proof = clientKey.map((byte, index) => byte ^ signature[index]!)
  return {
    response: `${withoutProof},p=${Buffer.from(proof).toString('base64')}`,
    verifier: `v=${hmac(hmac(key, 'Server Key'), signed).toString('base64')}`,
    iterations,
  }
}
