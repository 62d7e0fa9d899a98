/** The examples of XEP-0297: Stanza Forwarding. */

/** Example 1: the message that is forwarded. */
export const received = `<message xmlns='jabber:client' from='juliet@capulet.lit/orchard' id='0202197' to='romeo@montague.lit' type='chat'>
  <body>Yet I should kill thee with much cherishing.</body>
  <mood xmlns='http://jabber.org/protocol/mood'>
    <amorous/>
  </mood>
</message>`

/** Example 2: it is forwarded. */
export const forwarded = `<message xmlns='jabber:client' to='mercutio@verona.lit' from='romeo@montague.lit/orchard' type='chat' id='28gs'>
  <body>A most courteous exposition!</body>
  <forwarded xmlns='urn:xmpp:forward:0'>
    <delay xmlns='urn:xmpp:delay' stamp='2010-07-10T23:08:25Z'/>
    <message from='juliet@capulet.lit/orchard' id='0202197' to='romeo@montague.lit' type='chat' xmlns='jabber:client'>
      <body>Yet I should kill thee with much cherishing.</body>
      <mood xmlns='http://jabber.org/protocol/mood'>
        <amorous/>
      </mood>
    </message>
  </forwarded>
</message>`
