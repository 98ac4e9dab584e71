# Writes the item with another holder: awk -v verb=claim -v me=NAME -v now=TIME -f edit.awk FILE
# Exits 4 when another holds it.
function quoted(value) { return "\"" value "\"" }
BEGIN {
  by = verb == "claim" ? me : ""
  at = verb == "claim" ? now : ""
}
NR == 1 { inside = /^---/; print; next }
inside && /^locked_by:/ {
  holder = $0
  sub(/^locked_by:[ \t]*/, "", holder)
  gsub(/["\r]/, "", holder)
  if (holder != "" && holder != me) exit 4
  print "locked_by: " quoted(by)
  by_written = 1
  next
}
inside && /^locked_at:/ { print "locked_at: " quoted(at); at_written = 1; next }
inside && /^---/ {
  if (!by_written) print "locked_by: " quoted(by)
  if (!at_written) print "locked_at: " quoted(at)
  inside = 0
}
{ print }
