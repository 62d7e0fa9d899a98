import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Histogram, Metrics } from './metrics.ts'

describe('histograms', () => {
  it('count a value in the first bucket, of powers of 2 up to 2^30, that is not below it', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 2 ** 32, noNaN: true }), (value) => {
        const histogram = new Histogram()
        histogram.observe(value)
        const place = histogram.buckets.indexOf(1)
        const bound = (index: number): number => (index === 31 ? Infinity : 2 ** index)
        return value <= bound(place) && (place === 0 || value > bound(place - 1))
      }),
    )
  })

  it('keep the bounds themselves in their own bucket', () => {
    const histogram = new Histogram()
    for (const value of [1, 2, 4, 2 ** 30, 2 ** 30 + 1]) histogram.observe(value)
    const filled = Array.from(histogram.buckets.entries()).filter(([, count]) => count > 0)
    assert.deepEqual(filled, [
      [0, 1],
      [1, 1],
      [2, 1],
      [30, 1],
      [31, 1],
    ])
    assert.deepEqual([histogram.count, histogram.sum], [5, 1 + 2 + 4 + 2 ** 31 + 1])
  })
})

describe('the text format', () => {
  it('has the name of event and metric, the type, and labels in the order of their names', () => {
    const metrics = new Metrics()
    const scope = metrics.scope({ host_type: 'a.example', connection_type: 'c2s' })
    scope.counter('xmpp_element_in').value += 3
    scope.gauge('sm_session', 'count', () => 2)
    assert.equal(
      metrics.text(),
      `# TYPE xmpp_element_in_count counter
# HELP xmpp_element_in_count Event: xmpp_element_in, Metric: count
xmpp_element_in_count{connection_type="c2s",host_type="a.example"} 3
# TYPE sm_session_count gauge
# HELP sm_session_count Event: sm_session, Metric: count
sm_session_count{connection_type="c2s",host_type="a.example"} 2
`,
    )
  })

  it('has 32 buckets of a histogram, each with all that is below', () => {
    const metrics = new Metrics()
    const time = metrics.scope({ host_type: 'a' }).histogram('c2s_message_processed')
    time.observe(1)
    time.observe(3)
    const lines = metrics.text().split('\n')
    assert.equal(lines.filter((line) => line.includes('_bucket{')).length, 32)
    assert.deepEqual(
      lines.filter((line) => / [12]$|sum/.test(line)).filter((line) => !/le="(8|[1-9]\d+)"/.test(line)),
      [
        'c2s_message_processed_time_bucket{host_type="a",le="1"} 1',
        'c2s_message_processed_time_bucket{host_type="a",le="2"} 1',
        'c2s_message_processed_time_bucket{host_type="a",le="4"} 2',
        'c2s_message_processed_time_bucket{host_type="a",le="+Inf"} 2',
        'c2s_message_processed_time_count{host_type="a"} 2',
        'c2s_message_processed_time_sum{host_type="a"} 4',
      ],
    )
  })

  it('escapes what would end a label', () => {
    const metrics = new Metrics()
    metrics.scope({ host_type: 'a"b\\c\nd' }).counter('x')
    assert.match(metrics.text(), /^x_count\{host_type="a\\"b\\\\c\\nd"\} 0$/m)
  })

  it('leaves out a figure that cannot be read', () => {
    const metrics = new Metrics()
    metrics.scope().gauge('broken', 'count', () => {
      throw new Error('no')
    })
    metrics.scope().counter('whole')
    assert.deepEqual(
      metrics
        .text()
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#')),
      ['whole_count 0'],
    )
  })
})

describe('a module that is started again', () => {
  it('goes on counting where it was, and shows its present state', () => {
    const scope = new Metrics()
    scope.scope().counter('mod_roster_get').value = 5
    assert.equal(scope.scope().counter('mod_roster_get').value, 5)
    scope.scope().gauge('rooms', 'count', () => 1)
    scope.scope().gauge('rooms', 'count', () => 2)
    assert.match(scope.text(), /^rooms_count 2$/m)
  })

  it('cannot turn a counter into something else', () => {
    const metrics = new Metrics()
    metrics.scope().counter('x')
    assert.throws(() => metrics.scope().gauge('x', 'count', () => 1), /x_count is a counter already/)
  })
})
