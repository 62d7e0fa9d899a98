# shellcheck shell=bash
# slixmpp, a foreign client, and aiohttp, with which it uploads; they belong to Debian's own Python, whichever other comes first on the path.
answers() { /usr/bin/python3 -c 'import slixmpp, aiohttp'; }
provide() { apt_install python3-slixmpp python3-aiohttp; }
ready() { /usr/bin/python3 -c 'import slixmpp; print("/usr/bin/python3, version", slixmpp.__version__)' 2>/dev/null; }
