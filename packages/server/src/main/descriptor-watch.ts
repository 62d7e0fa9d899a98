/**
 * R23: tells the log that the process has no file descriptors left. Nobody else would: Node closes new connections
 * without a word then, and everything else goes on.
 */
import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import type { Log } from '../core/log.ts'

/** Good looks, one a second, before it is over: connections come and go meanwhile. */
const RELIEF = 10

/** Watches the file descriptors. */
export class DescriptorWatch {
  readonly #log: Log
  readonly #hasOne: () => boolean
  /** Looks that are still to be good; 0 when there is no shortage. */
  #left = 0

  /** `hasOne` says whether another file could be opened. */
  constructor(log: Log, hasOne: () => boolean = canOpen) {
    this.#log = log
    this.#hasOne = hasOne
  }

  /** Looks whether there is one; the owner calls this every second. */
  look(): void {
    if (!this.#hasOne()) {
      if (this.#left === 0)
        this.#log.error(
          { what: 'no_file_descriptors' },
          'new connections are closed: let the process have more files (ulimit -n, LimitNOFILE), or lower max_connections',
        )
      this.#left = RELIEF
    } else if (this.#left > 0 && --this.#left === 0) {
      this.#log.notice({ what: 'file_descriptors_again' }, 'new connections are accepted again')
    }
  }
}

function canOpen(): boolean {
  try {
    closeSync(openSync(devNull, 'r'))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code !== 'EMFILE' && code !== 'ENFILE'
  }
  return true
}
