#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A client of tls_echo talks to it through proxy, which cannot read what it moves;
# and with a name that the certificate is not for, it refuses to.
set -eu
: "${examples:?}"
command -v openssl > /dev/null || { echo "there is no openssl"; exit 77; }

work=$(mktemp -d)
pids=
trap 'kill $pids 2>/dev/null || true; rm -rf "$work"' EXIT

# start NAME ARGUMENT...: an example in the background; $port is where it listens.
start() {
    name=$1
    shift
    "$examples/$name" "$@" > "$work/$name" 2>&1 &
    pids="$pids $!"
    until grep -q '^listening on port' "$work/$name"; do
        kill -0 $! || { cat "$work/$name"; exit 1; }
        sleep 0.05
    done
    port=$(sed -n 's/^listening on port //p' "$work/$name")
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
    -subj /CN=echo -addext subjectAltName=IP:127.0.0.1 \
    -keyout "$work/key.pem" -out "$work/cert.pem" 2> "$work/openssl" || {
    cat "$work/openssl"
    exit 1
}
cat "$work/cert.pem" "$work/key.pem" > "$work/server.pem"

start tls_echo serve 0 "$work/server.pem"
start proxy 0 127.0.0.1 "$port"
"$examples/tls_echo" ask 127.0.0.1 "$port" hello "$work/cert.pem" > "$work/out" 2>&1 &&
    grep -q '^hello (TLSv1.3, CN=echo)$' "$work/out" || {
    cat "$work/out" "$work/tls_echo" "$work/proxy"
    echo "hello did not come back"
    exit 1
}
if "$examples/tls_echo" ask localhost "$port" hello "$work/cert.pem" > "$work/out" 2>&1; then
    echo "the name of the host was not verified"
    exit 1
fi
grep -q 'it is for another host' "$work/out" || { cat "$work/out"; exit 1; }
