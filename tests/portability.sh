#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Configures and builds the core in other ways than this build, and runs suites that
# are close to what differs: fibers switched by ucontext; and AArch64, cross-compiled
# and run under an emulator. For the latter Debian's gcc-aarch64-linux-gnu and
# qemu-user must be installed, and the libraries' AArch64 packages unpacked into
# a folder, $DIESEL_AARCH64_ROOT or build/deps/aarch64: "./bootstrap.sh aarch64".
#
# "tests/portability.sh ucontext" or "... aarch64", by hand, tries one of them.
set -eu
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
root=${DIESEL_AARCH64_ROOT:-$top_srcdir/build/deps/aarch64}
MAKE=${MAKE:-make}

suites="cancel channel console fiber net run scope select signal stack_faults
stream_lines sync thread"

if [ -n "${DIESEL_TEST_CFLAGS:-}" ]; then
    echo "SKIP: once is enough, in a build without sanitizers"
    exit 77
fi
if [ ! -x "$top_srcdir/configure" ]; then
    echo "SKIP: there is no configure"
    exit 77
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# quietly COMMAND...: what it prints is shown if it fails.
quietly() {
    "$@" >"$work/log" 2>&1 || {
        cat "$work/log"
        echo "FAIL: $*"
        exit 1
    }
}

# build NAME SWITCH OPTION...: a build of the core in $work/NAME, which has chosen to
# switch fibers by SWITCH, and the suites.
build() {
    name=$1 switch=$2
    shift 2
    mkdir "$work/$name"
    cd "$work/$name"
    quietly "$top_srcdir/configure" --disable-shared CFLAGS=-O1 "$@"
    grep -q "fiber switch  *$switch\$" "$work/log" || {
        echo "FAIL: configure has not chosen $switch"
        exit 1
    }
    quietly "$MAKE" -j2 core/libcore.la
    cc=$(sed -n 's/^CC = //p' Makefile)
    libs=$(sed -n 's/^CHECK_LIBS = //p; s/^LIBEVENT_LIBS = //p' Makefile | tr '\n' ' ')
    for suite in $suites; do
        echo "$suite"
    done | quietly xargs -P 2 -I '{}' ./libtool --silent --tag=CC --mode=link \
        $cc -std=gnu11 -D_GNU_SOURCE -O1 -DHAVE_CONFIG_H -I. -I"$top_srcdir" \
        -I"$top_srcdir/core" -I"$top_srcdir/tests" -o '{}' \
        "$top_srcdir/tests/test_{}.c" core/libcore.la $libs
}

# run NAME RUNNER...: the suites of a build.
run() {
    name=$1
    shift
    cd "$work/$name"
    for suite in $suites; do
        if "$@" "./$suite" >"$suite.log" 2>&1; then
            echo "$name: $suite: $(grep '%: ' "$suite.log")"
        else
            cat "$suite.log"
            echo "FAIL: $name: $suite"
            failed=1
        fi
    done
}

try_ucontext() {
    build ucontext ucontext --enable-ucontext
    run ucontext env
}

try_aarch64() {
    for tool in aarch64-linux-gnu-gcc qemu-aarch64; do
        command -v "$tool" >/dev/null || {
            echo "AArch64 was not tried: there is no $tool"
            return 0
        }
    done
    [ -d "$root/usr/include/event2" ] || {
        echo "AArch64 was not tried: there are no libraries for it in $root"
        return 0
    }
    libraries=$root/usr/lib/aarch64-linux-gnu
    export PKG_CONFIG_SYSROOT_DIR="$root"
    export PKG_CONFIG_LIBDIR="$libraries/pkgconfig:$root/usr/share/pkgconfig"
    build aarch64 aarch64 --host=aarch64-linux-gnu \
        CC="aarch64-linux-gnu-gcc --sysroot=$root"
    export DIESEL_TEST_EMULATED=1
    run aarch64 qemu-aarch64 -L "$root" -E LD_LIBRARY_PATH="$libraries"
}

case ${1:-all} in
ucontext | aarch64) "try_$1" ;;
*)
    try_ucontext
    try_aarch64
    ;;
esac
exit "$failed"
