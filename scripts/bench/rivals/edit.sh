# edit claim|release FILE NAME: the same item with another holder, written beside and renamed into place; 4 when
# another holds it. Sourced.
edit() {
  new=$2.$$
  awk -v verb="$1" -v me="$3" -v now="$(date -u +%Y-%m-%dT%H:%M:%SZ)" -f "${0%/*}/edit.awk" "$2" > "$new" &&
    mv "$new" "$2" && return 0
  code=$?
  rm -f "$new"
  return $code
}
