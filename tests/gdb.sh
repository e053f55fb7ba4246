#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The commands of gdb for fibers, in a running program and in a core dump of it.
set -u
: "${top_builddir:?}" "${top_srcdir:?}"
script=$top_srcdir/core/gdb/diesel-gdb.py
subject=$top_builddir/tests/gdb_subject

skip() {
    echo "SKIP: $*"
    exit 77
}

command -v gdb > /dev/null || skip "there is no gdb"
gdb --batch -ex 'python import gdb.unwinder' 2>&1 | grep -q . &&
    skip "this gdb has no Python"
[ -x "$subject" ] || skip "$subject has not been built"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    cat "$work/out"
    echo "$*"
    exit 1
}

# says TEXT: a regular expression that a line of the output matches.
says() {
    grep -q -e "$1" "$work/out" || fail "no line is like: $1"
}

# What both the living and the dead must say.
check() {
    says 'scheduler of thread [0-9]*, 4 fibers'
    says '^     1  running       main *$'
    says '^ *\[workers\]'
    says '^     2  waiting         wait_for_item  *an item in a channel'
    says "^     3  waiting         sleep_long  *a sleep's end"
    says '^     4  runnable        never_begun'
    says '^fiber 2, wait_for_item'
    says '^#[0-9]* .*wait_inside (channel='
    says '^#[0-9]* .* wait_for_item (arg='
    says '^#[0-9]* .*diesel__fiber_main'
    says '^fiber 3, sleep_long'
    says '^#[0-9]* .* in sleep_long (arg='
    says 'It runs: backtrace in thread'
    says 'there is no fiber with the id 99'
    says '^#[0-9]* .*stop_here'
}

# LeakSanitizer cannot work under a debugger.
ASAN_OPTIONS=detect_leaks=0:disable_coredump=0
export ASAN_OPTIONS
unset DIESEL_CONSOLE DIESEL_STALL_MS

# The commands, after the program has come to be there.
look="-ex 'diesel fibers' -ex 'diesel bt 2' -ex 'diesel bt 3' -ex 'diesel bt 1' -ex 'diesel bt 4'"
look="$look -ex 'diesel bt 99' -ex 'diesel bt' -ex 'diesel bt all' -ex backtrace"

# gdb ARGUMENT...: without what the user has set up.
run_gdb() {
    eval "gdb --batch -nx -ex 'set confirm off' -ex 'set debuginfod enabled off' \
        -ex 'set style enabled off' -ex \"source $script\" $*" \
        > "$work/out" 2>&1 < /dev/null
}

run_gdb "-ex 'break stop_here' -ex run $look -ex kill '$subject'"
grep -q -i -e 'ptrace: ' -e 'Could not trace' "$work/out" &&
    skip "nothing may be traced here"
says 'Breakpoint 1, '
check

# The kernel's own dump: gdb's gcore leaves out mappings that have guards in them.
(cd "$work" && ulimit -c unlimited && exec "$subject" abort) > /dev/null 2>&1
core=$(find "$work" -name '*core*' -type f | head -n 1)
if [ -z "$core" ]; then
    echo "the core dump was not tested: core_pattern is $(cat /proc/sys/kernel/core_pattern)"
    exit 0
fi
run_gdb "$look '$subject' '$core'"
check
