/** The settings of `[services.service_bosh]`. */
import { type Values, flag, integerOrInfinity, list, noEffect, oneOf, seconds, text } from '../../core/settings.ts'

export const boshSettings = {
  backend: noEffect(oneOf(['mnesia', 'cets'], 'mnesia')),
  inactivity: seconds(30, 'How long a client may have no request here.', { infinity: true }),
  max_wait: seconds(Infinity, 'How long a request is held at most, whatever the client asks for.', { infinity: true }),
  server_acks: flag(false, 'Tell clients which of their requests have come.'),
  max_pause: seconds(120, 'How long a client may pause.'),
  host_types: list(text(), [], 'The host types whose users may come by BOSH; all when empty.'),
  max_sessions: integerOrInfinity(10_000, 'How many sessions there may be at once.', { min: 1 }),
}

/** The settings as read. */
export type BoshSettings = Values<typeof boshSettings>
