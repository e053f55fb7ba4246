#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The programs in the manual: every ```c block in docs/ that has a main() is compiled
# without a warning and run, and prints what the ```output block behind it says, if
# there is one. A block marked "```c compile" is compiled only, as it needs a server; one
# marked "```c live" is run if there is a MongoDB server, which it finds in MONGODB_URI.
# `make check` gives the variables below.
# shellcheck disable=SC2086 # flags are lists of words
set -eu
: "${CC:?is needed: run this by make check}" "${top_srcdir:?}" "${top_builddir:?}"
: "${DIESEL_TEST_CPPFLAGS:?}"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

libs=
for name in redis mongo core; do
    libs="$libs -L$top_builddir/$name/.libs -Wl,-rpath,$top_builddir/$name/.libs -ldiesel-$name"
done

# Writes the programs to $dir/N.c, their output to $dir/N.want, and whether to run them
# and where they stand to $dir/list.
extract() {
    awk -v dir="$dir" '
        FNR == 1 { inside = ""; program = 0 }
        inside == "" && /^```/ {
            inside = $0
            text = ""
            start = FNR + 1
            next
        }
        inside != "" && /^```$/ {
            if (inside ~ /^```c/ && text ~ /int main\(/) {
                program = ++n
                printf "%s", text > (dir "/" n ".c")
                close(dir "/" n ".c")
                how = inside == "```c" ? "run" : substr(inside, length("```c ") + 1)
                print n, how, FILENAME ":" start > (dir "/list")
            } else if (inside == "```output" && program > 0) {
                printf "%s", text > (dir "/" program ".want")
                close(dir "/" program ".want")
            }
            if (inside !~ /^```c/)
                program = 0
            inside = ""
            next
        }
        inside != "" { text = text $0 "\n" }' "$@"
}

find "$top_srcdir/docs" -name '*.md' | sort > "$dir/pages"
# shellcheck disable=SC2046 # no path here has spaces
extract $(cat "$dir/pages")
[ -s "$dir/list" ] || { echo "no program found in $top_srcdir/docs"; exit 1; }

live=compile
if [ -n "${DIESEL_TEST_MONGODB_URI:-}" ]; then
    export MONGODB_URI="$DIESEL_TEST_MONGODB_URI"
    live=run
fi

failed=0
count=0
while read -r n how where; do
    count=$((count + 1))
    [ "$how" != live ] || how=$live
    if ! $CC $DIESEL_TEST_CPPFLAGS ${DIESEL_TEST_CFLAGS:-} -std=gnu11 -Wall -Wextra -Werror \
        "$dir/$n.c" -o "$dir/$n" $libs ${DIESEL_TEST_LIBS:-} > "$dir/log" 2>&1; then
        echo "$where does not compile:"
        cat "$dir/log"
        failed=1
    elif [ "$how" = run ]; then
        status=0
        "$dir/$n" < /dev/null > "$dir/$n.out" 2> "$dir/$n.err" || status=$?
        if [ "$status" -ne 0 ]; then
            echo "$where ends with $status:"
            cat "$dir/$n.out" "$dir/$n.err"
            failed=1
        elif [ -f "$dir/$n.want" ] && ! diff -u "$dir/$n.want" "$dir/$n.out"; then
            echo "$where prints something else"
            failed=1
        fi
    fi
done < "$dir/list"
echo "$count programs"
exit $failed
