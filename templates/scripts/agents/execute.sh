#!/usr/bin/env bash
# Works on an item under a claim: gates, claim, command, release.
#
#     execute.sh WRK-157 --provider claude
#     execute.sh --provider claude WRK-157 -- COMMAND [ARGUMENT...]
#
# Takes what `wrk execute` takes, and ends with its exit code: 1 not found, 2 usage, no session or unknown provider,
# 3 no approved plan, 4 held by another session, otherwise that of the command.
set -euo pipefail

agents_dir="$(CDPATH='' builtin cd -- "$(dirname -- "${BASH_SOURCE[0]}")" >/dev/null && pwd)"
# shellcheck source=lib/workflow-guards.sh
source "$agents_dir/lib/workflow-guards.sh"

_wrk_exec execute "$@"
