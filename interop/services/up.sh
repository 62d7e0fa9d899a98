#!/usr/bin/env bash
# Brings up what the interop suites need: up.sh [SERVICE...], all of them when none is named. What is missing is
# installed from Debian, which needs root; what already runs is used as it is, so it may be called at any time.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

up() {
  load "$1"
  if ! answers >/dev/null 2>&1; then
    provide
    launch
    until_true "${START_TIMEOUT:-120}" answers >/dev/null || die 'does not answer'
  fi
  settle
  echo "$NAME ready: $(ready)"
}

[ $# -gt 0 ] || set -- "${SERVICES[@]}"
for service; do (up "$service"); done
