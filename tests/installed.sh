#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What a user gets: installs into an empty folder with `make install DESTDIR=`, and
# uses nothing but that folder. Each header must compile alone, as C and as C++; a
# program that is built by pkg-config must run, linked with the shared and with
# the static libraries. `make check` gives the variables below.
# shellcheck disable=SC2016,SC2046,SC2086 # flags are lists of words
set -eu
: "${CC:?is needed: run this by make check}" "${CXX:?}" "${MAKE:?}"
: "${top_srcdir:?}" "${top_builddir:?}"
: "${DIESEL_TEST_BINDIR:?}" "${DIESEL_TEST_LIBDIR:?}" "${DIESEL_TEST_INCLUDEDIR:?}"

# The make that runs this must not steer the one that installs.
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR 2>/dev/null || :

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
dest=$dir/dest
lib=$dest$DIESEL_TEST_LIBDIR
include=$dest$DIESEL_TEST_INCLUDEDIR

fail() {
    echo "$*" >&2
    exit 1
}

# try COMMAND...: shows what COMMAND said only if it fails.
try() {
    "$@" > "$dir/log" 2>&1 && return
    cat "$dir/log" >&2
    fail "failed: $*"
}

try "$MAKE" -C "$top_builddir" install DESTDIR="$dest"

# The .pc files speak of the final place; here that is below DESTDIR.
mkdir "$dir/pc"
for module in diesel-core diesel-redis diesel-mongo; do
    sed "s|^\\([a-z_]*\\)=/|\\1=$dest/|" "$lib/pkgconfig/$module.pc" > "$dir/pc/$module.pc"
done
PKG_CONFIG_PATH=$dir/pc:${PKG_CONFIG_PATH:-}
export PKG_CONFIG_PATH
modules="diesel-core diesel-redis diesel-mongo"
cflags=$(pkg-config --cflags $modules)
echo "flags: $cflags $(pkg-config --libs $modules)"
case $cflags in
*"$top_srcdir"*) fail "the installed .pc files point into the source folder" ;;
esac

# --- Each header alone

count=0
for header in "$include"/diesel/*.h; do
    name=diesel/${header##*/}
    printf '#include <%s>\n' "$name" > "$dir/alone.c"
    cp "$dir/alone.c" "$dir/alone.cc"
    try $CC -std=gnu11 -Wall -Wextra -Wstrict-prototypes -Werror $cflags \
        -fsyntax-only "$dir/alone.c"
    if command -v "${CXX%% *}" > /dev/null; then
        try $CXX -std=c++17 -Wall -Wextra -Werror $cflags -fsyntax-only "$dir/alone.cc"
    fi
    count=$((count + 1))
done
[ $count -gt 0 ] || fail "no header was installed in $include/diesel"
if ls "$include"/diesel/*_internal.h 2>/dev/null; then
    fail "these private headers were installed"
fi
echo "$count headers compile alone"

# --- A program

cat > "$dir/program.c" <<'END'
#include <diesel/core.h>
#include <diesel/mongo.h>
#include <diesel/redis.h>
#include <stdio.h>

static int app(void *arg)
{
    (void)arg;
    diesel_error err;

    if (diesel_yield(&err) < 0)
        return diesel_fail(&err);
    bson_t *doc = dmongo_doc_to_bson(dmongo_doc("answer", dmongo_doc("is", 42)), &err);
    if (doc == NULL)
        return diesel_fail(&err);
    printf("the answer is %d\n", (int)dmongo_get_int(doc, "answer.is", 0));
    bson_destroy(doc);

    dredis *redis = dredis_open("redis+nonsense://", NULL, &err);
    printf("redis: %s\n", redis == NULL ? diesel_error_name(err.code) : "open");
    dredis_close(redis);
    return 0;
}

int main(void)
{
    return diesel_main(app, NULL);
}
END
cat > "$dir/expected" <<'END'
the answer is 42
redis: INVAL
END

# run PROGRAM: compares what it prints with what is expected.
run() {
    try sh -c '"$1" > "$2"' - "$1" "$dir/output"
    diff -u "$dir/expected" "$dir/output" || fail "$1 printed something else"
}

if ls "$lib"/libdiesel-core.so > /dev/null 2>&1; then
    try $CC ${DIESEL_TEST_CFLAGS:-} $cflags -o "$dir/shared" "$dir/program.c" \
        $(pkg-config --libs $modules)
    (LD_LIBRARY_PATH=$lib; export LD_LIBRARY_PATH; run "$dir/shared")
    echo "the program runs with the shared libraries"
    for tool in dredis dmongo; do
        (LD_LIBRARY_PATH=$lib; export LD_LIBRARY_PATH
         try "$dest$DIESEL_TEST_BINDIR/$tool" --version)
    done
    echo "the tools run"
fi

if ls "$lib"/libdiesel-core.a > /dev/null 2>&1; then
    rm -f "$lib"/libdiesel-*.so*
    try $CC ${DIESEL_TEST_CFLAGS:-} $cflags -o "$dir/static" "$dir/program.c" \
        $(pkg-config --static --libs $modules)
    run "$dir/static"
    echo "the program runs with the static libraries"
fi

# --- And away again

try "$MAKE" -C "$top_builddir" install uninstall DESTDIR="$dest"
left=$(find "$dest" ! -type d)
[ -z "$left" ] || fail "make uninstall leaves: $left"
echo "make uninstall leaves nothing"
