#!/usr/bin/env bash
# Two terminals meet over one work item: one claims it, the other is refused, the first crashes, the other
# takes over. Works on a copy of fixtures/queue. Needs the built command, bash and git.
#
# A terminal is a shell that reads commands from a pipe. With `script` (util-linux) it has a pseudo-terminal of
# its own, as a terminal window would give it. Without, it is a background shell under an agent's name, the
# other thing by which wrk tells who is at work. Either way nobody names a session: wrk finds it out.
set -euo pipefail

# The other half of this file: what runs inside a terminal. Ends when the demo does, by the end of its pipe.
if [[ ${1:-} == --terminal ]]; then
  cd "$3"
  exec 3<"$2/in" 4>"$2/out"
  echo $$ >&4
  while IFS= read -r line <&3; do
    code=0
    # No subshell: it would be one more process of the agent's name, and gone a moment later.
    eval "$line" >"$2/said" 2>&1 </dev/null 3<&- 4>&- || code=$?
    echo "$code" >&4
  done
  exit
fi

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
temp=$(mktemp -d "${TMPDIR:-/tmp}/wrk-demo.XXXXXX")
temp=$(cd "$temp" && pwd -P)
pids=()

cleanup() {
  local pid
  for pid in ${pids[@]+"${pids[@]}"}; do kill -KILL "$pid" 2>/dev/null || true; done
  rm -rf "$temp" 2>/dev/null || { sleep 0.3; rm -rf "$temp"; }
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

bold='' dim='' plain=''
if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
  bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
fi

say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

fail() {
  printf '\nThe demo failed: %s\n' "$*" >&2
  exit 1
}

# open_terminal NAME AGENT WORKSPACE: starts one and waits until it is ready. Its pid is in pid_NAME.
# Subshells let go of it, so that it has no agent above it even when an agent runs the demo; and it gets
# an environment of its own for the same reason.
open_terminal() {
  local name=$1 agent=$2 dir="$temp/$1" pid
  local -a clean=(env -i PATH="$temp/bin:$node_dir:$PATH" HOME="$temp" TERM=xterm LANG=C.UTF-8 SHELL="$BASH")
  rm -rf "$dir"
  mkdir "$dir"
  mkfifo "$dir/in" "$dir/out"
  if [[ $kind == script ]]; then
    ("${clean[@]}" script -qc "$(printf 'exec %q %q --terminal %q %q' "$BASH" "$root/scripts/demo.sh" "$dir" "$3")" /dev/null \
      </dev/null >/dev/null 2>&1 &)
  else
    ("${clean[@]}" "$BASH" -c 'exec -a "$0" "$BASH" "$@"' "$agent" "$root/scripts/demo.sh" --terminal "$dir" "$3" \
      </dev/null >/dev/null 2>&1 &)
  fi
  # Opened for both directions, which does not wait for the other side.
  case $name in
    A) exec 5<>"$dir/in" 6<>"$dir/out" ;;
    B) exec 7<>"$dir/in" 8<>"$dir/out" ;;
  esac
  pid=$(answer "$name") || return 1
  pids+=("$pid")
  printf -v "pid_$name" '%s' "$pid"
}

# What a terminal answers: its pid at first, then the exit code of each command.
answer() {
  local line
  case $1 in
    A) IFS= read -r -t 20 line <&6 ;;
    B) IFS= read -r -t 20 line <&8 ;;
  esac || return 1
  printf '%s' "$line"
}

# quietly NAME COMMAND: runs it there; sets `code` and `said`.
quietly() {
  case $1 in
    A) printf '%s\n' "$2" >&5 ;;
    B) printf '%s\n' "$2" >&7 ;;
  esac
  code=$(answer "$1") || fail "terminal $1 did not answer: $2"
  said=$(<"$temp/$1/said")
}

# run NAME COMMAND EXPECTED_CODE [TEXT…]: runs it there and shows it; its output must have each TEXT.
run() {
  local name=$1 command=$2 expected=$3 text
  shift 3
  quietly "$name" "$command"
  printf '\n%s%s $%s %s\n' "$bold" "$name" "$plain" "$command"
  if [[ -n $said ]]; then printf '%s\n' "$said"; fi
  printf '%s[exit %s]%s\n' "$dim" "$code" "$plain"
  [[ $code == "$expected" ]] || fail "exit code $code in place of $expected: $command"
  for text in "$@"; do
    [[ $said == *"$text"* ]] || fail "\"$text\" is not in the output of: $command"
  done
}

open_both() {
  open_terminal A claude "$1" && open_terminal B codex "$1"
}

close_both() {
  local pid
  for pid in ${pids[@]+"${pids[@]}"}; do kill -KILL "$pid" 2>/dev/null || true; done
  pids=()
}

# Whether two terminals of this kind are two sessions to wrk, tried on a queue that nobody sees.
works() {
  local first
  kind=$1
  mkdir "$temp/try-$kind"
  "$node_dir/node" "$root/dist/wrk.cjs" init "$temp/try-$kind/.claude/work-queue" >/dev/null
  open_both "$temp/try-$kind" || { close_both; return 1; }
  quietly A 'wrk session id'
  first=$code:$said
  quietly B 'wrk session id'
  close_both
  [[ $first == 0:?* && $code == 0 && $first != "$code:$said" ]]
}

# --- The stage ---

command -v node >/dev/null || fail 'node is not in the PATH'
[[ -f $root/dist/wrk.cjs ]] || fail 'dist/wrk.cjs is missing; run: npm run build'
node_dir=$(dirname "$(node -p process.execPath)")
mkdir "$temp/bin"
ln -s "$root/dist/wrk.cjs" "$temp/bin/wrk"
chmod +x "$root/dist/wrk.cjs"

workspace=$temp/workspace
queue=$workspace/.claude/work-queue
item=$queue/pending/WRK-157.md
mkdir -p "$workspace/.claude"
cp -R "$root/fixtures/queue" "$queue"
[[ -f $item ]] || fail 'fixtures/queue has no pending/WRK-157.md'
cp "$item" "$temp/WRK-157.md"

has_script=no
if [[ $(script --version 2>/dev/null || true) == *util-linux* ]]; then has_script=yes; fi
if [[ ${WRK_DEMO_WITHOUT_SCRIPT:-} == '' && $has_script == yes ]] && works script; then
  say 'Two terminals, A and B, each with a pseudo-terminal of its own, in the same workspace.'
elif works agent; then
  say "Two shells, A and B, in the same workspace. There are no pseudo-terminals to be had here (that takes
\`script\` of util-linux), so A runs under the name of the agent claude and B under that of codex."
else
  fail 'wrk does not tell two terminals apart on this machine'
fi
open_both "$workspace" || fail 'the terminals could not be opened'

# --- The play ---

say 'A claims an item. Nothing was set up: wrk registers A as a session by itself.'
run A 'wrk claim WRK-157' 0 'Claimed WRK-157'
quietly A 'wrk session id'
session_a=$said

say 'B wants the same item and is refused: A holds it, and A is alive.'
run B 'wrk claim WRK-157' 4 "held by $session_a" 'alive'

say 'B cannot release it either: only the holder can.'
run B 'wrk release WRK-157' 4 "$session_a"

say 'Terminal A crashes: its shell is killed with SIGKILL and can clean nothing up.'
printf '\n%s  $%s kill -KILL %s\n' "$bold" "$plain" "$pid_A"
kill -KILL "$pid_A"
for ((i = 0; i < 50; i++)); do
  kill -0 "$pid_A" 2>/dev/null || break
  sleep 0.1
done

say 'B claims again. The holder is provably gone, so B takes over at once, and is warned.'
run B 'wrk claim WRK-157' 0 'warning: took over WRK-157' "$session_a" 'Took over WRK-157'
quietly B 'wrk session id'
session_b=$said
[[ $session_b != "$session_a" ]] || fail 'A and B are one session'

say 'Who works on what:'
run B 'wrk status' 0 "$session_b" 'WRK-157'

say 'What happened to the item:'
run B 'wrk log WRK-157' 0 'granted' 'takenOver' "$session_a" "$session_b"

say 'B is done and gives it up.'
run B 'wrk release WRK-157' 0 'Released WRK-157'

say 'All that is left in the file are the two lock lines, empty:'
printf '\n'
git --no-pager diff --no-index --no-color --unified=1 --no-prefix "$temp/WRK-157.md" "$item" >"$temp/diff" || true
changes=$(grep -E '^[-+]' "$temp/diff" | grep -vE '^(---|\+\+\+) ' || true)
printf '%s\n' "$changes"
[[ $changes == $'+locked_by: ""\n+locked_at: ""' ]] || fail 'more than the lock lines changed'

say 'Every step went as it should.'
