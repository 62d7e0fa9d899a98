"""Uploads a file with slixmpp, from its input, and prints where it is then, or why it is nowhere, as a line of JSON.

upload.py JID PASSWORD HOST PORT CERTIFICATE NAME
"""

import asyncio
import io
import json
import ssl
import sys

from slixmpp import ClientXMPP


class Uploader(ClientXMPP):
    def __init__(self, jid, password, certificate):
        super().__init__(jid, password)
        self.ca_certs = certificate
        self.register_plugin('xep_0004')
        self.register_plugin('xep_0363')

    def get_ssl_context(self):
        context = super().get_ssl_context()
        # It binds to the channel by tls-unique, which TLS 1.3 does not have.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        return context


async def find(client):
    # As the plugin does it; what it does for that with tasks is refused by Python 3.11 and later.
    disco, plugin = client['xep_0030'], client['xep_0363']
    items = await disco.get_items(jid=client.boundjid.domain)
    for jid, _, _ in items['disco_items']['items']:
        info = (await disco.get_info(jid=jid))['disco_info']
        if 'urn:xmpp:http:upload:0' in info['features']:
            plugin.upload_service = jid
            plugin.max_file_size = int(info['form']['values']['max-file-size'])


async def main():
    jid, password, host, port, certificate, name = sys.argv[1:]
    content = sys.stdin.buffer.read()
    client = Uploader(jid, password, certificate)
    online = asyncio.get_event_loop().create_future()
    client.add_event_handler('session_start', lambda _: online.set_result(True))
    client.connect((host, int(port)))
    await asyncio.wait_for(online, 30)
    try:
        await find(client)
        url = await client['xep_0363'].upload_file(name, size=len(content), input_file=io.BytesIO(content))
        print(json.dumps({'url': url}), flush=True)
    except Exception as error:
        print(json.dumps({'error': type(error).__name__}), flush=True)
    await client.disconnect()


if __name__ == '__main__':
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())
