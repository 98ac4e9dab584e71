#!/bin/sh
# mkdir-lock.sh claim|release FILE NAME: the same edit under a folder as a lock, waited for up to PATIENCE seconds.
. "${0%/*}/edit.sh"
lock=$2.lock
tries=$((${PATIENCE:-10} * 20))
until mkdir "$lock" 2> /dev/null; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || exit 75
  sleep 0.05
done
trap 'rmdir "$lock"' EXIT
trap 'exit 130' INT TERM HUP
edit "$@"
