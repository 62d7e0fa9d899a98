import { attack } from './row.ts'

/** What is tried over HTTP, and what must never be shown. */
export const apiRows = [
  attack(
    'S80',
    'a field of the GraphQL API that forgets to check who asks',
    'Refuses a schema with a field that does not say who may see it; every field is tried with every role.',
  ),
  attack(
    'S81',
    'GraphQL documents that are deep, wide, long or full of aliases',
    'Counts before anything is executed, and refuses.',
  ),
  attack(
    'S83',
    'paths in other encodings that lead around a filter',
    'Takes only paths that are written plainly; everything else leads nowhere.',
  ),
  attack(
    'S90',
    'secrets in logs, metrics, error pages and what is printed',
    'Strikes them out by name and by value; a test searches everything for secrets that it knows.',
  ),
  attack(
    'S92',
    'an administration API that anybody can reach',
    'Listens on this machine alone unless it has a password; otherwise the server does not start.',
  ),
]
