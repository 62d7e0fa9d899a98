/** The examples of XEP-0203: Delayed Delivery, with what they say. */
export const xep0203 = [
  {
    example: 1,
    title: 'a message sent while offline',
    xml: `<message xmlns='jabber:client' from='romeo@montague.net/orchard' to='juliet@capulet.com' type='chat'>
      <body>
        O blessed, blessed night! I am afeard.
        Being in night, all this is but a dream,
        Too flattering-sweet to be substantial.
      </body>
      <delay xmlns='urn:xmpp:delay' from='capulet.com' stamp='2002-09-10T23:08:25Z'>
        Offline Storage
      </delay>
    </message>`,
    from: 'capulet.com',
    stamp: '2002-09-10T23:08:25.000Z',
    reason: 'Offline Storage',
  },
  {
    example: 2,
    title: 'the last presence of another entity',
    xml: `<presence xmlns='jabber:client' from='juliet@capulet.com/balcony' to='romeo@montague.net'>
      <status>anon!</status>
      <show>xa</show>
      <priority>1</priority>
      <delay xmlns='urn:xmpp:delay' from='juliet@capulet.com/balcony' stamp='2002-09-10T23:41:07Z'/>
    </presence>`,
    from: 'juliet@capulet.com/balcony',
    stamp: '2002-09-10T23:41:07.000Z',
    reason: '',
  },
  {
    example: 3,
    title: 'messages of a room',
    xml: `<message xmlns='jabber:client' from='coven@macbeth.shakespeare.lit/secondwitch' to='macbeth@shakespeare.lit/laptop' type='groupchat'>
      <body>
        By the pricking of my thumbs,
        Something wicked this way comes.
        Open, locks,
        Whoever knocks!
      </body>
      <delay xmlns='urn:xmpp:delay' from='coven@macbeth.shakespeare.lit' stamp='2002-09-10T23:05:37Z'/>
    </message>`,
    from: 'coven@macbeth.shakespeare.lit',
    stamp: '2002-09-10T23:05:37.000Z',
    reason: '',
  },
] as const
