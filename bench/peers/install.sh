#!/usr/bin/env bash
# Installs the servers to compare with, ejabberd and Prosody, and what the benchmark calls, as far as they are missing: from Debian, as root.
. "$(dirname "${BASH_SOURCE[0]}")/../../interop/services/lib.sh"

NAME=bench
missing=()
# need PROGRAM PACKAGE...
need() { local program=$1; shift; command -v "$program" >/dev/null || missing+=("$@"); }

need ejabberdctl ejabberd
need prosody prosody lua-sec
# By which it finds other servers.
dpkg -s lua-unbound >/dev/null 2>&1 || missing+=(lua-unbound)
need dnsmasq dnsmasq-base
need openssl openssl
need taskset util-linux
[ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"
