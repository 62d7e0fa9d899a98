/** What passes through connections, counted on plain fields. */
import type { Element } from '@meerkat/xml'
import { Counter, Histogram, type MetricScope, type Metrics } from './metrics.ts'

/** Bytes of one type of connection, before encryption and after decryption. */
export class DataCounters {
  readonly tcpIn = new Counter()
  readonly tcpOut = new Counter()
  readonly tlsIn = new Counter()
  readonly tlsOut = new Counter()
}

/** Elements that passed in one direction; an error counts as an error only. */
export class ElementCounters {
  messages = 0
  iqs = 0
  presences = 0
  messageErrors = 0
  iqErrors = 0
  presenceErrors = 0
  streamErrors = 0
  readonly sizes = new Histogram()

  /** Counts an element of `bytes`. */
  count(element: Element, bytes: number): void {
    this.sizes.observe(bytes)
    switch (element.name) {
      case 'message':
        if (element.attr('type') === 'error') this.messageErrors++
        else this.messages++
        return
      case 'iq':
        if (element.attr('type') === 'error') this.iqErrors++
        else this.iqs++
        return
      case 'presence':
        if (element.attr('type') === 'error') this.presenceErrors++
        else this.presences++
    }
  }

  get errors(): number {
    return this.messageErrors + this.iqErrors + this.presenceErrors + this.streamErrors
  }

  get stanzas(): number {
    return this.messages + this.iqs + this.presences + this.messageErrors + this.iqErrors + this.presenceErrors
  }
}

/** Both directions of one type of connection for one host type. */
export interface ElementTraffic {
  readonly in: ElementCounters
  readonly out: ElementCounters
}

/** The traffic of a node by type of connection: `c2s`, `s2s`, `component`. */
export class Traffic {
  readonly #metrics: Metrics
  readonly #data = new Map<string, DataCounters>()
  readonly #elements = new Map<string, ElementTraffic>()

  constructor(metrics: Metrics) {
    this.#metrics = metrics
  }

  /** The bytes of a type of connection. */
  data(connectionType: string): DataCounters {
    let data = this.#data.get(connectionType)
    if (data !== undefined) return data
    this.#data.set(connectionType, (data = new DataCounters()))
    const scope = this.#metrics.scope({ connection_type: connectionType })
    const { tcpIn, tcpOut, tlsIn, tlsOut } = data
    scope.counted('tcp_data_in', 'byte_size', () => tcpIn.value)
    scope.counted('tcp_data_out', 'byte_size', () => tcpOut.value)
    scope.counted('tls_data_in', 'byte_size', () => tlsIn.value)
    scope.counted('tls_data_out', 'byte_size', () => tlsOut.value)
    return data
  }

  /** The elements of a type of connection; the host type is '' while it is not known. */
  elements(connectionType: string, hostType = ''): ElementTraffic {
    const key = `${connectionType} ${hostType}`
    let traffic = this.#elements.get(key)
    if (traffic !== undefined) return traffic
    this.#elements.set(key, (traffic = { in: new ElementCounters(), out: new ElementCounters() }))
    const scope = this.#metrics.scope({ connection_type: connectionType, host_type: hostType })
    showElements(scope, 'xmpp_element_in', traffic.in)
    showElements(scope, 'xmpp_element_out', traffic.out)
    return traffic
  }
}

function showElements(scope: MetricScope, event: string, counters: ElementCounters): void {
  const show = (metric: string, read: () => number): void => scope.counted(event, metric, read)
  show('count', () => counters.sizes.count)
  show('stanza_count', () => counters.stanzas)
  show('message_count', () => counters.messages)
  show('iq_count', () => counters.iqs)
  show('presence_count', () => counters.presences)
  show('error_count', () => counters.errors)
  show('message_error_count', () => counters.messageErrors)
  show('iq_error_count', () => counters.iqErrors)
  show('presence_error_count', () => counters.presenceErrors)
  scope.showHistogram(event, 'byte_size', counters.sizes)
}
