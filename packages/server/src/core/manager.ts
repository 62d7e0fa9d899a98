/** The module manager: starts modules in the order of their needs, puts in what they add, and takes all of it out again. */
import { isDeepStrictEqual } from 'node:util'
import type { Host } from './host.ts'
import type { Hosts } from './hosts.ts'
import type { Additions, ModuleDeclaration } from './module.ts'
import { type Settings, sectionSchema } from './settings.ts'

/** The declarations that this server has, by key. */
export interface ModuleRegistry extends ReadonlyMap<string, ModuleDeclaration> {
  /** Those that always run, where that is known without looking at each. */
  readonly always?: readonly string[]
}

/** What was done with a module. */
export interface ModuleChange {
  readonly key: string
  readonly what: 'started' | 'stopped' | 'reconfigured'
}

interface Running {
  readonly declaration: ModuleDeclaration
  readonly settings: unknown
  readonly additions: Additions
}

/** Runs the modules of all host types. */
export class ModuleManager {
  readonly #registry: ModuleRegistry
  readonly #hosts: Hosts
  readonly #running = new Map<Host, Map<string, Running>>()

  constructor(registry: ModuleRegistry, hosts: Hosts) {
    this.#registry = registry
    this.#hosts = hosts
  }

  /** Starts a host type's modules: those configured, those that always run, and what they require. Undoes everything when one fails. */
  async startAll(host: Host, configured: ReadonlyMap<string, unknown>): Promise<void> {
    const always = this.#always().map((key): [string, unknown] => [key, undefined])
    const wanted = new Map([...always, ...configured])
    try {
      for (const key of wanted.keys()) await this.#startWithNeeds(host, key, wanted, [])
    } catch (error) {
      await this.stopAll(host)
      throw error
    }
  }

  /** Starts one module; `settings` are values already checked, or undefined for the defaults. Throws when it runs or lacks what it requires. */
  async start(host: Host, key: string, settings?: unknown): Promise<void> {
    const declaration = this.#declaration(key)
    if (this.running(host, key)) throw new Error(`${key} is already running on ${host.type}`)
    const missing = (declaration.requires ?? []).filter((needed) => !this.running(host, needed))
    if (missing.length > 0) throw new Error(`${key} requires ${missing.join(', ')}`)
    const values = settings ?? defaults(declaration.config ?? {})
    const additions = await declaration.start(host, values as never)
    try {
      this.#putIn(host, key, additions)
    } catch (error) {
      await additions.stop?.()
      throw error
    }
    this.#of(host).set(key, { declaration, settings: values, additions })
  }

  /** Stops one module, and removes all that it added; sessions stay. Throws when another running module requires it. */
  async stop(host: Host, key: string): Promise<void> {
    const running = this.#of(host).get(key)
    if (running === undefined) throw new Error(`${key} is not running on ${host.type}`)
    const needing = [...this.#of(host).values()].filter((other) => other.declaration.requires?.includes(key) === true)
    if (needing.length > 0)
      throw new Error(`${needing.map((other) => other.declaration.key).join(', ')} requires ${key}`)
    this.#of(host).delete(key)
    takeOut(host, this.#hosts, running.additions)
    await running.additions.stop?.()
  }

  /** Gives a running module new settings; when it cannot start with them it goes on with the old ones, and this rejects. */
  async reconfigure(host: Host, key: string, settings: unknown): Promise<void> {
    const before = this.#of(host).get(key)
    if (before === undefined) throw new Error(`${key} is not running on ${host.type}`)
    this.#of(host).delete(key)
    takeOut(host, this.#hosts, before.additions)
    await before.additions.stop?.()
    try {
      await this.start(host, key, settings)
    } catch (error) {
      await this.start(host, key, before.settings)
      throw error
    }
  }

  /**
   * Starts, stops and reconfigures modules until those of `configured` run, with their settings; sessions stay. Says what it did. When one of
   * them cannot start, everything is set back, and this rejects.
   */
  async change(host: Host, configured: ReadonlyMap<string, unknown>): Promise<ModuleChange[]> {
    const wanted = this.#wanted(configured)
    const before = this.list(host)
    const changes: ModuleChange[] = []
    const undo: (() => Promise<void>)[] = []
    const done = (key: string, what: ModuleChange['what'], back: () => Promise<void>): void => {
      changes.push({ key, what })
      undo.push(back)
    }
    try {
      for (const { key, settings } of before.toReversed()) {
        if (wanted.has(key)) continue
        await this.stop(host, key)
        done(key, 'stopped', () => this.start(host, key, settings))
      }
      for (const [key, settings] of wanted) {
        const old = before.find((module) => module.key === key)
        if (old !== undefined && isDeepStrictEqual(old.settings, settings)) continue
        if (old === undefined) await this.start(host, key, settings)
        else await this.reconfigure(host, key, settings)
        if (old === undefined) done(key, 'started', () => this.stop(host, key))
        else done(key, 'reconfigured', () => this.reconfigure(host, key, old.settings))
      }
      return changes
    } catch (error) {
      for (const back of undo.toReversed()) await back()
      throw error
    }
  }

  /** All modules that are to run, with their settings, each behind those that it requires. */
  #wanted(configured: ReadonlyMap<string, unknown>): Map<string, unknown> {
    const wanted = new Map<string, unknown>()
    const add = (key: string): void => {
      if (wanted.has(key)) return
      const { requires = [], config = {} } = this.#declaration(key)
      for (const needed of requires) add(needed)
      wanted.set(key, configured.get(key) ?? defaults(config))
    }
    for (const key of this.#always()) add(key)
    for (const key of configured.keys()) add(key)
    return wanted
  }

  /** Stops all modules of a host type, those that need others first. */
  async stopAll(host: Host): Promise<void> {
    for (const key of [...this.#of(host).keys()].toReversed()) await this.stop(host, key)
  }

  /** Whether a module runs on a host type. */
  running(host: Host, key: string): boolean {
    return this.#of(host).has(key)
  }

  /** The modules that run on a host type, with their settings, in the order of their start. */
  list(host: Host): { key: string; settings: unknown }[] {
    return Array.from(this.#of(host), ([key, running]) => ({ key, settings: running.settings }))
  }

  async #startWithNeeds(host: Host, key: string, wanted: ReadonlyMap<string, unknown>, path: string[]): Promise<void> {
    if (this.running(host, key)) return
    if (path.includes(key)) throw new Error(`modules require each other: ${[...path, key].join(' → ')}`)
    for (const needed of this.#declaration(key).requires ?? [])
      await this.#startWithNeeds(host, needed, wanted, [...path, key])
    await this.start(host, key, wanted.get(key))
  }

  #always(): readonly string[] {
    const { always } = this.#registry
    return always ?? [...this.#registry.values()].filter((one) => one.always === true).map(({ key }) => key)
  }

  #declaration(key: string): ModuleDeclaration {
    const declaration = this.#registry.get(key)
    if (declaration === undefined) throw new Error(`no module ${key}`)
    return declaration
  }

  #of(host: Host): Map<string, Running> {
    let running = this.#running.get(host)
    if (running === undefined) this.#running.set(host, (running = new Map()))
    return running
  }

  #putIn(host: Host, key: string, additions: Additions): void {
    const done: Additions[] = []
    try {
      for (const route of additions.iq ?? []) {
        host.iq.add(route)
        done.push({ iq: [route] })
      }
      for (const addition of additions.services ?? []) {
        this.#hosts.addServiceOf(host, addition)
        done.push({ services: [addition] })
      }
    } catch (error) {
      for (const part of done) takeOut(host, this.#hosts, part)
      throw new Error(`${key}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    }
    for (const registration of additions.hooks ?? []) host.hooks.add(key, registration)
    for (const feature of additions.features ?? []) host.serverFeatures.add(feature)
    for (const feature of additions.accountFeatures ?? []) host.accountFeatures.add(feature)
    for (const identity of additions.identities ?? []) host.serverIdentities.add(identity)
    for (const identity of additions.accountIdentities ?? []) host.accountIdentities.add(identity)
  }
}

function takeOut(host: Host, hosts: Hosts, additions: Additions): void {
  for (const registration of additions.hooks ?? []) host.hooks.remove(registration)
  for (const route of additions.iq ?? []) host.iq.remove(route)
  for (const addition of additions.services ?? []) hosts.removeServiceOf(host, addition)
  for (const feature of additions.features ?? []) host.serverFeatures.remove(feature)
  for (const feature of additions.accountFeatures ?? []) host.accountFeatures.remove(feature)
  for (const identity of additions.identities ?? []) host.serverIdentities.remove(identity)
  for (const identity of additions.accountIdentities ?? []) host.accountIdentities.remove(identity)
}

/** The settings of a section that is not written. */
function defaults(settings: Settings): unknown {
  return sectionSchema(settings, { folder: '.' }).parse({})
}
