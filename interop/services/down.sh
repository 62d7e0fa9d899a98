#!/usr/bin/env bash
# Ends what up.sh started, and nothing else: down.sh [SERVICE...]
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# -gt 0 ] || set -- "${SERVICES[@]}"
for service; do (load "$service"; halt); done
