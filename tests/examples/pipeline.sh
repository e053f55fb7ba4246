#!/bin/sh
# SPDX-License-Identifier: MIT
#
# pipeline counts, and an input that does not end is cut off by SIGTERM, together with
# the children.
set -eu
: "${examples:?}"

work=$(mktemp -d)
pipeline=
trap '[ -z "$pipeline" ] || kill "$pipeline" 2>/dev/null || true; rm -rf "$work"' EXIT
printf 'pear\nfig\nfig\nplum\npear\npear\n' | "$examples/pipeline" > "$work/out"
sed 's/^ *//' "$work/out" > "$work/counts"
printf '2 fig\n3 pear\n' | cmp - "$work/counts" || { cat "$work/out"; exit 1; }

mkfifo "$work/fifo"
"$examples/pipeline" < "$work/fifo" > "$work/out" 2>&1 &
pipeline=$!
exec 3> "$work/fifo"
echo fig >&3
if command -v pgrep > /dev/null; then
    until [ "$(pgrep -P "$pipeline" | wc -l)" = 2 ]; do
        kill -0 "$pipeline" || { cat "$work/out"; exit 1; }
        sleep 0.05
    done
    children=$(pgrep -P "$pipeline")
fi
kill "$pipeline"
wait "$pipeline" || true
pipeline=
for child in ${children:-}; do
    ! kill -0 "$child" 2>/dev/null || { echo "a child was left behind"; exit 1; }
done
