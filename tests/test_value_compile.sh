#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What the compiler must refuse: an argument that no protocol can carry, and a
# call whose arguments do not fit its format. `make check` gives CC and
# DIESEL_TEST_CPPFLAGS.

set -u
: "${CC:?is needed: run this by make check}" "${DIESEL_TEST_CPPFLAGS:?}"

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
failed=0

# compile STATEMENT: whether it compiles without a warning.
compile() {
    cat >"$dir/try.c" <<END
#include <diesel/core.h>
struct point { int x, y; };
void use(struct point point, void *p, diesel_channel *channel,
         diesel_stream *stream);
void use(struct point point, void *p, diesel_channel *channel,
         diesel_stream *stream)
{
    (void)point, (void)p, (void)channel, (void)stream;
    $1;
}
END
    # shellcheck disable=SC2086
    $CC $DIESEL_TEST_CPPFLAGS -std=gnu11 -Wall -Wextra -Werror -c \
        "$dir/try.c" -o "$dir/try.o" >"$dir/log" 2>&1
}

accepts() {
    if ! compile "$1"; then
        echo "does not compile: $1"
        cat "$dir/log"
        failed=1
    fi
}

refuses() {
    if compile "$1"; then
        echo "compiles, and should not: $1"
        failed=1
    fi
}

accepts '(void)DIESEL_VALUES("SET", "key", 42, (bool)true, 0.5)'
accepts '(void)DIESEL_VALUES()'
accepts 'diesel_error_set(NULL, DIESEL_E_IO, 0, 0, "%s: %d", "a", 1)'
accepts 'if (diesel_channel_send(channel, p, DIESEL_FOREVER, NULL) < 0) return'

refuses '(void)DIESEL_VALUES(point)'
refuses '(void)DIESEL_VALUES(&point)'
refuses '(void)DIESEL_VALUES(p)'
refuses '(void)DIESEL_VALUES(NULL)'
refuses '(void)DIESEL_VALUES(L"wide")'
refuses '(void)DIESEL_VALUES(1.0L)'
refuses '(void)DIESEL_VALUES(use)'
refuses '(void)DIESEL_VALUES(*"c")'
refuses 'diesel_error_set(NULL, DIESEL_E_IO, 0, 0, "%s", 1)'
refuses 'diesel_error_sys(NULL, 0, "%d", "a")'
refuses 'diesel_error_prefix(NULL, "%s")'

# A failure must not be overlooked.
refuses 'diesel_malloc(1)'
refuses 'diesel_channel_send(channel, p, DIESEL_FOREVER, NULL)'
refuses 'diesel_channel_recv(channel, p, DIESEL_FOREVER, NULL)'
refuses 'diesel_stream_read(stream, p, 1, DIESEL_FOREVER, NULL)'
refuses 'diesel_stream_read_exactly(stream, p, 1, DIESEL_FOREVER, NULL)'
refuses 'diesel_stream_write(stream, p, 1, DIESEL_FOREVER, NULL)'
refuses 'diesel_stream_drain(stream, 0, DIESEL_FOREVER, NULL)'
refuses 'diesel_stream_reserve(stream, 1, NULL)'
refuses 'diesel_unix_connect("x", DIESEL_FOREVER, NULL)'

exit $failed
