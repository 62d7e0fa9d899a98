import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Message, makeJid } from '@meerkat/protocol'
import { story } from '../testing/story.ts'
import type { Service } from './hosts.ts'

it('a service of several host types under one name serves everybody by the own host type', async (t) => {
  const { kernel, host } = await story(t, { modules: [] })
  const other = kernel.addHost('verona.lit', ['verona.lit'], host.accounts, host.access)
  const served: string[] = []
  const service =
    (name: string): Service =>
    ({ from }) =>
      void served.push(`${name} ${from.domain}`)
  const [one, two] = [host, other].map(({ type }) => ({ domain: 'vjud.lit', service: service(type), shared: true }))
  kernel.hosts.addServiceOf(host, one!)
  kernel.hosts.addServiceOf(other, two!)
  const come = async (domain: string): Promise<void> => {
    const from = makeJid('romeo', domain)
    const to = makeJid('', 'vjud.lit')
    await host.send(Message({ type: 'chat', from, to }), from, to)
  }
  for (const domain of ['example.com', 'verona.lit', 'far.example']) await come(domain)
  kernel.hosts.removeServiceOf(host, one!)
  await come('example.com')
  assert.deepEqual(served, [
    'example.com example.com',
    'verona.lit verona.lit',
    'example.com far.example',
    'verona.lit example.com',
  ])
  kernel.hosts.removeServiceOf(other, two!)
  assert.equal(kernel.hosts.service('vjud.lit'), undefined)

  const alone = { domain: 'pubsub.lit', service: service('alone') }
  kernel.hosts.addServiceOf(host, alone)
  assert.throws(() => kernel.hosts.addServiceOf(other, { ...alone }), /pubsub\.lit is already served/)
  assert.throws(() => kernel.hosts.addServiceOf(other, { ...alone, shared: true }), /pubsub\.lit is already served/)
})
