/** The driver of RabbitMQ from inside, to compare with it what is done past it. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

/** A file of the driver, by its name; its types are the caller's. */
export const ofDriver = (name: string): unknown => require(join(dirname(require.resolve('amqplib')), 'lib', name))
