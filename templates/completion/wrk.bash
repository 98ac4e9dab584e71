# Completion of wrk and wrk-cli for bash 3.2 and newer: eval "$(wrk completion bash)"
_wrk() {
  local value title out width=0 i
  local -a values titles
  values=() titles=()
  COMPREPLY=()
  # Another program of this name (a load tester) fails, and gets what bash does by itself.
  if ! out=$(WRK_COMPLETE_LINE="${COMP_LINE:0:COMP_POINT}" "$1" __complete --breaks "$COMP_WORDBREAKS" 2>/dev/null); then
    compopt -o default 2>/dev/null
    return
  fi
  if [[ -z $out ]]; then return; fi
  while IFS=$'\t' read -r value title; do
    values[${#values[@]}]=$value
    titles[${#titles[@]}]=$title
    if ((${#value} > width)); then width=${#value}; fi
  done <<<"$out"
  if [[ ${values[0]} == :folders ]]; then
    compopt -o filenames 2>/dev/null
    while IFS= read -r value; do COMPREPLY[${#COMPREPLY[@]}]=$value; done < <(compgen -d -- "${COMP_WORDS[COMP_CWORD]}")
    return
  fi
  compopt -o nosort 2>/dev/null
  # Titles are for the list only: not where the word is put in, by itself (one candidate) or in turn (37).
  for ((i = 0; i < ${#values[@]}; i++)); do
    if ((${#values[@]} > 1 && ${COMP_TYPE:-9} != 37)) && [[ -n ${titles[i]} ]]; then
      printf -v value '%-*s  (%s)' "$width" "${values[i]}" "${titles[i]}"
      COMPREPLY[i]=$value
    else
      COMPREPLY[i]=${values[i]}
    fi
  done
}
complete -F _wrk wrk wrk-cli
