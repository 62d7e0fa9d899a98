/** The examples of XEP-0085: Chat State Notifications; `alone` are those that say nothing else. */
const message = (example: number, alone: boolean, words: string) => ({
  example,
  alone,
  xml: `<message xmlns='jabber:client' to='juliet@capulet.com/balcony' type='chat'>${words}</message>`,
})
const state = (name: string): string => `<${name} xmlns='http://jabber.org/protocol/chatstates'/>`
const body = (words: string): string => `<body>${words}</body>`
const FIRST = '<thread>act2scene2chat1</thread>'
const SECOND = '<thread>act2scene2chat2</thread>'

export const xep0085 = [
  message(3, false, body(`Who's there?`) + state('active')),
  message(4, false, body('Nay, answer me: stand, and unfold yourself.') + state('active')),
  message(5, true, state('composing')),
  message(6, false, body('Long live the king!') + state('active')),
  message(
    7,
    false,
    FIRST +
      body(`
        I take thee at thy word:
        Call me but love, and I'll be new baptized;
        Henceforth I never will be Romeo.`) +
      state('active'),
  ),
  message(
    8,
    false,
    FIRST +
      body(`
        What man art thou that thus bescreen'd in night
        So stumblest on my counsel?`) +
      state('active'),
  ),
  message(9, false, FIRST + body('Art thou not Romeo, and a Montague?')),
  message(10, true, FIRST + state('composing')),
  message(11, true, FIRST + state('paused')),
  message(12, true, FIRST + state('composing')),
  message(13, false, FIRST + body('Neither, fair saint, if either thee dislike.') + state('active')),
  message(
    14,
    false,
    FIRST +
      body(`
        I hear some noise within; dear love, adieu!
        Anon, good nurse! Sweet Montague, be true.
        Stay but a little, I will come again.`) +
      state('active'),
  ),
  message(15, true, FIRST + state('inactive')),
  message(16, true, FIRST + state('active')),
  message(17, false, FIRST + body('A thousand times good night!') + state('active')),
  message(18, true, FIRST + state('gone')),
  message(
    19,
    false,
    SECOND +
      body(`
        A thousand times the worse, to want thy light.
        Love goes toward love, as schoolboys from their books,
        But love from love, toward school with heavy looks.`) +
      state('active'),
  ),
  message(20, false, SECOND + body(`Hist! Romeo, hist! O, for a falconer's voice,....`) + state('active')),
] as const
