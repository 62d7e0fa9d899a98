import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Metrics } from '../core/metrics.ts'
import { RabbitFigures } from './rabbit-figures.ts'
import { RabbitError } from './rabbit-pool.ts'

describe('what a pool for RabbitMQ counts', () => {
  it('is shown under the names of the reference', () => {
    const figures = new RabbitFigures()
    figures.up()
    figures.up()
    figures.down()
    for (const error of [undefined, new RabbitError('timeout', 'nothing came'), new RabbitError('nack', 'no')]) {
      figures.began(100)
      figures.ended(error, 2)
    }
    figures.began(0)
    const told = (labels: Readonly<Record<string, string>>): string[] => {
      const metrics = new Metrics()
      figures.show(metrics.scope(labels), labels['host_type'] === undefined)
      const lines = metrics.text().split('\n')
      return lines.filter((line) => !/^#|_bucket|^$/.test(line))
    }
    const ofHostType = told({ host_type: 'capulet.lit', pool_tag: 'event_pusher' })
    assert.deepEqual(
      told({ pool_tag: 'event_pusher' }).map((line) => line.replace('{pool', '{host_type="capulet.lit",pool')),
      ofHostType.map((line) => line.replace('wpool_', 'wpool_global_')),
    )
    const names = ofHostType.map((line) =>
      line.replace('{host_type="capulet.lit",pool_tag="event_pusher"', '{').replace('{}', ''),
    )
    assert.deepEqual(names, [
      'wpool_queue_lengths_total{,pool_type="rabbit"} 1',
      'wpool_rabbit_connections_active 1',
      'wpool_rabbit_connections_opened 2',
      'wpool_rabbit_connections_closed 1',
      'wpool_rabbit_connections_failed 0',
      'wpool_rabbit_messages_published_count 1',
      'wpool_rabbit_messages_published_failed 1',
      'wpool_rabbit_messages_published_timeout 1',
      'wpool_rabbit_messages_published_time_count 1',
      'wpool_rabbit_messages_published_time_sum 2000',
      'wpool_rabbit_messages_published_size_count 4',
      'wpool_rabbit_messages_published_size_sum 300',
    ])
  })
})
