# shellcheck shell=bash
# workflow-guards.sh: claims, gates and session state of a work queue, for bash scripts. Bash 3.2 or newer.
#
#     set -euo pipefail
#     source scripts/agents/lib/workflow-guards.sh
#     claim_wrk WRK-157 || exit $?
#     ...
#     release_wrk WRK-157
#
# Whatever changes a file is done by `wrk`, started once for each call of a function marked (wrk); the others only
# read. Sourcing starts nothing.
#
#   claim_wrk ID [FLAG...]     (wrk) also wrk_claim. Takes an item. Returns wrk's exit code: 1 not found, 2 no
#                              session or no id, 4 held by another session, 5 not in a state to be worked on
#   release_wrk ID [FLAG...]   (wrk) also wrk_release. Gives it up. 0 also when nothing was held; 4 when another
#                              session holds it; an unknown item is a warning and 0
#   resolve_wrk_file ID        prints the path of its file; 1 not found, 2 no id
#   wrk_get_frontmatter_value FILE KEY
#                              prints a single value without quotes and comment; nothing, and 0, when there is none
#   wrk_set_frontmatter_value FILE KEY VALUE
#                              (wrk) sets a single value of an item of the queue; locked_by and locked_at: 2.
#                              A status is only written: the file stays where it is, and its lock too
#   assert_provider NAME       exits 2 when nobody knows the provider
#   assert_orchestrator_or_fail [NAME]
#                              exits 2 when no orchestrator is set, or another than NAME
#   assert_plan_approved_or_fail ID|FILE
#                              exits 3 when plan_approved is not true, 2 when that is no item of the queue. The
#                              other gates of wrk.yaml are asked for by `wrk execute`
#   ensure_session_store       makes session-state.yaml, with a session, where there is none; only then starts wrk
#   session_get KEY            prints a single value from the top of session-state.yaml
#   session_set_scalar KEY VALUE
#                              (wrk) sets one. session_id, sessions, rebuilt_at and updated_at are refused (2)
#   session_record_stage ID STAGE, session_record_stage STAGE [ID]
#                              (wrk) sets last_stage, and active_wrk when an item is given
#   session_now_iso            prints the time as locks write it: 2026-02-16T19:30:05Z
#
# The assert_ functions end the script with their code; in an interactive shell they return it. The others return.
# Besides the codes above: 74 input/output failed, 75 try again, 127 wrk is not installed. Messages go to stderr.
#
# The session is WRK_SESSION_ID, else that of the agent or terminal above the script. Without one (cron, CI) it is the
# session_id in session-state.yaml, where that is free for all, or a new one that ends with the script.
#
# The queue is $WRK_QUEUE, else $WORK_ITEM_ROOT, else that of the workspace in which this file lies
# (scripts/agents/lib), else the nearest one above the working directory. Sourcing sets WS_HUB, the workspace, and
# WORK_ITEM_ROOT unless it is set. SESSION_STATE_FILE names another session-state.yaml. WRK_BIN names the program.
# Names that begin with _wrk_ are not for use.

if [ -z "${BASH_VERSION-}" ]; then
  echo "wrk: workflow-guards.sh needs bash" >&2
  return 2
fi

claim_wrk() {
  _wrk_check_arguments "$#" 1 'claim_wrk ID' || return
  local id="$1"
  shift
  _wrk_run claim ${1+"$@"} -- "$id"
}

wrk_claim() { claim_wrk "$@"; }

release_wrk() {
  _wrk_check_arguments "$#" 1 'release_wrk ID' || return
  local id="$1" code=0 output
  shift
  { output="$(_wrk_run release ${1+"$@"} -- "$id" 2>&1 >&3 3>&-)" || code=$?; } 3>&1
  if [[ "$code" -eq 1 && "$output" == 'wrk: '* ]]; then
    output="${output%%$'\n'*}"
    _wrk_say "warning: ${output#wrk: }; nothing to release"
    return 0
  fi
  [[ -z "$output" ]] || printf '%s\n' "$output" >&2
  return "$code"
}

wrk_release() { release_wrk "$@"; }

# In a subshell, which keeps variables and shell options to itself.
resolve_wrk_file() (
  _wrk_check_arguments "$#" 1 'resolve_wrk_file ID' || exit
  _wrk_plain_shell
  text="${1%.md}"
  queue="$(_wrk_queue)" || exit
  if [[ "$text" =~ ^[0-9.]+$ ]]; then
    text="$(_wrk_id_prefix "$queue")-$text"
  fi
  if [[ "${#text}" -gt 100 ]] || ! [[ "$text" =~ $(_wrk_pattern id) ]]; then
    _wrk_say "\"$1\" is not an item id" 'An id looks like WRK-157, 157 or workspace-hub#1311.'
    exit 2
  fi
  prefix="${BASH_REMATCH[1]}"
  number="$(_wrk_number "${BASH_REMATCH[3]}")"
  first="${number%%.*}"
  found=''
  for folder in "$queue/working" "$queue/pending" "$queue/blocked" "$queue/done" "$queue/archive" \
    "$queue"/archive/[0-9][0-9][0-9][0-9]-[0-9][0-9] "$queue/archived" "$queue"; do
    _wrk_is_item_folder "$queue" "$folder" || continue
    # Few of a large folder's names, since each is then looked at closely.
    for file in "$folder"/*-"$first".md "$folder"/*-"$first"[-_.\ ]*.md \
      "$folder"/*-0*"$first".md "$folder"/*-0*"$first"[-_.\ ]*.md; do
      _wrk_split_name "${file##*/}" || continue
      # Letter case of the prefix aside, by nocasematch.
      [[ "$name_prefix" == "$prefix" && "$name_number" == "$number" && -f "$file" && ! -L "$file" ]] || continue
      [[ "$file" != "$found" ]] || continue
      if [[ -z "$found" ]]; then
        found="$file"
      else
        _wrk_say "warning: $1 has several files: $found, $file" \
          'Nothing can be claimed until one is left; the first is used here.'
      fi
    done
  done
  if [[ -z "$found" ]]; then
    _wrk_say "no item $1 in $queue"
    exit 1
  fi
  printf '%s\n' "$found"
)

wrk_get_frontmatter_value() {
  _wrk_check_arguments "$#" 2 'wrk_get_frontmatter_value FILE KEY' || return
  _wrk_check_key "$2" || return
  if ! [[ -f "$1" && -r "$1" ]]; then
    _wrk_say "$1 cannot be read"
    return 1
  fi
  _wrk_scalar 1 "$2" <"$1"
}

wrk_set_frontmatter_value() {
  _wrk_check_arguments "$#" 3 'wrk_set_frontmatter_value FILE KEY VALUE' || return
  _wrk_check_key "$2" || return
  case "$2" in
    locked_by | locked_at)
      _wrk_say "$2 belongs to the lock" 'claim_wrk and release_wrk change it.'
      return 2
      ;;
  esac
  local id
  id="$(_wrk_id_of_file "$1")" || return
  # A script goes on with the path that it has: a status moves nothing here.
  _wrk_run set --stay --new-field -- "$id" "$2=$3" >/dev/null
}

assert_provider() {
  _wrk_knows_provider "${1-}" && return
  _wrk_stop 2 "unknown provider: \"${1-}\"" \
    'Known are claude, codex, gemini, cursor, copilot, amp, opencode, aider, and those of wrk.yaml and providers/*.sh.'
}

assert_orchestrator_or_fail() {
  local orchestrator
  ensure_session_store || { _wrk_stop 2; return; }
  orchestrator="$(session_get orchestrator_agent)" || { _wrk_stop 2; return; }
  if [[ -z "$orchestrator" ]]; then
    _wrk_stop 2 'no orchestrator is set in session-state.yaml' 'Start a session: wrk session start --provider NAME'
  elif [[ -n "${1-}" && "$1" != "$orchestrator" ]]; then
    _wrk_stop 2 "$1 is not the orchestrator, $orchestrator is"
  fi
}

assert_plan_approved_or_fail() {
  local file approved
  case "${1-}" in
    */*)
      _wrk_id_of_file "$1" >/dev/null || { _wrk_stop 2; return; }
      file="$1"
      ;;
    *) file="$(resolve_wrk_file "${1-}")" || { _wrk_stop 2; return; } ;;
  esac
  approved="$(wrk_get_frontmatter_value "$file" plan_approved)" || { _wrk_stop 2; return; }
  case "$approved" in
    [Tt][Rr][Uu][Ee]) ;;
    *)
      _wrk_stop 3 "$1 has no approved plan: plan_approved is ${approved:-not set}, not true" \
        'Have the plan approved, then: wrk set ID plan_approved=true'
      ;;
  esac
}

ensure_session_store() {
  local file
  file="$(_wrk_state_file)" || return
  [[ -f "$file" && -s "$file" ]] || _wrk_run session id >/dev/null
}

session_get() {
  _wrk_check_arguments "$#" 1 'session_get KEY' || return
  _wrk_check_key "$1" || return
  local file
  file="$(_wrk_state_file)" || return
  [[ -f "$file" && -r "$file" ]] || return 0
  _wrk_scalar 0 "$1" <"$file"
}

session_set_scalar() {
  _wrk_check_arguments "$#" 2 'session_set_scalar KEY VALUE' || return
  _wrk_check_key "$1" || return
  _wrk_run session set -- "$1=$2" >/dev/null
}

session_now_iso() { date -u '+%Y-%m-%dT%H:%M:%SZ'; }

session_record_stage() {
  _wrk_check_arguments "$#" 1 'session_record_stage ID STAGE' || return
  local id="$1" stage="${2-}"
  if [[ "$#" -eq 1 ]]; then
    _wrk_run session set -- "last_stage=$1" >/dev/null
    return
  fi
  if _wrk_is_id "$2" && ! _wrk_is_id "$1"; then
    id="$2" stage="$1"
  fi
  _wrk_run session set -- "active_wrk=$id" "last_stage=$stage" >/dev/null
}

# --- how wrk is found and started -------------------------------------------------------------------------------

# Runs wrk on the queue that the other functions read.
_wrk_run() (_wrk_exec "$@")

# The same in place of the calling shell, which thereby hands its signals on.
_wrk_exec() {
  local program queue name
  program="$(_wrk_program)" || return
  if queue="$(_wrk_queue 2>/dev/null)"; then WRK_QUEUE="$queue"; fi
  # A script may have set these without exporting them.
  for name in WRK_QUEUE WORK_ITEM_ROOT SESSION_STATE_FILE WRK_SESSION_ID LOCK_TTL_SECONDS; do
    [[ -z "${!name-}" ]] || export "${name?}"
  done
  # Where neither a terminal nor an agent is above (cron, CI), the session is that of the script.
  export WRK_GUARDS_SHELL="$$"
  exec "$program" "$@"
}

_wrk_program() {
  local found name folder
  if [[ -n "${WRK_BIN-}" ]]; then
    type -P -- "$WRK_BIN" && return
    _wrk_say "WRK_BIN is no program: $WRK_BIN"
    return 127
  fi
  if found="$(type -P wrk)" && _wrk_is_script "$found"; then
    printf '%s\n' "$found"
    return
  fi
  type -P wrk-cli && return
  for folder in "${WS_HUB-}" "$PWD"; do
    while [[ -n "$folder" ]]; do
      for name in wrk-cli wrk; do
        if [[ -f "$folder/node_modules/.bin/$name" && -x "$folder/node_modules/.bin/$name" ]]; then
          printf '%s\n' "$folder/node_modules/.bin/$name"
          return
        fi
      done
      folder="${folder%/*}"
    done
  done
  if [[ -n "$found" ]]; then
    _wrk_say "$found is not this wrk: it is a compiled program, such as the HTTP load tester of that name" \
      'Install this one (npm install -g . in its checkout), which gives wrk-cli too, or set WRK_BIN to where it is.'
  else
    _wrk_say 'wrk is not installed here' 'Install it (npm install -g . in its checkout), or set WRK_BIN to where it is.'
  fi
  return 127
}

# wrk and its wrappers are scripts; the HTTP load tester is compiled. Looked at without starting either.
_wrk_is_script() {
  local head=''
  IFS= read -r -n 2 head <"$1" 2>/dev/null || :
  [[ "$head" == '#!' ]]
}

# --- where the queue is -----------------------------------------------------------------------------------------

# Prints the queue's real path, as wrk finds it.
_wrk_queue() {
  local queue="${WRK_QUEUE:-${WORK_ITEM_ROOT:-}}"
  if [[ -n "$queue" ]]; then
    if [[ -d "$queue/.claude/work-queue" ]] && ! _wrk_is_queue "$queue"; then queue="$queue/.claude/work-queue"; fi
  elif [[ -d "${WS_HUB-}/.claude/work-queue" ]]; then
    queue="$WS_HUB/.claude/work-queue"
  else
    queue="$(_wrk_queue_above "$PWD")" || {
      _wrk_say "no queue here: neither ${WS_HUB-} nor a folder above $PWD holds .claude/work-queue" \
        'Name it with WRK_QUEUE, or make one with: wrk init'
      return 1
    }
  fi
  queue="$(_wrk_real "$queue" 2>/dev/null)" || {
    _wrk_say "no queue at ${WRK_QUEUE:-${WORK_ITEM_ROOT:-}}"
    return 1
  }
  _wrk_queue_of_main_worktree "$queue" || printf '%s\n' "$queue"
}

_wrk_is_queue() { [[ -e "$1/wrk.yaml" || (-d "$1/pending" && -d "$1/working") ]]; }

_wrk_queue_above() {
  local folder="$1"
  while [[ -n "$folder" ]]; do
    if [[ -d "$folder/.claude/work-queue" ]]; then
      printf '%s\n' "$folder/.claude/work-queue"
      return
    elif _wrk_is_queue "$folder"; then
      printf '%s\n' "$folder"
      return
    fi
    folder="${folder%/*}"
  done
  return 1
}

# All worktrees of a repository use the main one's queue, unless wrk.yaml says `worktrees: own`.
_wrk_queue_of_main_worktree() {
  local folder="$1" line='' git_dir common main
  while [[ -n "$folder" && ! -e "$folder/.git" ]]; do folder="${folder%/*}"; done
  [[ -n "$folder" && -f "$folder/.git" ]] || return 1
  IFS= read -r line <"$folder/.git" || :
  [[ "$line" == 'gitdir: '* ]] || return 1
  line="${line%$'\r'}"
  git_dir="${line#gitdir: }"
  [[ "$git_dir" == /* ]] || git_dir="$folder/$git_dir"
  [[ -f "$git_dir/commondir" ]] || return 1
  IFS= read -r common <"$git_dir/commondir" || :
  common="${common%$'\r'}"
  [[ "$common" == /* ]] || common="$git_dir/$common"
  main="$(_wrk_folder "$common/..")${1#"$folder"}"
  [[ -d "$main" && "$(_wrk_setting "$1" worktrees)" != own ]] || return 1
  _wrk_real "$main"
}

_wrk_state_file() {
  local queue
  if [[ -n "${SESSION_STATE_FILE-}" ]]; then
    printf '%s\n' "$SESSION_STATE_FILE"
    return
  fi
  queue="$(_wrk_queue)" || return
  printf '%s\n' "$queue/session-state.yaml"
}

# Print a folder's path, and its real one. Neither CDPATH nor a function of that name changes where cd goes.
_wrk_folder() { CDPATH='' builtin cd -- "${1/#-/./-}" >/dev/null && pwd; }
_wrk_real() { CDPATH='' builtin cd -P -- "${1/#-/./-}" >/dev/null && pwd -P; }

# --- ids and names ----------------------------------------------------------------------------------------------

# For a subshell: bytes instead of a language's letters, and no surprises from options of the caller.
_wrk_plain_shell() {
  set +euf
  LC_ALL=C
  unset GLOBIGNORE
  shopt -u failglob nocaseglob dotglob
  shopt -s nullglob nocasematch
}

_wrk_pattern() {
  local word='[A-Za-z][A-Za-z0-9_.]*' number='[0-9]{1,9}([.][0-9]{1,9}){0,4}'
  case "$1" in
    id) printf '%s\n' "^($word(-$word)*)[-#]($number)\$" ;;
    file) printf '%s\n' "^($word(-$word)*)-($number)([-_. ].*)?[.]md\$" ;;
  esac
}

# Splits the name of an item's file into name_prefix and name_number, variables of the calling subshell.
_wrk_split_name() {
  file_pattern="${file_pattern:-$(_wrk_pattern file)}"
  [[ "$1" =~ $file_pattern && "$1" != *[[:cntrl:]\\]* ]] || return 1
  # WRK-222.1x.md is no file of WRK-222.
  [[ "${BASH_REMATCH[5]}" != .[0-9]* ]] || return 1
  name_prefix="${BASH_REMATCH[1]}"
  name_number="$(_wrk_number "${BASH_REMATCH[3]}")"
}

# Prints a number without zeros in front of its parts: 222.1 for 0222.01.
_wrk_number() {
  local rest="$1." part number=''
  while [[ -n "$rest" ]]; do
    part="${rest%%.*}"
    rest="${rest#*.}"
    while [[ "$part" == 0?* ]]; do part="${part#0}"; done
    number="$number.$part"
  done
  printf '%s\n' "${number#.}"
}

# Whether a folder of the queue may hold items; links are not followed.
_wrk_is_item_folder() {
  [[ "$2" == "$1" ]] && return
  [[ -d "$2" && ! -L "$2" ]] || return 1
  [[ "$2" != "$1"/archive/* || ! -L "$1/archive" ]]
}

# Prints the id of an item's file; fails when the file is none of the queue's.
_wrk_id_of_file() (
  _wrk_plain_shell
  queue="$(_wrk_queue)" || exit
  if ! [[ -f "$1" && ! -L "$1" ]]; then
    _wrk_say "$1 is not a file"
    exit 1
  fi
  folder='.'
  case "$1" in */*) folder="${1%/*}/" ;; esac
  folder="$(_wrk_real "$folder")" || exit 1
  shopt -u nocasematch
  case "${folder#"$queue"}" in
    '' | /pending | /working | /blocked | /done | /archive | /archived | /archive/[0-9][0-9][0-9][0-9]-[0-9][0-9])
      if [[ "$folder" == "$queue"* ]] && _wrk_split_name "${1##*/}"; then
        printf '%s\n' "$name_prefix-$name_number"
        exit 0
      fi
      ;;
  esac
  _wrk_say "$1 is not an item of $queue"
  exit 2
)

# Whether a word names an item rather than a stage: PREFIX-157 or name#157.
_wrk_is_id() (
  _wrk_plain_shell
  [[ "$1" =~ $(_wrk_pattern id) ]] || exit 1
  [[ "$1" == *'#'* ]] && exit 0
  prefix="${BASH_REMATCH[1]}"
  [[ "$prefix" == "$(_wrk_id_prefix "$(_wrk_queue 2>/dev/null)")" ]]
)

_wrk_id_prefix() {
  local prefix
  prefix="$(_wrk_setting "$1" id_prefix)"
  printf '%s\n' "${prefix:-WRK}"
}

# Agents known by name, the providers of wrk.yaml, and scripts: as `wrk execute` knows them.
_wrk_knows_provider() (
  _wrk_plain_shell
  shopt -u nocasematch
  [[ "$1" =~ ^[A-Za-z][A-Za-z0-9_.-]*$ && "${#1}" -le 64 ]] || exit 1
  case "$1" in claude | codex | gemini | cursor | copilot | amp | opencode | aider) exit 0 ;; esac
  queue="$(_wrk_queue)" || exit 1
  workspace="${queue%/*}"
  [[ "$queue" != */.claude/work-queue ]] || workspace="${queue%/.claude/work-queue}"
  [[ -f "$workspace/scripts/agents/providers/$1.sh" ]] && exit 0
  [[ -f "$queue/wrk.yaml" ]] || exit 1
  command awk -v name="$1:" '
    { sub(/\r$/, ""); gsub(/["\047]/, "") }
    /^providers:/ { inside = 1; depth = 0; sub(/^providers:/, "") }
    /^[^ \t#]/ && !/^[{}]/ { inside = 0 }
    inside && /[^ \t]/ && !/^[ \t]*#/ {
      at = match($0, /[^ \t]/)
      if (!depth) { depth = at; flow = substr($0, at, 1) == "{" }
      count = split($0, words, /[{}, \t\[\]]+/)
      if (!flow && at == depth && words[2] == name) found = 1
      for (i = 1; flow && i <= count; i++) if (words[i] == name) found = 1
    }
    END { exit !found }
  ' <"$queue/wrk.yaml"
)

# --- reading values ---------------------------------------------------------------------------------------------

_wrk_setting() {
  [[ -f "$1/wrk.yaml" ]] || return 0
  _wrk_scalar 0 "$2" <"$1/wrk.yaml"
}

# Prints the single value of a key at the left margin of the YAML on stdin: of the frontmatter alone when $1 is 1.
# Quotes and comments are taken off, folded lines joined; null is nothing; lists and maps written in braces or
# brackets are printed as they stand.
_wrk_scalar() {
  LC_ALL=C command awk -v fenced="$1" -v key="$2" '
    function trimmed(s) {
      sub(/^[ \t]+/, "", s)
      sub(/[ \t]+$/, "", s)
      return s
    }
    # The place of the closing quote, 0 when it is on a later line.
    function closing(s,    quote, i, c) {
      quote = substr(s, 1, 1)
      for (i = 2; i <= length(s); i++) {
        c = substr(s, i, 1)
        if (c == "\\" && quote == "\"") i++
        else if (c == quote && quote == "\047" && substr(s, i + 1, 1) == quote) i++
        else if (c == quote) return i
      }
      return 0
    }
    # UTF-8 by its bytes; nothing for what is no character.
    function character(hex,    n, i, digit) {
      n = 0
      for (i = 1; i <= length(hex); i++) {
        digit = index("0123456789abcdef", tolower(substr(hex, i, 1)))
        if (!digit) return ""
        n = n * 16 + digit - 1
      }
      if (n < 1 || (n >= 55296 && n < 57344)) return ""
      if (n < 128) return sprintf("%c", n)
      if (n < 2048) return sprintf("%c%c", 192 + int(n / 64), 128 + n % 64)
      return sprintf("%c%c%c", 224 + int(n / 4096), 128 + int(n / 64) % 64, 128 + n % 64)
    }
    function unquoted(s,    quote, out, i, c, digits) {
      quote = substr(s, 1, 1)
      s = substr(s, 2, closing(s) - 2)
      if (quote == "\047") {
        gsub(/\047\047/, "\047", s)
        return s
      }
      out = ""
      for (i = 1; i <= length(s); i++) {
        c = substr(s, i, 1)
        if (c == "\\") {
          i++
          c = substr(s, i, 1)
          if (c == "t") c = "\t"
          else if (c == "n") c = "\n"
          else if (c == "x" || c == "u") {
            digits = c == "x" ? 2 : 4
            c = character(substr(s, i + 1, digits))
            if (c == "") c = "\\" substr(s, i, digits + 1)
            i += digits
          }
          else if (c != "\"" && c != "\\" && c != "/" && c != " ") c = "\\" c
        }
        out = out c
      }
      return out
    }
    # Cuts off a comment; done when there was one, since nothing goes on behind it.
    function plain(s) {
      if (s ~ /^#/) { s = ""; state = "done" }
      else if (match(s, /[ \t]#/)) { s = substr(s, 1, RSTART - 1); state = "done" }
      return trimmed(s)
    }
    function begin(s,    c) {
      found = 1
      s = trimmed(s)
      c = substr(s, 1, 1)
      if (c == "\"" || c == "\047") {
        value = s
        state = "quoted"
        if (closing(value)) finish()
      } else if (s ~ /^[|>][-+0-9]*([ \t]+#.*)?$/) {
        state = "block"
        folded = c == ">"
        value = ""
        depth = 0
      } else {
        state = "plain"
        value = plain(s)
        if (value == "" || value ~ /^[\[{]/) state = "done"
      }
    }
    function finish() {
      if (state == "quoted") value = closing(value) ? unquoted(value) : ""
      else if (state == "plain" || state == "done") { if (value ~ /^(~|null|Null|NULL)$/) value = "" }
      state = "ready"
    }
    function more(    at, line) {
      line = trimmed($0)
      if (state == "quoted") {
        value = value " " line
        if (closing(value)) finish()
      } else if (state == "block") {
        at = match($0, /[^ ]/)
        if (line == "") gap = gap "\n"
        else if (at == 1 || (depth && at < depth)) finish()
        else {
          if (!depth) { depth = at; value = gap substr($0, depth) }
          else if (folded && gap == "") value = value " " substr($0, depth)
          else value = value (folded ? gap : "\n" gap) substr($0, depth)
          gap = ""
        }
      } else if (state == "plain" && /^[ \t]/ && line != "" && line !~ /^#/) {
        value = value " " plain(line)
      } else finish()
    }
    { sub(/\r$/, "") }
    NR == 1 { sub(/^\357\273\277/, "") }
    NR == 1 && fenced { if (/^---[ \t]*$/) next; exit }
    fenced && /^---[ \t]*$/ { closed = 1; exit }
    state == "ready" { next }
    state != "" { more(); next }
    index($0, key ":") == 1 && substr($0, length(key) + 2, 1) ~ /^[ \t]?$/ { begin(substr($0, length(key) + 2)) }
    END {
      if (state != "" && state != "ready") finish()
      if (found && (closed || !fenced)) print value
    }
  '
}

_wrk_check_key() {
  [[ "$1" =~ ^[A-Za-z_][A-Za-z0-9_-]*$ ]] && return
  _wrk_say "\"$1\" is not the name of a field"
  return 2
}

# --- messages and ends ------------------------------------------------------------------------------------------

# Arguments: message, hint. Control characters, which a terminal might obey, become ?.
_wrk_say() {
  printf 'wrk: %s\n' "${1//[[:cntrl:]]/?}" >&2
  [[ -z "${2-}" ]] || printf '     %s\n' "${2//[[:cntrl:]]/?}" >&2
}

_wrk_check_arguments() {
  [[ "$1" -ge "$2" ]] && return
  _wrk_say "usage: $3"
  return 2
}

# Ends the script, but no terminal. Arguments: code, message, hint.
_wrk_stop() {
  [[ -z "${2-}" ]] || _wrk_say "$2" "${3-}"
  case "$-" in
    *i*) return "$1" ;;
    *) exit "$1" ;;
  esac
}

_wrk_set_up() {
  local lib="${BASH_SOURCE[0]}" queue
  case "$lib" in
    */*) lib="${lib%/*}" ;;
    *) lib='.' ;;
  esac
  WS_HUB="$(_wrk_folder "$lib/../../..")" || return
  [[ -z "${WORK_ITEM_ROOT-}" ]] || return 0
  if [[ -n "${WRK_QUEUE-}" || -d "$WS_HUB/.claude/work-queue" ]] && queue="$(_wrk_queue 2>/dev/null)"; then
    WORK_ITEM_ROOT="$queue"
  fi
}
_wrk_set_up
