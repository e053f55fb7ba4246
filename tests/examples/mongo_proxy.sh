# SPDX-License-Identifier: MIT
#
# dmongo talks to mongo_answer through mongo_proxy, which sees everything.
set -eu
: "${examples:?}"

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

start mongo_answer
start mongo_proxy 0 "127.0.0.1:$port" insert 10
dmongo=$examples/../mongo/cli/dmongo
"$dmongo" "mongodb://127.0.0.1:$port/shop?compressors=zlib" \
    --eval 'db.cars.insertOne({maker: "Benz"}); db.cars.find()' > "$work/out" 2>&1 || {
    cat "$work/out" "$work/mongo_proxy"
    exit 1
}
grep -q Benz "$work/out" || { cat "$work/out"; echo "the car was not found"; exit 1; }
for seen in '-> insert' '<- insert' '-> find' '<- find'; do
    grep -q -e "$seen" "$work/mongo_proxy" || {
        cat "$work/mongo_proxy"
        echo "the proxy did not see: $seen"
        exit 1
    }
done
