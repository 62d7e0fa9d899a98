"""Two clients with slixmpp, Alice and Bob, who make their accounts themselves and use what the server has, module by module.

modules.py HOST PORT CERTIFICATE

Prints a line of JSON for each module: {"module": …, "said": …}, or with "error" in place of "said".
"""

import asyncio
import json
import secrets
import ssl
import sys
import xml.etree.ElementTree as ET

from slixmpp import ClientXMPP

DOMAIN = 'localhost'
PLUGINS = [f'xep_{number}' for number in (
    '0004', '0012', '0030', '0049', '0050', '0054', '0055', '0059', '0077', '0079', '0191', '0198', '0203', '0280')]


class Person(ClientXMPP):
    def __init__(self, jid, password, certificate, is_new):
        super().__init__(jid, password)
        self.ca_certs = certificate
        for plugin in PLUGINS:
            self.register_plugin(plugin)
        self['xep_0077'].create_account = is_new
        # This version would keep the registration until a session has begun.
        self._always_send_everything = True
        self.messages = asyncio.Queue()
        self.notices = asyncio.Queue()
        self.copies = asyncio.Queue()
        self.errors = asyncio.Queue()
        self.seen = asyncio.Queue()
        self.there = asyncio.get_event_loop().create_future()
        self.add_event_handler('register', self.make_account)
        self.add_event_handler('session_start', self.online)
        self.add_event_handler('message', lambda message: self.messages.put_nowait(message))
        self.add_event_handler('message_error', lambda message: self.errors.put_nowait(message))
        self.add_event_handler('amp_notify', lambda message: self.notices.put_nowait(message))
        self.add_event_handler('carbon_received', lambda message: self.copies.put_nowait(message))
        self.add_event_handler('presence_available', lambda presence: self.seen.put_nowait(presence['from'].bare))

    def get_ssl_context(self):
        context = super().get_ssl_context()
        # As ../clients/slixmpp/client.py has it: no channel binding of TLS 1.3.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        return context

    async def make_account(self, _):
        iq = self.Iq()
        iq['type'] = 'set'
        iq['register']['username'] = self.boundjid.user
        iq['register']['password'] = self.password
        await iq.send()

    async def online(self, _):
        if not self.there.done():
            self.there.set_result(True)


async def heard(queue, fits=lambda _: True):
    while True:
        item = await asyncio.wait_for(queue.get(), 20)
        if fits(item):
            return item


async def come(name, where, certificate, resource='first', password=None):
    user = name if password else f'{name}_{secrets.token_hex(6)}'
    person = Person(f'{user}@{DOMAIN}/{resource}', password or secrets.token_hex(12), certificate, password is None)
    person.connect(where)
    await asyncio.wait_for(person.there, 30)
    return person


async def register(alice, bob):
    form = await alice['xep_0077'].get_registration(jid=DOMAIN)
    return bool(form['register']['registered'])


async def presence_and_roster(alice, bob):
    for one in (alice, bob):
        await one.get_roster()
        one.send_presence()
    alice.send_presence_subscription(pto=bob.boundjid.bare)
    await heard(alice.seen, lambda who: who == bob.boundjid.bare)
    await heard(bob.seen, lambda who: who == alice.boundjid.bare)
    roster = await alice.get_roster()
    return roster['roster']['items'][bob.boundjid.bare]['subscription']


async def disco(alice, bob):
    items = await alice['xep_0030'].get_items(jid=DOMAIN)
    return sorted(item[0] for item in items['disco_items']['items'])


async def adhoc(alice, bob):
    answer = await alice['xep_0050'].send_command(DOMAIN, 'ping')
    return [note[1] for note in answer['command']['notes']]


async def amp(alice, bob):
    message = alice.make_message(mto=bob.boundjid.full, mbody='tell me', mtype='chat')
    message['amp'].add_rule('notify', 'deliver', 'direct')
    message.send()
    await heard(bob.messages, lambda each: each['body'] == 'tell me')
    return (await heard(alice.notices))['amp']['status']


async def last(alice, bob):
    answer = await alice['xep_0012'].get_last_activity(DOMAIN)
    return answer['last_activity']['seconds'] < 3600


async def private(alice, bob):
    notes = ET.fromstring("<query xmlns='jabber:iq:private'><notes xmlns='urn:example:notes' text='mine'/></query>")
    await answered(alice, 'set', notes)
    wanted = ET.fromstring("<query xmlns='jabber:iq:private'><notes xmlns='urn:example:notes'/></query>")
    answer = await answered(alice, 'get', wanted)
    return answer.xml.find('.//{urn:example:notes}notes').get('text')


async def vcard(alice, bob):
    card = alice['xep_0054'].make_vcard()
    card['FN'] = 'Alice of the Plugins'
    card['NICKNAME'] = 'plugged'
    await alice['xep_0054'].publish_vcard(card)
    seen = await bob['xep_0054'].get_vcard(alice.boundjid.bare)
    search = ET.fromstring("<query xmlns='jabber:iq:search'><nick>plugged</nick></query>")
    found = await answered(bob, 'set', search, f'vjud.{DOMAIN}')
    hits = [item.get('jid') == alice.boundjid.bare for item in found.xml.iter('{jabber:iq:search}item')]
    return [seen['vcard_temp']['FN'], hits]


async def sic(alice, bob):
    # Its plugin speaks the version of before, urn:xmpp:sic:0.
    answer = await answered(alice, 'get', ET.fromstring("<address xmlns='urn:xmpp:sic:1'/>"))
    return answer.xml.find('.//{urn:xmpp:sic:1}ip').text


async def answered(person, kind, payload, to=None):
    iq = person.Iq()
    iq['type'] = kind
    if to:
        iq['to'] = to
    iq.append(payload)
    return await iq.send()


async def carbons(alice, bob):
    second = await come(alice.boundjid.user, alice.where, alice.ca_certs, 'second', alice.password)
    second.send_presence()
    await second['xep_0280'].enable()
    bob.send_message(mto=alice.boundjid.full, mbody='for one', mtype='chat')
    copy = await heard(second.copies)
    await second.disconnect()
    return copy['carbon_received']['body']


async def offline(alice, bob):
    bob.send_presence(ptype='unavailable')
    await bob.get_roster()
    alice.send_message(mto=bob.boundjid.bare, mbody='for later', mtype='chat')
    await alice.get_roster()
    bob.send_presence()
    came = await heard(bob.messages, lambda each: each['body'] == 'for later')
    return bool(came['delay']['stamp'])


async def management(alice, bob):
    return bool(alice['xep_0198'].enabled_in)


async def privacy(alice, bob):
    # Its plugin sends no list, and waits for no answer.
    item = f"<item type='jid' value='{bob.boundjid.bare}' action='deny' order='1'><message/></item>"
    await answered(alice, 'set', ET.fromstring(f"<query xmlns='jabber:iq:privacy'><list name='quiet'>{item}</list></query>"))
    lists = await answered(alice, 'get', ET.fromstring("<query xmlns='jabber:iq:privacy'/>"))
    return [each.get('name') for each in lists.xml.iter('{jabber:iq:privacy}list')]


async def blocking(alice, bob):
    await alice['xep_0191'].block([bob.boundjid.bare])
    bob.send_message(mto=alice.boundjid.bare, mbody='hello?', mtype='chat')
    error = await heard(bob.errors)
    blocked = await alice['xep_0191'].get_blocked()
    return [error['error']['condition'], [jid.bare == bob.boundjid.bare for jid in blocked['blocklist']['items']]]


MODULES = {
    'mod_register': register,
    'mod_presence': presence_and_roster,
    'mod_disco': disco,
    'mod_adhoc': adhoc,
    'mod_amp': amp,
    'mod_last': last,
    'mod_private': private,
    'mod_vcard': vcard,
    'mod_sic': sic,
    'mod_carboncopy': carbons,
    'mod_offline': offline,
    'mod_stream_management': management,
    'mod_privacy': privacy,
    'mod_blocking': blocking,
}


async def main(host, port, certificate):
    where = (host, int(port))
    alice, bob = [await come(name, where, certificate) for name in ('alice', 'bob')]
    for person in (alice, bob):
        person.where = where
    for module, use in MODULES.items():
        try:
            print(json.dumps({'module': module, 'said': await asyncio.wait_for(use(alice, bob), 30)}), flush=True)
        except Exception as error:
            print(json.dumps({'module': module, 'error': repr(error)}), flush=True)
    for person in (alice, bob):
        await person.disconnect()


if __name__ == '__main__':
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main(*sys.argv[1:]))
