/**
 * Figures for operators. Counting is one increment of a plain field; names and labels are MongooseIM's `<event>_<metric>` and are put together
 * when somebody looks (the text format of Prometheus, version 0.0.4).
 */

/** A count that only grows (a `spiral` of the reference). */
export class Counter {
  value = 0
}

/** How many buckets there are: 1, 2, 4 … 2^30, and one for what is more. */
const BUCKETS = 32

/** How often values of each magnitude were seen, in buckets that double. */
export class Histogram {
  readonly buckets = new Float64Array(BUCKETS)
  sum = 0
  count = 0

  /** Counts a value: microseconds or bytes. */
  observe(value: number): void {
    this.sum += value
    this.count++
    const whole = Math.ceil(value)
    const place = whole <= 1 ? 0 : whole > 1_073_741_824 ? BUCKETS - 1 : 32 - Math.clz32(whole - 1)
    this.buckets[place]!++
  }
}

/** Label names and values of a series. */
export type Labels = Readonly<Record<string, string>>

/** What stands behind a series: a count of this module, or a look at what something else keeps. */
type Source = Counter | Histogram | (() => number)

/** How a name is typed in the text format. */
export type MetricKind = 'counter' | 'gauge' | 'histogram'

/** A series. */
interface Series {
  readonly labels: Labels
  readonly source: Source
}

interface Family {
  readonly kind: MetricKind
  readonly event: string
  readonly metric: string
  /** By the text of the labels. */
  readonly series: Map<string, Series>
}

/** A figure as it is now, with its name in parts. */
export interface Reading {
  readonly kind: MetricKind
  readonly event: string
  readonly metric: string
  readonly labels: Labels
  readonly value: number | Histogram
}

/** All figures of a node. */
export class Metrics {
  readonly #families = new Map<string, Family>()

  /** Figures that carry these labels. */
  scope(labels: Labels = {}): MetricScope {
    return new MetricScope(this, labels)
  }

  /** Enters a series, or gives the one that has this name and these labels. Throws when the name has another type. */
  enter<S extends Source>(kind: MetricKind, event: string, metric: string, labels: Labels, source: () => S): S {
    const name = `${event}_${metric}`
    let family = this.#families.get(name)
    if (family === undefined) {
      family = { kind, event, metric, series: new Map() }
      this.#families.set(name, family)
    }
    if (family.kind !== kind) throw new Error(`the metric ${name} is a ${family.kind} already`)
    const key = labelText(labels)
    const known = family.series.get(key)
    // A look belongs to who gave it last: a module that was started again, say.
    if (known !== undefined && typeof known.source !== 'function') return known.source as S
    const made = source()
    family.series.set(key, { labels, source: made })
    return made
  }

  /** The names and their types. */
  names(): [name: string, kind: MetricKind][] {
    return Array.from(this.#families, ([name, { kind }]) => [name, kind])
  }

  /** Everything one by one. A figure that cannot be read is left out. */
  *readings(): Iterable<Reading> {
    for (const { kind, event, metric, series } of this.#families.values())
      for (const { labels, source } of series.values()) {
        const value =
          source instanceof Counter ? source.value : typeof source === 'function' ? readSafely(source) : source
        if (value !== undefined) yield { kind, event, metric, labels, value }
      }
  }

  /** Everything in the text format. A figure that cannot be read is left out. */
  text(): string {
    let text = ''
    for (const [name, { kind, event, metric, series }] of this.#families) {
      text += `# TYPE ${name} ${kind}\n# HELP ${name} Event: ${event}, Metric: ${metric}\n`
      for (const [labels, { source }] of series) text += seriesText(name, labels, source)
    }
    return text
  }
}

/** Figures with common labels: those of a host type, of a pool, or of the node. */
export class MetricScope {
  readonly #metrics: Metrics
  readonly #labels: Labels

  constructor(metrics: Metrics, labels: Labels) {
    this.#metrics = metrics
    this.#labels = labels
  }

  /** The same with more labels. */
  within(labels: Labels): MetricScope {
    return new MetricScope(this.#metrics, { ...this.#labels, ...labels })
  }

  /** A count of events; asked for twice, it is the same one. */
  counter(event: string, metric = 'count'): Counter {
    return this.#metrics.enter('counter', event, metric, this.#labels, () => new Counter())
  }

  /** A histogram of microseconds or bytes; asked for twice, it is the same one. */
  histogram(event: string, metric = 'time'): Histogram {
    return this.#metrics.enter('histogram', event, metric, this.#labels, () => new Histogram())
  }

  /** Shows a histogram that is kept elsewhere. */
  showHistogram(event: string, metric: string, histogram: Histogram): void {
    this.#metrics.enter('histogram', event, metric, this.#labels, () => histogram)
  }

  /** A count that is kept elsewhere and read when somebody looks. */
  counted(event: string, metric: string, read: () => number): void {
    this.#metrics.enter('counter', event, metric, this.#labels, () => read)
  }

  /** A present value, read when somebody looks. */
  gauge(event: string, metric: string, read: () => number): void {
    this.#metrics.enter('gauge', event, metric, this.#labels, () => read)
  }
}

function seriesText(name: string, labels: string, source: Source): string {
  if (source instanceof Histogram) return histogramText(name, labels, source)
  const value = typeof source === 'function' ? readSafely(source) : source.value
  return value === undefined ? '' : `${name}${braced(labels)} ${value}\n`
}

/** One figure that fails must not hide the others. */
function readSafely(read: () => number): number | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

function histogramText(name: string, labels: string, { buckets, sum, count }: Histogram): string {
  let text = ''
  let below = 0
  const before = labels === '' ? '' : `${labels},`
  for (let i = 0; i < BUCKETS; i++) {
    below += buckets[i]!
    text += `${name}_bucket{${before}le="${i === BUCKETS - 1 ? '+Inf' : 2 ** i}"} ${below}\n`
  }
  return `${text}${name}_count${braced(labels)} ${count}\n${name}_sum${braced(labels)} ${sum}\n`
}

const braced = (labels: string): string => (labels === '' ? '' : `{${labels}}`)

/** Labels in the order of their names. */
function labelText(labels: Labels): string {
  return Object.keys(labels)
    .toSorted()
    .map((name) => `${name}="${escaped(labels[name] ?? '')}"`)
    .join(',')
}

const escaped = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
