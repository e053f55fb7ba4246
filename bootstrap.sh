#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Sets everything up on Debian 12 or newer, as root or with sudo; see usage below.
# What it builds lies in build/; what it prints at length goes to build/logs.
set -euo pipefail
cd "$(dirname "$0")"
top=$PWD
logs=$top/build/logs
hiredis=$top/build/deps/hiredis
ferretdb=$top/build/deps/ferretdb
aarch64=$top/build/deps/aarch64

usage() {
    cat <<'END'
usage: ./bootstrap.sh deps | build | check | aarch64 | demo | servers | clean

  deps     install what is missing
  build    deps, then build into build/main
  check    build, then run all tests, and again under AddressSanitizer and UBSan
  aarch64  get the libraries with which "check" tries AArch64, too, if this machine
           has gcc-aarch64-linux-gnu and qemu-user
  demo     build, then run examples/catalogue against servers of its own
  servers  build, then start Redis and MongoDB in the foreground, for playing
  clean    remove build/
END
}

die() { echo "bootstrap.sh: $*" >&2; exit 1; }
say() { echo "bootstrap.sh: $*"; }

# logged NAME COMMAND...: its output goes to a log, whose end is shown on failure.
logged() {
    local log=$logs/$1.log
    shift
    mkdir -p "$logs"
    if ! "$@" >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        die "failed: $* (all of its output: $log)"
    fi
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

packages="autoconf automake libtool make gcc g++ pkg-config libevent-dev libc-ares-dev
libbson-dev libssl-dev zlib1g-dev libsnappy-dev libzstd-dev libhiredis-dev check redis-server redis-tools dpkg-dev"

install_packages() {
    local missing=() p
    for p in $packages; do
        dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' ||
            missing+=("$p")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing ${missing[*]}"
    logged apt-update as_root apt-get update
    logged apt-install as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "${missing[@]}"
}

# Without apt-get: says what is missing, if anything is.
name_missing() {
    local missing=() x
    for x in autoconf automake libtoolize make gcc g++ pkg-config redis-server; do
        command -v "$x" >/dev/null || missing+=("the program $x")
    done
    for x in "libevent_core >= 2.1" libcares "libssl >= 3" "libcrypto >= 3" libbson-1.0 "hiredis >= 0.14" check; do
        pkg-config --exists "$x" 2>/dev/null || missing+=("$x (pkg-config)")
    done
    [ ${#missing[@]} -eq 0 ] || die "there is no apt-get here, so please install:
$(printf '  %s\n' "${missing[@]}")"
}

# other_suites FOLDER LINE...: makes `suites`, options with which apt-get sees the
# sources that the lines name ("deb trixie"), on the mirror that this machine uses,
# and nothing else. The machine's own list of sources stays as it is.
other_suites() {
    local work=$1 mirror line
    shift
    mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
        grep -oE 'https?://[^ ]+/debian/?( |$)' | head -n 1 | tr -d ' ' || true)
    [ -n "$mirror" ] || die "no Debian mirror found in /etc/apt"
    rm -rf "$work"
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/parts"
    for line; do
        echo "${line%% *} [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
            "$mirror ${line#* } main"
    done >"$work/sources.list"
    suites=(-o "Dir::Etc::sourcelist=$work/sources.list"
        -o "Dir::Etc::sourceparts=$work/parts" -o "Dir::State::lists=$work/lists"
        -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
}

# Debian 13's hiredis, for RESP3, from its source.
build_hiredis() {
    [ ! -f "$hiredis/lib/libhiredis.a" ] || return 0
    ! pkg-config --atleast-version=1.0 hiredis || return 0
    local work=$top/build/deps/hiredis.build
    say "building hiredis from Debian 13's source"
    other_suites "$work" "deb-src trixie"
    logged hiredis-update apt-get "${suites[@]}" update
    (cd "$work" && logged hiredis-source apt-get "${suites[@]}" source --download-only hiredis)
    logged hiredis-unpack dpkg-source --no-check -x "$work"/hiredis_*.dsc "$work/source"
    logged hiredis-build make -C "$work/source" CFLAGS="-O2 -fPIC" PREFIX="$hiredis" install
    rm -rf "$work"
}

# A Go of 1.22 or newer, into `go`: the one on the PATH, or one in Debian's place.
find_go() {
    local minor
    for go in go /usr/lib/go-1.*/bin/go; do
        minor=$("$go" version 2>/dev/null | sed -n 's/.* go1\.\([0-9]*\).*/\1/p') || continue
        [ "${minor:-0}" -lt 22 ] || return 0
    done
    return 1
}

# Debian 13 has a new enough Go; for Debian 12 it is in the backports.
install_go() {
    local version work=$top/build/deps/go.install
    version=$(sed -n 's/^VERSION_ID="\{0,1\}\([0-9]*\).*/\1/p' /etc/os-release)
    say "installing Go"
    if [ "$version" != 12 ]; then
        logged go-install as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y --no-install-recommends golang-go ca-certificates
        return
    fi
    other_suites "$work" "deb bookworm" "deb bookworm-backports"
    logged go-update as_root apt-get "${suites[@]}" update
    logged go-install as_root env DEBIAN_FRONTEND=noninteractive apt-get "${suites[@]}" \
        install -y --no-install-recommends -t bookworm-backports golang-go ca-certificates
    as_root rm -rf "$work"
}

build_ferretdb() {
    [ ! -x "$ferretdb" ] || return 0
    [ -z "${MONGODB_URI:-}" ] && ! command -v mongod >/dev/null || return 0
    find_go || install_go
    find_go || die "Go 1.22 or newer is needed to build the MongoDB server of the tests"
    export GO=$go
    say "building FerretDB"
    logged ferretdb tests/servers/build-ferretdb "$ferretdb"
}

# Debian's AArch64 packages of what the core needs, unpacked into a folder; nothing is
# installed. tests/portability.sh builds with them.
aarch64() {
    [ ! -d "$aarch64/usr/include/event2" ] || return 0
    local work=$top/build/deps/aarch64.download deb codename
    codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    [ -n "$codename" ] || die "this Debian has no code name"
    say "getting AArch64 libraries"
    other_suites "$work" "deb $codename"
    : >"$work/status"
    suites+=(-o APT::Architecture=arm64 -o APT::Architectures=arm64
        -o "Dir::State::status=$work/status")
    logged aarch64-update apt-get "${suites[@]}" update
    logged aarch64-download apt-get "${suites[@]}" install -y --download-only \
        --no-install-recommends libc6-dev libevent-dev libc-ares-dev libssl-dev \
        libbson-dev libhiredis-dev check
    rm -rf "$aarch64.new"
    mkdir -p "$aarch64.new"
    for deb in "$work"/cache/archives/*.deb; do
        dpkg-deb -x "$deb" "$aarch64.new"
    done
    [ -e "$aarch64.new/lib" ] || ln -s usr/lib "$aarch64.new/lib"
    mv "$aarch64.new" "$aarch64"
    rm -rf "$work"
}

# They are few, but of no use without the compiler and the emulator, which are not.
aarch64_if_cheap() {
    local tool
    for tool in apt-get aarch64-linux-gnu-gcc qemu-aarch64; do
        command -v "$tool" >/dev/null || {
            say "AArch64 is not tested: there is no $tool"
            return 0
        }
    done
    (aarch64) || say "AArch64 is not tested: its libraries cannot be had"
}

deps() {
    if command -v apt-get >/dev/null; then
        install_packages
    else
        name_missing
    fi
    build_hiredis
    build_ferretdb
}

# build_in FOLDER OPTION...
build_in() {
    local folder=$top/build/$1
    shift
    [ ! -f "$hiredis/lib/libhiredis.a" ] || set -- "--with-hiredis=$hiredis" "$@"
    [ -x configure ] || logged autoreconf autoreconf -i
    mkdir -p "$folder"
    if [ ! -f "$folder/Makefile" ]; then
        (cd "$folder" && logged "configure-${folder##*/}" "$top/configure" "$@")
    fi
    logged "make-${folder##*/}" make -C "$folder" -j2
}

build() {
    deps
    say "building"
    build_in main
}

# check_in FOLDER: runs its tests with the servers; does not stop at a failure.
check_in() {
    say "testing build/$1"
    FERRETDB=$ferretdb tests/servers/with-servers -- \
        make -C "build/$1" -j2 check >"$logs/check-$1.log" 2>&1 || {
        tail -n 60 "$logs/check-$1.log"
        failed=1
    }
}

check() {
    failed=0
    build
    aarch64_if_cheap
    build_in asan --enable-asan --enable-ubsan
    check_in main
    check_in asan
    tests/summary build/main build/asan || failed=1
    exit "$failed"
}

demo() {
    build
    FERRETDB=$ferretdb tests/servers/with-servers -- build/main/examples/catalogue/catalogue
}

servers() {
    build
    # shellcheck disable=SC2016 # the variables are those that with-servers sets
    FERRETDB=$ferretdb exec tests/servers/with-servers -- sh -c '
        echo "Redis:   $REDIS_URL"
        echo "MongoDB: $MONGODB_URI"
        echo "Try, in another terminal:"
        echo "  build/main/redis/cli/dredis -u $REDIS_URL"
        echo "  build/main/mongo/cli/dmongo $MONGODB_URI/app"
        echo "Ctrl-C ends both."
        while sleep 3600; do :; done'
}

case ${1:-} in
deps | build | check | aarch64 | demo | servers) "$1" ;;
clean) rm -rf build ;;
*) usage >&2; exit 2 ;;
esac
