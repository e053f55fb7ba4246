#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Each public header compiles alone and twice, in C and in C++, with every
# compiler that is here, without a warning. `make check` gives CC, CXX and
# DIESEL_TEST_CPPFLAGS.

set -u
: "${CC:?is needed: run this by make check}" "${CXX:?}"
: "${DIESEL_TEST_CPPFLAGS:?}"
top=$(dirname "$0")/..

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
failed=0

# compile COMPILER FLAGS SUFFIX HEADER
compile() {
    printf '#include <%s>\n#include <%s>\n' "$4" "$4" >"$dir/try.$3"
    # shellcheck disable=SC2086
    if ! $1 $2 $DIESEL_TEST_CPPFLAGS -Wall -Wextra -Wshadow -Werror \
        -fsyntax-only "$dir/try.$3" >"$dir/log" 2>&1; then
        echo "<$4> does not compile with $1 $2:"
        cat "$dir/log"
        failed=1
    fi
}

# The compilers of the build, and the usual ones if they are there.
compilers() {
    for name; do
        # shellcheck disable=SC2086
        set -- $name
        command -v "$1" >/dev/null 2>&1 && printf '%s\n' "$name"
    done | sort -u
}

count=0
for path in "$top"/core/diesel/*.h "$top"/redis/diesel/*.h \
    "$top"/mongo/diesel/*.h; do
    [ -f "$path" ] || continue
    header=diesel/${path##*/}
    count=$((count + 1))
    while IFS= read -r cc; do
        compile "$cc" "-std=gnu11 -Wstrict-prototypes" c "$header"
    done <<END
$(compilers "$CC" gcc clang)
END
    while IFS= read -r cxx; do
        compile "$cxx" -std=c++11 cc "$header"
        compile "$cxx" -std=c++20 cc "$header"
    done <<END
$(compilers "$CXX" g++ clang++)
END
done

if [ "$count" -lt 13 ]; then
    echo "only $count headers found below $top"
    failed=1
fi

exit $failed
