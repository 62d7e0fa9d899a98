# shellcheck shell=bash
# What up.sh, down.sh and the services share. A service is a file NAME.sh that defines
#   provide   puts in place what is missing
#   answers   succeeds when it can be used
#   launch    starts it in the background; only for a service which runs
#   settle    what it needs once it answers, optional
#   halt      ends it if up.sh started it, optional
#   ready     prints where it is
set -euo pipefail

SERVICES=(rabbitmq slixmpp biboumi profanity converse idn prosody ejabberd dnsmasq)
SERVICES_HOME=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# What up.sh has to remember: logs, and what it started.
STATE=${SERVICES_STATE:-${XDG_CACHE_HOME:-$HOME/.cache}/meerkat-services}
PATH=$PATH:/usr/sbin:/sbin
mkdir -p "$STATE"

say() { echo "$NAME: $*" >&2; }
die() { say "$@"; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo -n "$@"
  else die "must run as root: $*"
  fi
}

# until_true SECONDS COMMAND...: waits for COMMAND to succeed
until_true() {
  local end=$((SECONDS + $1)); shift
  until "$@" 2>/dev/null; do [ $SECONDS -lt $end ] || return 1; sleep 0.3; done
}

# apt_install PACKAGE...: from Debian; what a package would start by itself stays off
apt_install() {
  local guard=/usr/sbin/policy-rc.d made='' failed='' log=$STATE/install.log
  local apt=(as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
  command -v apt-get >/dev/null || die "needs $*, and this is no Debian"
  say "installs $*"
  if [ ! -e $guard ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee $guard >/dev/null
    as_root chmod 755 $guard
    made=1
  fi
  "${apt[@]}" install -y --no-install-recommends "$@" >>"$log" 2>&1 ||
    { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "$@"; } >>"$log" 2>&1 || failed=1
  if [ $made ]; then as_root rm -f $guard; fi
  if [ $failed ]; then tail -n 15 "$log" >&2; die "apt-get install $* failed, see $log"; fi
}

# load NAME: the service's own functions
load() {
  NAME=$1
  [ "$NAME" != lib ] && [ -f "$SERVICES_HOME/$NAME.sh" ] || { NAME=services; die "no service $1 (${SERVICES[*]})"; }
  launch() { :; }
  settle() { :; }
  halt() { :; }
  # shellcheck disable=SC1090
  . "$SERVICES_HOME/$NAME.sh"
}
