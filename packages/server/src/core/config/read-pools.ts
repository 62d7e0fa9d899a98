/** Reads `[outgoing_pools.TYPE.TAG]`, for all host types and for one. */

import { poolSettings } from './declarations/pools.ts'
import { type Document } from './document.ts'
import { type Path } from './read-settings.ts'
import { type KnownParts, type Pool } from './types.ts'

/** The pools in the section at `path`, in the order of the file. */
export function readPools(document: Document, path: Path, known: KnownParts['pools']): Pool[] {
  return Object.keys(document.table(path) ?? {}).flatMap((type) => {
    const at = [...path, type]
    if (!isType(type)) document.unknownKey(at, Object.keys(poolSettings))
    else if (!known.has(type)) document.notBuilt(at, `outgoing_pools.${type}`)
    else return Object.keys(document.table(at) ?? {}).flatMap((tag) => readPool(document, [...at, tag], type, tag))
    return []
  })
}

const isType = (type: string): type is Pool['type'] => Object.hasOwn(poolSettings, type)

function readPool(document: Document, path: Path, type: Pool['type'], tag: string): Pool[] {
  const written = document.table(path)
  if (written === undefined) return []
  const ofHost = path[0] === 'host_config'
  if (ofHost && Object.hasOwn(written, 'scope')) {
    document.problem({
      path: [...path, 'scope'],
      message: 'is not for the pools of a host_config',
      value: written['scope'],
    })
  }
  const settings = document.read(poolSettings[type], path, written)
  // The type chose the settings, so the two belong together.
  return settings === undefined ? [] : [{ type, tag, hostType: undefined, settings } as Pool]
}

/** All pools to start: those of a host type go before the common ones with the same type and tag. */
export function mergePools(
  common: readonly Pool[],
  own: ReadonlyMap<string, readonly Pool[]>,
  hostTypes: readonly string[],
): Pool[] {
  const everywhere = common.filter((pool) => pool.settings.scope === 'global')
  const perHostType = common.filter((pool) => pool.settings.scope !== 'global')
  const ofHostType = (hostType: string): Pool[] => {
    const written = own.get(hostType) ?? []
    const isWritten = (pool: Pool) => written.some(({ type, tag }) => type === pool.type && tag === pool.tag)
    return [...perHostType.filter((pool) => !isWritten(pool)), ...written].map((pool) =>
      Object.assign({}, pool, { hostType }),
    )
  }
  return [...everywhere, ...hostTypes.flatMap(ofHostType)]
}
