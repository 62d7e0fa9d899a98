#!/usr/bin/env bash
# Installs the servers to compare with, ejabberd and Prosody, and what the benchmark calls, as far as they are missing: from Debian, as root.
. "$(dirname "${BASH_SOURCE[0]}")/../../interop/services/lib.sh"

NAME=bench
missing=()
# need PROGRAM PACKAGE...
need() { local program=$1; shift; command -v "$program" >/dev/null || missing+=("$@"); }

need ejabberdctl ejabberd
need prosody prosody lua-sec
need openssl openssl
need taskset util-linux
[ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"
