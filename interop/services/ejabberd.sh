# shellcheck shell=bash
# ejabberd, a foreign server; tests run their own, so nothing is started here.
answers() { command -v ejabberdctl; }
provide() { apt_install ejabberd; }
ready() { dpkg-query -W -f '${Version}' ejabberd; }
