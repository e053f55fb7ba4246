#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: abi.sh [--update]
#
# Compares what the shared libraries export with the committed lists
# FOLDER/libdiesel-FOLDER.syms, so that nothing becomes public, and nothing public
# goes away, by accident. `make abi-check` runs it, `make abi-update` rewrites the
# lists. They give NM, top_srcdir and top_builddir.
set -eu
: ${NM:-nm} "${top_srcdir:?}" "${top_builddir:?}"
LC_ALL=C
export LC_ALL

found=$(mktemp)
trap 'rm -f "$found"' EXIT
trap 'exit 1' HUP INT TERM
status=0

for folder in core redis mongo; do
    name=libdiesel-$folder
    library=$top_builddir/$folder/.libs/$name.so
    list=$top_srcdir/$folder/$name.syms
    if [ ! -f "$library" ]; then
        echo "there is no shared $name: configured with --disable-shared?"
        exit 77
    fi
    # The absolute symbol (A) is the version that the others carry behind an @.
    $NM -D --defined-only "$library" |
        sed -n 's/^[0-9a-f]* [^A] \([^@]*\).*/\1/p' | sort > "$found"
    if [ "${1:-}" = --update ]; then
        cmp -s "$found" "$list" || { cp "$found" "$list" && echo "updated $list"; }
    elif [ ! -s "$found" ]; then
        echo "$name exports nothing"
        status=1
    elif ! diff -u --label "$folder/$name.syms (committed)" \
        --label "$name.so (built)" "$list" "$found"; then
        status=1
    fi
done

if [ $status -ne 0 ]; then
    echo
    echo "The libraries export (+) what is not listed, or (-) no longer what is."
    echo "If that is meant, run \"make abi-update\" and commit the lists; a line that"
    echo "goes away breaks programs, see -version-info in core/include.am."
fi
exit $status
