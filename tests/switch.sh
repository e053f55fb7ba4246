#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs tests/switch.c, and tests/unwind.c where contexts can be unwound, on this machine with each way of switching that it has, and
# for AArch64 under an emulator, where a cross compiler and an emulator are:
# Debian's gcc-aarch64-linux-gnu and qemu-user.
set -eu
: "${top_srcdir:?}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# try COMPILER RUNNER OPTION...
try() {
    compiler=$1 runner=$2
    shift 2
    for level in -O0 -O2; do
        "$compiler" -std=gnu11 -D_GNU_SOURCE $level -Wall -Wextra "$@" \
            -I"$top_srcdir" -I"$top_srcdir/core" -o "$work/switch" \
            "$top_srcdir/tests/switch.c" "$top_srcdir"/core/context_*.c
        echo "$compiler $level $*: $($runner "$work/switch")"
    done
}

# unwind COMPILER RUNNER OPTION...
unwind() {
    compiler=$1 runner=$2
    shift 2
    for level in -O0 -O2; do
        "$compiler" -std=gnu11 -D_GNU_SOURCE $level -Wall -Wextra "$@" \
            -I"$top_srcdir" -I"$top_srcdir/core" -o "$work/unwind" \
            "$top_srcdir/tests/unwind.c" "$top_srcdir"/core/context_*.c \
            "$top_srcdir/core/backtrace.c" "$top_srcdir/core/symbols.c" \
            "$top_srcdir/core/sys.c" "$top_srcdir/core/text.c" \
            "$top_srcdir/core/memory.c" "$top_srcdir/core/cli/utf8.c" -lm
        echo "$compiler $level $*: $($runner "$work/unwind")"
    done
}

case $(uname -m) in
x86_64)
    try "${CC:-cc}" ""
    unwind "${CC:-cc}" ""
    ;;
aarch64)
    try "${CC:-cc}" "" "$top_srcdir/core/switch_aarch64.S"
    unwind "${CC:-cc}" "" "$top_srcdir/core/switch_aarch64.S"
    ;;
esac
try "${CC:-cc}" "" -DDIESEL_SWITCH_UCONTEXT

if command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64 >/dev/null; then
    try aarch64-linux-gnu-gcc qemu-aarch64 -static "$top_srcdir/core/switch_aarch64.S"
    unwind aarch64-linux-gnu-gcc qemu-aarch64 -static "$top_srcdir/core/switch_aarch64.S"
    try aarch64-linux-gnu-gcc qemu-aarch64 -static -DDIESEL_SWITCH_UCONTEXT
else
    echo "AArch64 was not tried: no aarch64-linux-gnu-gcc or no qemu-aarch64"
fi
