# SPDX-License-Identifier: MIT
#
# What the examples for MongoDB print and leave behind, with a server.
set -eu
: "${examples:?}"
[ -n "${DIESEL_TEST_MONGODB_URI:-}" ] || { echo "there is no server"; exit 77; }
export MONGODB_URI="$DIESEL_TEST_MONGODB_URI"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    cat "$work/out" "$work/err" 2> /dev/null || true
    echo "$*"
    exit 1
}

# try NAME ARGUMENT...: an example, which must end well.
try() {
    name=$1
    shift
    "$examples/$name" "$@" > "$work/out" 2> "$work/err" || fail "$name $*: failed"
}

# prints NAME: the last one has printed exactly the standard input.
prints() {
    cat > "$work/want"
    diff -u "$work/want" "$work/out" || fail "$1 prints something else"
}

try mongo_report
prints mongo_report <<'END'
Bergen    72 mm
Lagos     40 mm
Lyon      16 mm
16 days in all zones
END

# Both readers see every message, in order, also those sent while they wait.
try mongo_queue
for reader in ann ben; do
    grep "^$reader" "$work/out" > "$work/seen" || true
    mv "$work/seen" "$work/out.$reader"
    [ "$(sed 's/.* reads \([0-9]*\):.*/\1/' "$work/out.$reader" | tr '\n' ' ')" = "0 1 2 3 4 5 " ] ||
        fail "mongo_queue: $reader has not seen all messages"
done

# JSON lines of real data: the packages of a Debian system, or else the words of the
# manual.
count=0
if [ -s /var/lib/dpkg/status ]; then
    awk '/^Package: / { name = $2 }
        /^Architecture: / { arch = $2 }
        /^Version: / { version = $2 }
        /^Installed-Size: / { size = $2 }
        /^$/ {
            printf "{\"_id\": \"%s:%s\", \"version\": \"%s\", \"kib\": %d}\n", \
                name, arch, version, size
        }' /var/lib/dpkg/status
else
    find "$examples" -type f | awk '{ printf "{\"path\": \"%s\"}\n", $0 }'
fi > "$work/lines"
count=$(wc -l < "$work/lines")
dmongo=$examples/../mongo/cli/dmongo
has() {
    "$dmongo" "$MONGODB_URI/example" --eval "db.loaded.countDocuments({})" > "$work/out" 2>&1
    [ "$(cat "$work/out")" = "$1" ] || fail "there are not $1 documents"
}
"$dmongo" "$MONGODB_URI/example" --eval 'db.loaded.drop()' > "$work/out" 2>&1 ||
    fail "dmongo failed"
try mongo_load example.loaded "$work/lines"
has "$count"
sed 's/"_id"/"name"/' "$work/lines" > "$work/again"
try mongo_load example.loaded < "$work/again"
has $((2 * count))
{ head -n 3 "$work/again"; echo '{"broken": '; } > "$work/broken"
! "$examples/mongo_load" example.loaded "$work/broken" > "$work/out" 2> "$work/err" ||
    fail "mongo_load took a broken line"
grep -q 'line 4: ' "$work/err" || fail "mongo_load does not name the broken line"

# A folder comes back from GridFS as it was; what is sent again is what has changed.
mkdir -p "$work/tree/deep/er" "$work/back"
cp "$examples/mongo_put" "$work/tree/deep/program"
cp "$work/lines" "$work/tree/lines"
: > "$work/tree/deep/er/empty"
try mongo_get remove
try mongo_put "$work/tree"
[ "$(sort "$work/out" | tr '\n' ' ')" = "deep/er/empty deep/program lines " ] ||
    fail "mongo_put did not send all files"
echo more >> "$work/tree/lines"
try mongo_put "$work/tree"
echo lines | prints mongo_put
try mongo_get get "$work/back"
diff -r "$work/tree" "$work/back" || fail "the folder came back different"
"$dmongo" "$MONGODB_URI/example" --eval \
    'db.fs.files.updateMany({filename: "lines"}, {$set: {metadata: {sha256: "0"}}})' \
    > "$work/out" 2>&1 || fail "dmongo failed"
! "$examples/mongo_get" get "$work/back" > "$work/out" 2> "$work/err" ||
    fail "mongo_get did not see a wrong digest"
grep -q 'lines: wrong digest' "$work/err" || fail "mongo_get says something else"
try mongo_get remove
try mongo_get list
[ ! -s "$work/out" ] || fail "mongo_get remove left files"
