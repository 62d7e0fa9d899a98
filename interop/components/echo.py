"""A component with slixmpp: it answers what it is told, and tells what it sees as lines of JSON.

echo.py DOMAIN SECRET HOST PORT
"""

import asyncio
import json
import sys

from slixmpp import ComponentXMPP


def tell(**line):
    print(json.dumps(line), flush=True)


class Echo(ComponentXMPP):
    def __init__(self, domain, secret, host, port):
        super().__init__(domain, secret, host, port)
        self.register_plugin('xep_0030')
        self.register_plugin('xep_0199')
        self['xep_0030'].add_identity(category='gateway', itype='echo', name='Echo')
        self.add_event_handler('session_start', self.online)
        self.add_event_handler('message', self.answer)
        self.add_event_handler('presence_subscribe', self.subscribed)
        self.add_event_handler('presence_available', lambda stanza: tell(event='available', who=stanza['from'].full))
        self.add_event_handler('presence_unavailable', lambda stanza: tell(event='unavailable', who=stanza['from'].full))

    async def online(self, _):
        # A component asks the server like anybody else.
        items = await self['xep_0030'].get_items(jid='localhost', ifrom=self.boundjid.bare)
        listed = [item[0] for item in items['disco_items']['items']]
        tell(event='online', items=listed)

    def answer(self, message):
        if message['type'] in ('chat', 'normal'):
            message.reply(f'You said: {message["body"]}').send()

    def subscribed(self, presence):
        self.send_presence(pto=presence['from'].bare, pfrom=presence['to'].bare, ptype='subscribed')
        self.send_presence(pto=presence['from'].bare, pfrom=presence['to'].bare, pshow='chat')


async def main():
    domain, secret, host, port = sys.argv[1:]
    echo = Echo(domain, secret, host, int(port))
    echo.connect()
    await echo.disconnected


if __name__ == '__main__':
    # Python 3.11 and later have no loop until one is made, and slixmpp asks for it at once.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())
