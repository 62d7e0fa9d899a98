import { attack } from './row.ts'

/** What breaks. */
export const faultRows = [
  attack(
    'R1',
    'kill -9 between reading a message and committing it',
    'Keeps whole units or nothing; the sender has no acknowledgement and sends again.',
  ),
  attack(
    'R2',
    'kill -9 after the commit, before the acknowledgement',
    'Recognises the message by its id when it is sent again within a day, and delivers it once.',
  ),
  attack(
    'R3',
    'kill -9 after the commit, before its event is published',
    'Publishes after the next start: events are committed together with what they tell of.',
  ),
  attack(
    'R4',
    'kill -9 or a lost database in the middle of a migration',
    'Has done each step or not begun it, and goes on there; a database of a later version is refused.',
  ),
  attack(
    'R5',
    'a database that is away (10 s in place of 5 min)',
    'Holds units within a bound, then refuses them with an error; is there again by itself.',
  ),
  attack(
    'R6',
    'a database that is slow',
    'Bounds its queues by units and by bytes, refuses what is beyond, gives up what is silent.',
  ),
  attack(
    'R7',
    'a database that fails over in the middle of a transaction; dead connections',
    'Asks again what may be asked twice, finds out what became of the rest, writes nothing twice.',
  ),
  attack(
    'R8',
    'a full disk',
    'Refuses writes in clear words, reads on, corrupts nothing, and writes again when there is space; log lines are lost, and counted.',
  ),
  attack(
    'R9',
    'a clock that jumps or stands still',
    'Ids and the order of the archive grow all the same, also over a restart; waiting is measured by the monotonic clock.',
    'a clock that is more than 30 days behind the ids of before (after 2025); a suspended machine, whose ids are late by that time',
  ),
  attack(
    'R10',
    'a message broker that is away (10 s and 10^5 events in place of an hour)',
    'Messages flow; events stay on disk with an alarm in the log, memory stays the same, and all go out in order afterwards.',
    'Kafka and NATS',
  ),
  attack(
    'R11',
    'a broker that never confirms, refuses messages, an exchange, a password, a right or a certificate, or says nothing',
    'Starts without it, gives up after a bounded time, tries again with the same ids, and shows the reason.',
  ),
  attack('R13', 'an event that nobody can publish', 'Puts it aside with an alarm; the events behind it go on.'),
  attack(
    'R20',
    'SIGTERM',
    'Lets nobody in, tells every client `system-shutdown`, commits what is in line, ends well in bounded time.',
    'moving clients to another node (`see-other-host`)',
  ),
  attack(
    'R21',
    'a process that stands still for seconds, or code that keeps the event loop',
    'Goes on where it was: no session is lost, what was sent meanwhile is answered in order. The log names the code while it keeps the loop.',
  ),
  attack(
    'R22',
    'the same load for hours (three rounds of it); a heap that is nearly full',
    'Has the same memory in use after each round. Refuses new connections above `max_heap_use` with `resource-constraint` or 503, and is not ready.',
  ),
  attack(
    'R23',
    'no file descriptors left',
    'Who is connected is served; the log says it once; new connections are taken again once there is room.',
  ),
  attack(
    'R24',
    'a handler that throws, or never ends',
    'Costs that stanza, or that stream; it is counted and logged, the process goes on.',
  ),
  attack(
    'R25',
    'a device that has gone without a word',
    'Is found out by what it does not answer or acknowledge; messages are kept for it, or sent on its next connection.',
    'push notifications',
  ),
  attack(
    'R28',
    'an unknown key, a wrong type, a missing certificate, a port in use',
    'Says file, line and path of every mistake; ends with an exit code other than 0, or goes on with the old settings.',
  ),
]
