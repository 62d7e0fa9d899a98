import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { reloadText } from './orders.ts'
import { readFigures, screenText } from './top.ts'

const text = (messages: number): string => `# TYPE xmpp_element_in_message_count counter
xmpp_element_in_message_count{connection_type="c2s",host_type="a"} ${messages}
xmpp_element_in_message_count{connection_type="c2s",host_type="b c"} ${messages}
c2s_message_processed_time_bucket{host_type="a",le="+Inf"} ${messages}
c2s_message_processed_time_count{host_type="a"} ${messages}
c2s_message_processed_time_sum{host_type="a"} ${messages * 500}
sm_total_sessions_count 7
`

describe('meerkat top', () => {
  it('sums figures over their labels', () => {
    const figures = readFigures(text(3))
    assert.equal(figures.get('xmpp_element_in_message_count'), 6)
    assert.equal(figures.get('xmpp_element_in_message_count{connection_type="c2s",host_type="b c"}'), 3)
    assert.equal(figures.get('c2s_message_processed_time_bucket'), undefined)
  })

  it('shows what happened in each second between two looks, and what is there now', () => {
    const screen = screenText('Meerkat', readFigures(text(100)), readFigures(text(600)), 2)
    assert.match(screen, /^sessions +7$/m)
    assert.match(screen, /^messages +500 +0$/m)
    assert.match(screen, /^a message takes +0\.50 ms$/m)
  })
})

describe('meerkat reload', () => {
  const nothing = { ok: true, applied: [], restart: [], problems: [], notices: [] }

  it('prints what was applied and what waits for a restart', () => {
    assert.equal(
      reloadText({ ...nothing, applied: ['shaper'], restart: ['listen.c2s[1].port'] }),
      'Applied:\n    shaper\nNeeds a restart:\n    listen.c2s[1].port',
    )
    assert.equal(reloadText(nothing), 'Nothing has changed.')
  })

  it('R28: prints the problems when the old configuration stays', () => {
    assert.equal(
      reloadText({ ...nothing, ok: false, problems: ['m.toml:3: no'] }),
      'The configuration is wrong; the old one stays:\n    m.toml:3: no',
    )
  })
})
