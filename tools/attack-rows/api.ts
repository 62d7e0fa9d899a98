import { attack } from './row.ts'

/** What is tried over HTTP, and what must never be shown. */
export const apiRows = [
  attack(
    'S80',
    'a field of the GraphQL API that forgets to check who asks',
    'Refuses a schema with a field that does not say who may see it; every field of each endpoint is tried with every role, and an admin of a domain with every other domain.',
  ),
  attack(
    'S81',
    'GraphQL documents that are deep, wide, long or full of aliases, and questions with endless answers',
    'Counts before anything is executed, and refuses; the lists of an answer are bounded together.',
  ),
  attack(
    'S82',
    'a stream of events that outlives the right to watch it',
    'Looks again every minute whether the credentials are good, and ends the stream with the reason.',
  ),
  attack(
    'S83',
    'paths in other encodings that lead around a filter',
    'Takes only paths that are written plainly; everything else leads nowhere.',
  ),
  attack(
    'S84',
    'scripts and pages in what users name or upload, for the browsers of others; requests that another site makes in the name of an administrator',
    'Serves files and answers as data: browsers are told not to guess types and not to run anything, and only pictures are shown. The API takes no forms, changes nothing by a link, lets no script of another site ask, and is framed by nobody.',
    'room names, a log viewer',
  ),
  attack(
    'S86',
    'uploads that overwrite, lie about size or type, leave their folder, guess addresses, or fill the medium',
    'Makes paths of its own random digits; takes a file once, with its token, of the size and type asked for; quotas for each user.',
  ),
  attack(
    'S87',
    'SQL in names, addresses, searches and pages',
    'Hands values to the store beside the statement, never within it.',
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
