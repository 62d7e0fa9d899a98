import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { apiStory, codeOf, dataOf } from './api-story.fixture.ts'

type Metric = Readonly<Record<string, unknown>>

const FIELDS = `__typename ... on HistogramMetric { name type n mean min max median p50 p99 p999 }
  ... on SpiralMetric { name type one count } ... on GaugeMetric { name type value }`

describe('the category metric', () => {
  it('MongooseIM: figures are found by the beginning of their names, with any segment for _', async (t) => {
    const { ask, story } = await apiStory(t, { users: ['alice'] })
    story.host.metrics.counter('zoo', 'animals').value = 5_000_000_000
    const get = async (name: string[]) => {
      const answer = await ask(
        `query ($n: [String]) { metric { getMetrics(name: $n) { ${FIELDS} } } }`,
        {},
        { n: name },
      )
      return (dataOf(answer) as { metric: { getMetrics: Metric[] } }).metric.getMetrics
    }
    const zoo = {
      __typename: 'SpiralMetric',
      name: ['example.com', 'zoo', 'animals'],
      type: 'spiral',
      one: null,
      count: 5_000_000_000,
    }
    assert.deepEqual(await get(['example.com', 'zoo']), [zoo])
    assert.deepEqual(await get(['_', 'zoo', 'animals']), [zoo])
    assert.deepEqual(await get(['nowhere', 'zoo']), [])
    assert.deepEqual(await get(['global', 'sm_total_sessions']), [
      { __typename: 'GaugeMetric', name: ['global', 'sm_total_sessions', 'count'], type: 'gauge', value: 1 },
    ])
    assert.ok((await get([])).length > 20)
  })

  it('tells of histograms what magnitudes that double can tell', async (t) => {
    const { ask, story } = await apiStory(t)
    const times = story.host.metrics.histogram('zoo', 'time')
    for (let i = 0; i < 99; i++) times.observe(3)
    times.observe(1000)
    const answer = await ask(`{ metric { getMetrics(name: ["_", "zoo"]) { ${FIELDS} } } }`)
    assert.deepEqual((dataOf(answer) as { metric: { getMetrics: Metric[] } }).metric.getMetrics[0], {
      __typename: 'HistogramMetric',
      name: ['example.com', 'zoo', 'time'],
      type: 'histogram',
      n: 100,
      mean: 13,
      min: 4,
      max: 1024,
      median: 4,
      p50: 4,
      p99: 4,
      p999: 1024,
    })
  })

  it('MongooseIM: figures as keys and values, of this node', async (t) => {
    const { ask, story } = await apiStory(t)
    story.host.metrics.counter('zoo', 'animals').value = 7
    const dict = 'name dict { key value }'
    const as = { name: ['example.com', 'zoo', 'animals'], dict: [{ key: 'count', value: 7 }] }
    assert.deepEqual(dataOf(await ask(`{ metric { getMetricsAsDicts(name: ["_", "zoo"]) { ${dict} } } }`)), {
      metric: { getMetricsAsDicts: [as] },
    })
    assert.deepEqual(
      dataOf(await ask(`{ metric { getMetricsAsDicts(name: ["_", "zoo"], keys: ["one"]) { ${dict} } } }`)),
      { metric: { getMetricsAsDicts: [{ ...as, dict: [] }] } },
    )
    const cluster = (more = '') =>
      ask(`{ metric { getClusterMetricsAsDicts(name: ["_", "zoo"]${more}) { node result { ${dict} } } } }`)
    assert.deepEqual(dataOf(await cluster()), {
      metric: { getClusterMetricsAsDicts: [{ node: story.kernel.node, result: [as] }] },
    })
    const other = await cluster(', nodes: ["other@host"]')
    assert.deepEqual(
      [codeOf(other), other.body.errors?.[0]?.path],
      ['not_this_node', ['metric', 'getClusterMetricsAsDicts', 0]],
    )
  })
})
