"""slixmpp as a foreign client, told what to do as ../foreign-client.ts describes.

client.py JID/RESOURCE PASSWORD HOST PORT CERTIFICATE [OWN_CERTIFICATE OWN_KEY]
"""

import asyncio
import inspect
import json
import os
import ssl
import sys

from slixmpp import ClientXMPP


# How many messages a page of an archive has: so few that catching up takes pages.
PAGE = 3


def tell(**line):
    print(json.dumps(line), flush=True)


class Client(ClientXMPP):
    def __init__(self, jid, password, certificate):
        super().__init__(jid, password)
        self.ca_certs = certificate
        self.is_resumed = None
        self.register_plugin('xep_0198')
        self.register_plugin('xep_0313')
        # The test decides about subscriptions, not the library.
        self.roster.auto_authorize = None
        self.roster.auto_subscribe = False
        self.add_event_handler('session_start', self.online)
        self.add_event_handler('session_resumed', lambda _: self.came_back(True))
        self.add_event_handler('message', self.saw_message)
        self.add_event_handler('failed_all_auth', lambda _: tell(event='failed', why='authentication'))
        self.add_event_handler('ssl_invalid_chain', lambda why: tell(event='failed', why=str(why)))
        for kind in ('available', 'unavailable', 'subscribe', 'subscribed', 'unsubscribe', 'unsubscribed'):
            self.add_event_handler(f'presence_{kind}', self.saw_presence)
        self.add_event_handler('roster_update', self.saw_roster)

    def get_ssl_context(self):
        context = super().get_ssl_context()
        # It binds to the channel by tls-unique only, and older versions try that even on TLS 1.3, which has none
        # (RFC 9266, 3); a server that offers -PLUS must then refuse the rest as a downgrade (RFC 5802, 6), but for PLAIN.
        if 'SLIXMPP_TLS13' not in os.environ:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        return context

    def came_back(self, is_resumed):
        if self.is_resumed and not self.is_resumed.done():
            self.is_resumed.set_result(is_resumed)

    def online(self, _):
        self.came_back(False)
        tls = self.transport.get_extra_info('ssl_object')
        mechanism = self['feature_mechanisms'].mech.name
        tell(event='online', jid=self.boundjid.full, mechanism=mechanism, tls=tls.version() if tls else None)

    def saw_message(self, message):
        sender, to = message['from'].full, message['to'].full
        tell(event='message', **{'from': sender}, to=to, type=message['type'], body=message['body'])

    def saw_presence(self, presence):
        # slixmpp calls a presence without a type by what it shows: away, chat and so on.
        kind = presence['type'] if presence.xml.get('type') else 'available'
        tell(event='presence', **{'from': presence['from'].full}, type=kind)

    def saw_roster(self, iq):
        if iq['type'] == 'set':
            tell(event='roster', contacts=contacts(iq))

    def known_contacts(self):
        known = {jid: self.client_roster[jid] for jid in self.client_roster}
        return {
            jid: {'subscription': item['subscription'], 'ask': 'subscribe' if item['pending_out'] else None}
            for jid, item in known.items()
            if item['subscription'] != 'none' or item['pending_out']
        }

    async def obey(self, do, order):
        if do == 'roster':
            await self.get_roster()
            # An answer without items says that the version it has is still the right one (RFC 6121, 2.6.3).
            return self.known_contacts()
        if do == 'presence':
            self.send_presence(pto=order.get('to'), ptype=order.get('type'))
        elif do == 'message':
            self.send_message(mto=order['to'], mbody=order['body'], mtype='chat')
        elif do == 'archive':
            return await self.archive(order.get('after'))
        elif do == 'cut':
            self.transport.abort()
            await self.wait_until('disconnected', 30)
        elif do == 'resume':
            self.is_resumed = asyncio.get_running_loop().create_future()
            connect(self)
            return await self.is_resumed
        else:
            raise ValueError(do)

    async def archive(self, after):
        page = {'max': PAGE, **({'after': after} if after else {})}
        results = [message['mam_result'] async for message in self['xep_0313'].iterate(rsm=page)]
        found = [(result['id'], result['forwarded']['stanza']) for result in results]
        return [{'id': id, 'from': message['from'].full, 'body': message['body']} for id, message in found]


def contacts(iq):
    items = iq['roster'].get_items()
    return {jid.bare: {'subscription': item['subscription'], 'ask': item['ask'] or None} for jid, item in items.items()}


def connect(client):
    # Newer versions take host and port apart.
    client.connect(*(client.where if 'host' in inspect.signature(client.connect).parameters else [client.where]))


async def main(jid, password, host, port, certificate, own_certificate=None, own_key=None):
    client = Client(jid, password, certificate)
    client.certfile, client.keyfile = own_certificate, own_key
    client.where = (host, int(port))
    connect(client)
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        order = json.loads(line)
        try:
            tell(id=order['id'], result=await client.obey(order['do'], order))
        except Exception as error:
            tell(id=order['id'], error=repr(error))
    client.disconnect()
    await client.disconnected


asyncio.get_event_loop_policy().get_event_loop().run_until_complete(main(*sys.argv[1:]))
