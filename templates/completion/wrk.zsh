#compdef wrk wrk-cli
# Completion of wrk and wrk-cli for zsh: eval "$(wrk completion zsh)" behind compinit, or as _wrk in a folder of $fpath.
_wrk() {
  local out line value
  local -a lines items
  # Another program of this name (a load tester) fails, and gets what zsh does by itself.
  if ! out=$(${(Q)words[1]} __complete -- "${(@Q)words[2,CURRENT]}" 2>/dev/null); then
    _default
    return
  fi
  lines=("${(@f)out}")
  if [[ ${lines[1]} == :folders ]]; then
    _files -/
    return
  fi
  for line in $lines; do
    value=${line%%$'\t'*}
    # A colon sets off the title.
    value=${${value//\\/\\\\}//:/\\:}
    if [[ $line == *$'\t'* ]]; then
      items+=("$value:${line#*$'\t'}")
    else
      items+=("$value")
    fi
  done
  (( ${#items} )) && _describe -V wrk items
}
if [[ ${funcstack[1]} == _wrk ]]; then
  _wrk "$@"
elif (( $+functions[compdef] )); then
  compdef _wrk wrk wrk-cli
fi
