#!/usr/bin/env bash
# Has an item reviewed; when all reviewers pass, it is archived and released, otherwise only released, unless the
# session held it before.
#
#     review.sh WRK-157 --all-providers
#     review.sh WRK-157 --provider codex
#     review.sh WRK-157 -- COMMAND [ARGUMENT...]
#
# Takes what `wrk review` takes, and ends with its exit code: 1 not found or a review that failed, 2 usage, no session
# or unknown provider, 4 held by another session, otherwise that of the first reviewer that failed.
set -euo pipefail

agents_dir="$(CDPATH='' builtin cd -- "$(dirname -- "${BASH_SOURCE[0]}")" >/dev/null && pwd)"
# shellcheck source=lib/workflow-guards.sh
source "$agents_dir/lib/workflow-guards.sh"

_wrk_exec review "$@"
