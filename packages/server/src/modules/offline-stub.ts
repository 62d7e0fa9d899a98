/** For servers that keep messages in archives and in no mailboxes: who writes to somebody who is away gets no error (RFC 6121 §8.5.2.2). */
import { defineModule, messageUndelivered } from '../core/module.ts'

export default defineModule({
  key: 'mod_offline_stub',
  summary: 'Lets messages to users who are away pass without an error.',
  specs: [],

  start() {
    // Behind whatever keeps messages.
    return { hooks: [messageUndelivered.on(() => true, 'late')] }
  },
})
