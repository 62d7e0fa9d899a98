/** The RabbitMQ into which events go: it runs on the load's core, and what it uses is neither the server's nor a disturbance. */
import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { LOAD_CORE } from './server.ts'

const script = join(import.meta.dirname, '..', 'interop', 'services', 'up.sh')

function isRabbit(pid: string): boolean {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1')
    return command.includes('beam.smp') && command.includes('rabbit\0boot')
  } catch {
    return false
  }
}

const affinity = (pid: number) =>
  execFileSync('taskset', ['-p', '-c', String(pid)], { encoding: 'utf8' })
    .split(': ')[1]!
    .trim()

const pin = (pid: number, cores: string) =>
  execFileSync('taskset', ['-a', '-p', '-c', cores, String(pid)], { stdio: 'ignore' })

/** Starts it when none answers, and moves it to the load's core; resolves with its processes and how to move them back. */
export function borrowRabbit(): { readonly pids: readonly number[]; readonly giveBack: () => void } {
  execFileSync(script, ['rabbitmq'], { stdio: ['ignore', 'ignore', 'inherit'] })
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isRabbit(name))
    .map(Number)
  const before = pids.map((pid) => [pid, affinity(pid)] as const)
  for (const pid of pids) pin(pid, LOAD_CORE)
  return { pids, giveBack: () => before.forEach(([pid, cores]) => pin(pid, cores)) }
}
