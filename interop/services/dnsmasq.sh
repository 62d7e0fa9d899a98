# shellcheck shell=bash
# dnsmasq, a name server by which servers of tests find each other; tests run their own, so nothing is started here.
answers() { command -v dnsmasq; }
provide() { apt_install dnsmasq-base; }
ready() { dpkg-query -W -f '${Version}' dnsmasq-base; }
