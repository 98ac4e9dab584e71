#!/bin/sh
# awk-mv.sh claim|release FILE NAME: no lock. Two that read before either has written both win.
. "${0%/*}/edit.sh"
edit "$@"
