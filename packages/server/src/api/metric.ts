/** Figures, as MongooseIM's Exometer tells them: by names in segments, host type (or `global`), event, other labels, metric. */
import { Histogram, type Reading } from '../core/metrics.ts'
import type { ApiContext } from './context.ts'
import { ApiError } from './errors.ts'
import { type ApiPart, resolver } from './part.ts'

type Name = readonly (string | null)[]

/** The keys and values of a figure. */
type Dict = readonly (readonly [key: string, value: number])[]

function nameOf({ event, metric, labels }: Reading): string[] {
  const { host_type: hostType = 'global', ...others } = labels
  return [hostType, event, ...Object.values(others), metric]
}

/** A pattern is the beginning of a name; `_` stands for any segment. */
const fits = (name: readonly string[], pattern: Name): boolean =>
  pattern.length <= name.length && pattern.every((segment, i) => segment === '_' || segment === name[i])

function* matching({ kernel }: ApiContext, pattern: Name) {
  for (const reading of kernel.metrics.readings()) {
    const name = nameOf(reading)
    if (fits(name, pattern)) yield { name, reading }
  }
}

function dictOf({ value, kind }: Reading): Dict {
  if (value instanceof Histogram) return histogramDict(value)
  return kind === 'counter' ? [['count', value]] : [['value', value]]
}

const PERCENTILES = [50, 75, 90, 95, 99, 999] as const

/** Values are counted in magnitudes that double: a percentile is the upper end of its magnitude. */
function histogramDict(histogram: Histogram): Dict {
  const { count, sum } = histogram
  const at = (share: number) => upperEnd(histogram, share)
  return [
    ['n', count],
    ['mean', count === 0 ? 0 : Math.round(sum / count)],
    ['min', at(0)],
    ['max', at(1)],
    ['median', at(0.5)],
    ...PERCENTILES.map((percent) => [String(percent), at(percent / (percent > 100 ? 1000 : 100))] as const),
  ]
}

function upperEnd({ buckets, count }: Histogram, share: number): number {
  if (count === 0) return 0
  const wanted = Math.max(1, Math.ceil(count * share))
  let seen = 0
  const place = buckets.findIndex((inside) => (seen += inside) >= wanted)
  return 2 ** place
}

const TYPES = {
  counter: ['SpiralMetric', 'spiral'],
  gauge: ['GaugeMetric', 'gauge'],
  histogram: ['HistogramMetric', 'histogram'],
} as const

function getMetrics({ name }: { name?: Name | null }, context: ApiContext): object[] {
  return Array.from(matching(context, name ?? []), (found) => {
    const [typeName, type] = TYPES[found.reading.kind]
    const fields = dictOf(found.reading).map(([key, value]) => [/^\d/.test(key) ? `p${key}` : key, value])
    return { __typename: typeName, name: found.name, type, ...Object.fromEntries(fields) }
  })
}

interface AsDicts {
  readonly name?: Name | null
  readonly keys?: Name | null
}

function getMetricsAsDicts({ name, keys }: AsDicts, context: ApiContext): object[] {
  return Array.from(matching(context, name ?? []), (found) => ({
    name: found.name,
    dict: dictOf(found.reading)
      .filter(([key]) => keys == null || keys.length === 0 || keys.includes(key))
      .map(([key, value]) => ({ key, value })),
  }))
}

/** Each node counts for itself, and answers for itself. */
function getClusterMetricsAsDicts(args: AsDicts & { nodes?: Name | null }, context: ApiContext): unknown[] {
  const own = context.kernel.node
  const nodes = args.nodes == null || args.nodes.length === 0 ? [own] : args.nodes
  return nodes.map((node) => {
    if (node === own) return { node, result: getMetricsAsDicts(args, context) }
    return new ApiError('not_this_node', 'Failed to get metrics: ask that node itself', { node })
  })
}

/** The part with the category `metric`. */
export const metricPart: ApiPart = {
  category: 'metric',
  sdl: `
extend type AdminQuery {
  "Figures"
  metric: MetricAdminQuery @protected
}

"Reads figures. A name is a list of segments, and a pattern the beginning of one, in which _ stands for any segment."
type MetricAdminQuery @protected(type: GLOBAL) {
  "Get the figures whose names match; all, when it is omitted"
  getMetrics(name: [String]): [MetricResult]
  "Get the same as lists of keys and values, of all keys or of some"
  getMetricsAsDicts(name: [String], keys: [String]): [MetricDictResult]
  "Get the same of nodes; of this one, when they are omitted"
  getClusterMetricsAsDicts(name: [String], keys: [String], nodes: [String]): [MetricNodeResult]
}

"How a figure is counted."
enum MetricType {
  histogram
  counter
  spiral
  gauge
}

"A figure. Its numbers may be larger than those of Int, so they are those of Float."
union MetricResult = HistogramMetric | CounterMetric | SpiralMetric | GaugeMetric

"How often values of each magnitude were seen."
type HistogramMetric @protected(type: GLOBAL) {
  name: [String]
  type: MetricType
  "How many values there were"
  n: Float
  mean: Float
  min: Float
  max: Float
  median: Float
  p50: Float
  p75: Float
  p90: Float
  p95: Float
  p99: Float
  p999: Float
}

"A number that is counted up and down."
type CounterMetric @protected(type: GLOBAL) {
  name: [String]
  type: MetricType
  value: Float
  ms_since_reset: Float
}

"A present value."
type GaugeMetric @protected(type: GLOBAL) {
  name: [String]
  type: MetricType
  value: Float
}

"A number of events."
type SpiralMetric @protected(type: GLOBAL) {
  name: [String]
  type: MetricType
  "Those of the last minute: not counted apart, so null"
  one: Float
  "All of them"
  count: Float
}

"A key of a figure."
type MetricDictEntry @protected(type: GLOBAL) {
  key: String
  value: Float
}

"A figure as keys and values."
type MetricDictResult @protected(type: GLOBAL) {
  name: [String]
  dict: [MetricDictEntry]
}

"The figures of a node."
type MetricNodeResult @protected(type: GLOBAL) {
  node: String
  result: [MetricDictResult]
}
`,
  resolvers: {
    MetricAdminQuery: {
      getMetrics: resolver(getMetrics),
      getMetricsAsDicts: resolver(getMetricsAsDicts),
      getClusterMetricsAsDicts: resolver(getClusterMetricsAsDicts),
    },
  },
}
