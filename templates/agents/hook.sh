# What agents' hooks run (wrk agents install): it is sourced, and decides whether Node is needed at all. Most of the
# time it is not, and then no process is started, or only cat. sh, dash, bash and zsh read it.
#   $d         the workspace
#   $wrk_hook  the agent, and the moment: begin, beat (a sign of life), look (before a tool runs), end
#   $wrk_from  plugin, for hooks that come from one
#   $@         what starts wrk, where the settings of one machine name it

h="$d/@QUEUE@/.wrk/hooks"
# When each hook ran last is this file's time; a session's own file is dated a minute ahead when wrk has seen it.
t="$h/${wrk_hook% *}.${wrk_hook#* }"
# A link might lead out of the queue, to a file that is somebody's: then nothing is written, and Node starts each time.
if [ -h "$t" ] || [ -h "$h" ] || [ -h "${h%/*}" ]; then
  h=/dev/null
  t=/dev/null/none
fi
k=$PPID
i=

case $wrk_hook in
  *' begin' | *' end') { true >|"$t"; } 2>/dev/null ;;
  'claude beat' | 'gemini beat')
    # These agents do not mind that their input is left unread.
    { true >|"$t"; } 2>/dev/null && [ "$h/$k" -nt "$t" ] && exit 0
    ;;
  *)
    # cat, since read takes one system call for every byte.
    i=$(cat)
    case $i in
      *'"session_id":"'*) k=${i#*'"session_id":"'} ;;
      *'"sessionId":"'*) k=${i#*'"sessionId":"'} ;;
      *) k= ;;
    esac
    k=${k%%'"'*}
    case $k in *[!A-Za-z0-9._-]*) k= ;; esac
    n=
    case $wrk_hook in
      *' look')
        # An item's file, a commit, a sub-agent that calls wrk: these are looked at. What only sounds like it is too.
        case $i in
          *.[mM][dD]* | *commit* | *'"agent_id"'*wrk* | *wrk*'"agent_id"'*) n=yes ;;
        esac
        ;;
    esac
    if { true >|"$t"; } 2>/dev/null && [ -z "$n" ]; then
      case $wrk_hook in 'claude look' | 'gemini look') exit 0 ;; esac
      [ -n "$k" ] && [ "$h/$k" -nt "$t" ] && exit 0
    fi
    ;;
esac

PATH="$PATH:$d/node_modules/.bin"
if [ $# -eq 0 ]; then
  if command -v wrk-cli >/dev/null 2>&1; then
    set -- wrk-cli
  elif command -v wrk >/dev/null 2>&1; then
    set -- wrk
  else
    [ -n "$i" ] || cat >/dev/null
    exit 0
  fi
fi
set -- "$@" agents hook "${wrk_hook% *}" "${wrk_hook#* }" "$h" "$k"
# A plugin's hooks say so: they do nothing where the project's settings have hooks of their own.
if [ -n "${wrk_from-}" ]; then set -- "$@" "$wrk_from"; fi

# Whatever happens, the hook ends with 0: other codes block an agent. And only what a program that succeeds has written
# is passed on: another one is called wrk too, a load tester, which fails here.
if [ "$1" = wrk ]; then exec 2>/dev/null; fi
if [ -n "$i" ]; then
  o=$(
    "$@" <<END
$i
END
  )
else
  o=$("$@")
fi
[ $? -eq 0 ] && [ -n "$o" ] && printf '%s\n' "$o"
exit 0
