#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What the compiler says to documents: dmongo_doc() must refuse what BSON cannot
# hold, with a message that says why, and doc.h must serve C++ as well. `make
# check` gives CC, CXX and DIESEL_TEST_CPPFLAGS.

set -u
LC_ALL=C
export LC_ALL
: "${CC:?is needed: run this by make check}" "${CXX:?}" "${DIESEL_TEST_CPPFLAGS:?}"

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
failed=0

# compile COMPILER SUFFIX EXPRESSION: compiles a function that uses it.
compile() {
    printf '#include <diesel/doc.h>\n
            int use(dmongo_value, void *);
            int use_all(void *p);
            int use_all(void *p) { return use(%s, p); }\n' "$3" >"$dir/try.$2"
    # shellcheck disable=SC2086
    $1 $DIESEL_TEST_CPPFLAGS -Wall -Wextra -Werror -fsyntax-only "$dir/try.$2" \
        >"$dir/log" 2>&1
}

accepts() { # COMPILER SUFFIX EXPRESSION
    if ! compile "$@"; then
        echo "does not compile with $1: $3"
        cat "$dir/log"
        failed=1
    fi
}

refuses() { # EXPRESSION MESSAGE
    if compile "$CC -std=gnu11" c "$1"; then
        echo "compiles, and should not: $1"
        failed=1
    elif ! grep -Eq "$2" "$dir/log"; then
        echo "refused without the message \"$2\": $1"
        cat "$dir/log"
        failed=1
    fi
}

accepts "$CC -std=gnu11" c 'dmongo_doc("a", 1, "b", dmongo_array(dmongo_doc()))'
accepts "$CXX -std=c++11 -Wpedantic" cc 'dmongo_array_of(nullptr, 0)'
accepts "$CXX -std=c++17 -Wpedantic" cc 'dmongo_date(5)'

refuses 'dmongo_doc("a", 1, "b")' 'dmongo_doc: the last key has no value'
refuses 'dmongo_doc("a")' 'dmongo_doc: the last key has no value'
refuses 'dmongo_doc("a", dmongo_doc("b"))' 'dmongo_doc: the last key has no value'
refuses 'dmongo_doc(1, "a")' 'dmongo__key_must_be_a_string|dmongo__string'
refuses 'dmongo_doc("a", 1, p, 2)' 'dmongo__key_must_be_a_string|dmongo__string'
refuses 'dmongo_doc("a", p)' "void \*.*not compatible with any"
refuses 'dmongo_doc("a", NULL)' "void \*.*not compatible with any"
refuses 'dmongo_array(1, *"char")' "'char'"
refuses 'dmongo_doc("a", (1, 2))' 'dmongo__self|dmongo_value'
refuses 'dmongo_doc("a", (diesel_error){0})' 'diesel_error.*not compatible with any'

exit $failed
