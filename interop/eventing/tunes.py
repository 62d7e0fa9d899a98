"""A client with slixmpp that publishes a tune (XEP-0118) and a bookmark (XEP-0402), and tells what it hears as lines of JSON.

tunes.py JID/RESOURCE PASSWORD HOST PORT CERTIFICATE
"""

import asyncio
import inspect
import json
import ssl
import sys
import xml.etree.ElementTree as ET

from slixmpp import ClientXMPP


def tell(**line):
    print(json.dumps(line), flush=True)


class Tunes(ClientXMPP):
    def __init__(self, jid, password, certificate):
        super().__init__(jid, password)
        self.ca_certs = certificate
        for plugin in ('xep_0030', 'xep_0060', 'xep_0115', 'xep_0118', 'xep_0163'):
            self.register_plugin(plugin)
        self.add_event_handler('session_start', self.online)
        self.add_event_handler('user_tune_publish', self.heard)
        self.add_event_handler('failed_all_auth', lambda _: tell(event='failed', why='authentication'))

    def get_ssl_context(self):
        context = super().get_ssl_context()
        # As ../clients/slixmpp/client.py has it: no channel binding of TLS 1.3.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        return context

    async def online(self, _):
        await self.get_roster()
        self.send_presence()
        info = await self['xep_0030'].get_info(jid=self.boundjid.bare)
        pep = any(identity[:2] == ('pubsub', 'pep') for identity in info['disco_info']['identities'])
        await self['xep_0118'].publish_tune(artist='Finzi', title='Allegro')
        tell(event='online', pep=pep, bookmarks=await self.bookmarks())

    async def bookmarks(self):
        """Publishes a bookmark twice as XEP-0402 has it, and reads all of them."""
        node = 'urn:xmpp:bookmarks:1'
        for name in ('The Orcard', 'The Orchard'):
            form = self['xep_0004'].make_form('submit')
            form.add_field('FORM_TYPE', 'hidden', value='http://jabber.org/protocol/pubsub#publish-options')
            for key, value in (('persist_items', 'true'), ('max_items', 'max'), ('access_model', 'whitelist')):
                form.add_field(f'pubsub#{key}', value=value)
            payload = ET.Element(f'{{{node}}}conference', {'name': name})
            await self['xep_0060'].publish(None, node, id='orchard@rooms.example', payload=payload, options=form)
        items = await self['xep_0060'].get_items(None, node)
        return [[item['id'], item['payload'].get('name')] for item in items['pubsub']['items']]

    def heard(self, message):
        tune = message['pubsub_event']['items']['item']['tune']
        tell(event='tune', **{'from': message['from'].bare}, title=tune['title'])


async def main(jid, password, host, port, certificate):
    client = Tunes(jid, password, certificate)
    where = (host, int(port))
    client.connect(*(where if 'host' in inspect.signature(client.connect).parameters else [where]))
    await client.disconnected


if __name__ == '__main__':
    # Python 3.11 and later have no loop until one is made, and slixmpp asks for it at once.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main(*sys.argv[1:]))
