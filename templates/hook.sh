# Asks wrk whether this commit may be made. `wrk hooks uninstall` takes it away and puts back what was here before.
hook=$0
case $hook in */*) ;; *) hook=./$hook ;; esac@READ@

# The hook that was here before comes first, and may refuse by itself. pre-commit moves this hook aside and calls it: then
# the other one is called from here all the same, unless it is pre-commit's own, which would call this one again.
named=${hook%.legacy}
kept=$named@KEPT@
if [ "$named" != "$hook" ] && grep -q 'pre-commit\.com' "$kept" 2>/dev/null; then kept=; fi
if [ -f "$kept" ] && [ -x "$kept" ]; then
  IFS= read -r first <"$kept" || :
  case $first in
    '#!/bin/sh' | '#!/bin/sh '* | '#!/usr/bin/env sh' | '#!/bin/bash' | '#!/bin/bash '* | '#!/usr/bin/env bash')
      # Sourced, so that its $0 is the name that it had: hook managers look at it.
      @FEED@${first#'#!'} -c '. "$0@KEPT@"' "$named" "$@" || exit
      ;;
    *) @FEED@"$kept" "$@" || exit ;;
  esac
fi

# Most commits are about no item: those need not wait for Node to start.
if @NOTHING@; then exit 0; fi

# Another program is called wrk too: a load tester, whose version begins with its name. And without Node none starts.
is_wrk() {
  case $({ "$1" --version; } 2>/dev/null) in [0-9]*.[0-9]*.[0-9]*) return 0 ;; esac
  return 1
}

# The standalone executable needs no Node.
node=@NODE@
script=@SCRIPT@
if [ -x "${node:-$script}" ] && [ -f "$script" ]; then
  @GO@${node:+"$node"} "$script" @COMMAND@ >/dev/null@END@
fi
for wrk in "$script" node_modules/.bin/wrk-cli wrk-cli wrk; do
  if is_wrk "$wrk"; then @GO@"$wrk" @COMMAND@ >/dev/null@END@; fi
done

back="rm '$hook'"
if [ -e "$kept" ]; then back="mv '$kept' '$hook'"; fi
if [ -f "$script" ]; then
  missing="Node.js, which wrk needs, is neither at $node nor on the PATH"
else
  missing="wrk is neither at $script nor on the PATH"
fi
cat >&2 <<END
wrk: @REFUSED@: it could not be checked, because
     $missing.
     Install it, then: wrk hooks install
     To @VERB@ once without the check: git @VERB@ --no-verify
     To do without it from now on: $back
END
exit 1
