# shellcheck shell=bash
# slixmpp, a foreign client; it belongs to Debian's own Python, whichever other comes first on the path.
answers() { /usr/bin/python3 -c 'import slixmpp'; }
provide() { apt_install python3-slixmpp; }
ready() { /usr/bin/python3 -c 'import slixmpp; print("/usr/bin/python3, version", slixmpp.__version__)' 2>/dev/null; }
