# shellcheck shell=bash
# biboumi, a gateway to IRC that is a component (XEP-0114); tests start one of their own, so what Debian would start stays off.
answers() { command -v biboumi; }
provide() { apt_install biboumi; }
ready() { dpkg-query -W -f 'biboumi, version ${Version}' biboumi; }
