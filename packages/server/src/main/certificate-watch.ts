/** How long certificates are still valid: a figure for each listener, and a warning three weeks before the end (S43). */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Listener } from '../core/config/types.ts'
import type { Kernel } from '../core/kernel.ts'
import type { TlsFiles } from './certificates.ts'
import type { PresentConfig } from './present-config.ts'

const DAY = 86_400_000
const WARN_DAYS = 21

/** What the figure is when there are no days to count (MongooseIM: tls_cert_remaining_days). */
const INVALID = -32_768
const NOT_YET_VALID = -32_767

/** The days until the certificate in a file ends; below 0 when it has ended. */
export function remainingDays(file: string, now: number): number {
  try {
    const { validFromDate, validToDate } = new X509Certificate(readFileSync(file))
    if (validFromDate.getTime() > now) return NOT_YET_VALID
    return Math.floor((validToDate.getTime() - now) / DAY)
  } catch {
    return INVALID
  }
}

/** Shows the days left of each listener's certificate; looks at them now and once a day, and warns of those about to end. */
export function watchCertificates(kernel: Kernel, present: PresentConfig, development: TlsFiles): void {
  const watched = present.started.listen.flatMap((listener, index) => {
    if (certificateOf(listener, development) === undefined) return []
    // A reload may name another file.
    const file = (): string => certificateOf(present.current.listen[index] ?? listener, development) ?? ''
    return [{ listener: listenerId(listener), file }]
  })
  for (const { listener, file } of watched) {
    const scope = kernel.metrics.scope({ listener_id: listener })
    scope.gauge('tls_cert_remaining_days', 'count', () => remainingDays(file(), kernel.clock.now()))
  }
  const look = (): void => {
    for (const { listener, file } of watched) warn(kernel, listener, file())
  }
  look()
  kernel.timers.every(DAY / 1000, look)
}

function warn(kernel: Kernel, listener: string, file: string): void {
  const days = remainingDays(file, kernel.clock.now())
  if (days >= WARN_DAYS) return
  const text =
    days === INVALID
      ? 'cannot be read as a certificate'
      : days === NOT_YET_VALID
        ? 'is not valid yet'
        : days < 0
          ? 'has ended: clients refuse it'
          : `ends in ${days} days`
  kernel.log.warn({ what: 'certificate_ends', listener, file, days }, `the certificate ${file} ${text}`)
}

function certificateOf({ settings: { tls } }: Listener, development: TlsFiles): string | undefined {
  if (tls === undefined) return undefined
  return tls.certfile !== undefined && tls.keyfile !== undefined ? tls.certfile : development.certfile
}

/** The reference's way of naming a listener: `127.0.0.1@tcp/5222`. */
const listenerId = ({ ip_address: address, port }: Listener): string => `${address ?? '0.0.0.0'}@tcp/${port}`
