# shellcheck shell=bash
# Prosody, a foreign server; tests run their own, so nothing is started here. lua-unbound asks their name server.
answers() { command -v prosody && dpkg -s lua-unbound; }
provide() { apt_install prosody lua-unbound; }
ready() { dpkg-query -W -f '${Version}' prosody; }
