#!/bin/bash
# SPDX-License-Identifier: MIT
#
# dmongo against a real server: each statement and what it prints, exit statuses,
# passwords, Ctrl-C, the prompt.
#
# Starts a server unless DIESEL_TEST_MONGODB_URI names one.
set -u

here=$(cd "$(dirname "$0")" && pwd)
dmongo=${top_builddir:-.}/mongo/cli/dmongo
[ -x "$dmongo" ] || {
    echo "SKIP: $dmongo has not been built"
    exit 77
}
if [ -z "${DIESEL_TEST_MONGODB_URI:-}" ]; then
    "$here/servers/with-servers" --mongo -- "$here/$(basename "$0")"
    status=$?
    [ $status -eq 69 ] || exit $status
    echo "SKIP: no MongoDB server can be started"
    exit 77
fi

dir=$(mktemp -d "${TMPDIR:-/tmp}/diesel-dmongo.XXXXXX")
trap 'rm -rf "$dir"' EXIT
db=dmongo_$$
base=${DIESEL_TEST_MONGODB_URI%%\?*}
case ${base#*://} in */*) base=${base%/*} ;; esac
uri=$base/$db

passed=0
failed=0
check() { # NAME WANT GOT
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: %s\n  wanted: %q\n  got:    %q\n' "$1" "$2" "$3"
    fi
}
prints() { # STATEMENTS WANT
    check "$1" "$2" "$("$dmongo" "$uri" -e "$1" 2>&1)"
}
status() { # WANT-STATUS NAME COMMAND...
    local want=$1 name=$2
    shift 2
    timeout 20 "$@" >"$dir/stdout" 2>"$dir/stderr"
    check "status of $name" "$want" $?
}

# --- Statements

ok='"acknowledged": true'
prints 'db.u.insertOne({_id: 1, name: "ann", age: 31})' "{$ok, \"insertedId\": 1}"
prints 'db.u.insertMany([{_id: 2, name: "bob", age: 25, at: ISODate("2026-01-31")}, {_id: 3, name: "cid", n: NumberLong("9007199254740993")}])' \
    "{$ok, \"insertedIds\": {\"0\": 2, \"1\": 3}}"
prints 'db.u.find({age: {$gt: 20}}, {name: 1}).sort({age: 1})' \
    '{"_id": 2, "name": "bob"}
{"_id": 1, "name": "ann"}'
prints 'db.u.find().sort({_id: -1}).skip(1).limit(1).toArray()' \
    '[{"_id": 2, "name": "bob", "age": 25, "at": {"$date": "2026-01-31T00:00:00Z"}}]'
prints 'db.u.find({}, null, {sort: {_id: 1}, limit: 1, projection: {_id: 1}})' '{"_id": 1}'
prints 'db.u.find().sort({_id: 1}).limit(2).count(); db.u.find().itcount()' '2
3'
prints 'db.u.findOne({_id: 3}); db.u.findOne({_id: 4})' \
    '{"_id": 3, "name": "cid", "n": 9007199254740993}
null'
prints 'db.u.updateOne({_id: 1}, {$inc: {age: 1}})' \
    "{$ok, \"insertedId\": null, \"matchedCount\": 1, \"modifiedCount\": 1, \"upsertedCount\": 0}"
prints 'db.u.updateMany({}, {$set: {x: true}})' \
    "{$ok, \"insertedId\": null, \"matchedCount\": 3, \"modifiedCount\": 3, \"upsertedCount\": 0}"
prints 'db.u.replaceOne({_id: 4}, {name: "dan"}, {upsert: true})' \
    "{$ok, \"insertedId\": 4, \"matchedCount\": 0, \"modifiedCount\": 0, \"upsertedCount\": 1}"
prints 'db.u.countDocuments({x: true}); db.u.estimatedDocumentCount()' '3
4'
prints 'db.u.distinct("name", {_id: {$lt: 3}})' '["ann", "bob"]'
prints 'db.u.aggregate([{$match: {x: true}}, {$group: {_id: null, sum: {$sum: 1}}}])' '{"_id": null, "sum": 3}'
prints 'db.u.createIndex({name: 1, age: -1})' '"name_1_age_-1"'
prints 'db.u.createIndex({x: 1}, {name: "by_x"}); db.u.dropIndex("by_x").ok' \
    "dmongo: line 1, column 66: after a call only another one can follow, as in .limit(5)
    db.u.createIndex({x: 1}, {name: \"by_x\"}); db.u.dropIndex(\"by_x\").ok
                                                                     ^"
check "indexes" '_id_ name_1_age_-1' \
    "$("$dmongo" "$uri" -e 'db.u.getIndexes()' | grep -o '"name": "[^"]*"' | cut -d'"' -f4 | xargs)"
prints 'db.u.deleteOne({_id: 4}); db.u.deleteMany({_id: {$gte: 2}})' \
    "{$ok, \"deletedCount\": 1}
{$ok, \"deletedCount\": 2}"
prints 'db.getCollectionNames()' '["u"]'
check "show collections" 1 "$("$dmongo" "$uri" -e 'show collections' | grep -c '^{"name": "u"[,}]')"
prints 'db; db.getName(); use other; db' "\"$db\"
\"$db\"
\"other\""
prints "db.getSiblingDB('$db').getCollection('u').findOne()" \
    '{"_id": 1, "name": "ann", "age": 32, "x": true}'
prints 'db.getCollection("many.parts").insertOne({_id: 1}); db.many.parts.find()' \
    "{$ok, \"insertedId\": 1}
{\"_id\": 1}"
prints '// nothing' ''
check "canonical" '{"_id": {"$numberInt": "1"}, "age": {"$numberInt": "32"}}' \
    "$("$dmongo" "$uri" --canonical -e 'db.u.find({}, {age: 1})')"
check "show dbs" "$db" "$("$dmongo" "$uri" -e 'show dbs' | grep -o "\"$db\"" | tr -d '"')"

# What is printed can be given back.
"$dmongo" "$uri" --canonical -e 'db.u.find()' >"$dir/doc"
printf 'db.copy.insertOne(%s)\n' "$(cat "$dir/doc")" >"$dir/copy.js"
status 0 "giving back what was printed" "$dmongo" "$uri" -f "$dir/copy.js"
check "the copy is the same" "$(cat "$dir/doc")" "$("$dmongo" "$uri" --canonical -e 'db.copy.find()')"

# More documents than one reply holds.
{
    echo 'db.many.insertMany(['
    seq 1 1234 | sed 's/.*/{_id: &},/'
    echo '])'
} | "$dmongo" "$uri" >/dev/null
check "many documents" 1234 "$("$dmongo" "$uri" -e 'db.many.find().batchSize(50)' | wc -l)"

# --- Ways in

pong=$("$dmongo" "$uri" '{"ping": 1}')
check "a document" "$pong" "$("$dmongo" "$uri" --command '{ping: 1}')"
check "a document on standard input" "$pong" "$(echo '{ping: 1}' | "$dmongo" "$uri")"
check "a file" "$pong" "$(echo 'db.runCommand("ping")' >"$dir/ping.js"; "$dmongo" "$uri" -f "$dir/ping.js")"
check "several" "$pong
$pong
$pong" "$("$dmongo" "$uri" -e '{ping: 1}' -f "$dir/ping.js" -c '{ping: 1}')"
check "a chain over lines" '{"_id": 1}
{"_id": 2}' "$(printf 'db.many.find()\n  .sort({_id: 1}) // first\n  .limit(2)\n' | "$dmongo" "$uri")"

# --- Statuses

status 0 "a command" "$dmongo" "$uri" '{ping: 1}'
status 1 "an unknown command" "$dmongo" "$uri" '{nosuch: 1}'
check "an unknown command is named" 1 "$(grep -c '^dmongo: mongodb .*nosuch.*CommandNotFound' "$dir/stderr")"
status 1 "a duplicate key" "$dmongo" "$uri" -e 'db.u.insertOne({_id: 1})'
check "a duplicate key is said" 1 "$(grep -c '^dmongo: .*E11000' "$dir/stderr")"
printf 'db.u.find()\n\ndb.u.insertOne({_id: 1})\ndb.u.drop()\n' >"$dir/bad.js"
status 1 "a file that fails" "$dmongo" "$uri" -f "$dir/bad.js"
check "the failure has its line" 1 "$(grep -c "^dmongo: $dir/bad.js: line 3: .*E11000" "$dir/stderr")"
check "nothing ran after the failure" 1 "$("$dmongo" "$uri" -e 'db.u.countDocuments()')"
status 2 "a mistake" "$dmongo" "$uri" -e 'db.u.drop(); db.u.find({a: })'
check "a mistake is shown" 'dmongo: line 1, column 28: expected a value, found }
    db.u.drop(); db.u.find({a: })
                               ^' "$(cat "$dir/stderr")"
check "nothing ran before the mistake" 1 "$("$dmongo" "$uri" -e 'db.u.countDocuments()')"
status 2 "an unknown option" "$dmongo" "$uri" --nosuch
status 2 "an option of a method that is unknown" "$dmongo" "$uri" -e 'db.u.find({}, {}, {lmit: 1})'
check "the option is named" 'dmongo: find: option "lmit" is not known' "$(cat "$dir/stderr")"
status 2 "a missing file" "$dmongo" "$uri" -f "$dir/none.js"
status 2 "a URI that is none" "$dmongo" 'mongodb://' -e db
status 3 "no server" "$dmongo" 127.0.0.1:1 -e db
status 5 "a full disk" bash -c '"$@" >/dev/full' x "$dmongo" "$uri" -e 'db.u.find()'
status 141 "a reader that leaves" bash -c 'set -o pipefail; "$@" | head -1' x \
    "$dmongo" "$uri" -e "$(printf 'db.many.find();%.0s' $(seq 50))"
check "a reader that leaves is no error" "" "$(cat "$dir/stderr")"

# A server that says nothing: time-outs and Ctrl-C.
if command -v python3 >/dev/null; then
    python3 -c '
import socket
s = socket.socket(socket.AF_UNIX)
s.bind("'"$dir"'/mute.sock")
s.listen()
clients = []
while True:
    client = s.accept()[0]
    client.recv(1)
    clients.append(client)
    open("'"$dir"'/heard", "a").write("x")' &
    mute=$!
    await() { # until the server has heard so many clients; ten seconds at most
        for _ in $(seq 200); do
            [ "$(cat "$dir/heard" 2>/dev/null | wc -c)" -ge "$1" ] && return
            sleep 0.05
        done
        echo "in vain: $1 clients"
    }
    for _ in $(seq 200); do [ -S "$dir/mute.sock" ] || sleep 0.05; done
    status 4 "a time-out" "$dmongo" "$dir/mute.sock" -t 0.2 -e db
    # In a shell without job control, background programs ignore SIGINT.
    set -m
    "$dmongo" "$dir/mute.sock" -e db >"$dir/stdout" 2>"$dir/stderr" &
    asleep=$!
    set +m
    await 2
    kill -INT "$asleep"
    wait "$asleep" 2>/dev/null
    check "status after Ctrl-C" 130 $?
    check "Ctrl-C is no error" "" "$(cat "$dir/stderr")"
    "$dmongo" "mongodb://me:s3cret@localhost:1/?serverSelectionTimeoutMS=1" -u x -ps3cret -e db >/dev/null 2>"$dir/stderr"
    check "no password in a message" 0 "$(grep -c s3cret "$dir/stderr")"
    "$dmongo" "$dir/mute.sock" -u me -ps3cret -e db >/dev/null 2>&1 &
    asleep=$!
    await 3
    check "no password in the process list" 0 "$(tr '\0' ' ' <"/proc/$asleep/cmdline" | grep -c s3cret)"
    kill "$asleep" "$mute"
    wait 2>/dev/null
fi

# --- With a password

if [ -n "${DIESEL_TEST_MONGODB_AUTH_URI:-}" ]; then
    auth=$DIESEL_TEST_MONGODB_AUTH_URI
    rest=${auth#*://}
    check "login by URI" "$pong" "$("$dmongo" "$auth" '{ping: 1}')"
    user=${rest%%:*}
    password=${rest#*:}
    password=$(printf '%b' "$(printf %s "${password%@*}" | sed 's/%/\\x/g')")
    where=${rest#*@}
    where=${where%%/*}
    check "login by options" 1 \
        "$("$dmongo" --host "$where" -u "$user" -p "$password" --authenticationDatabase admin -e 'db.x.insertOne({_id: 1}); db.x.drop()' 2>&1 | grep -c '"acknowledged": true')"
    status 1 "a wrong password" "$dmongo" --host "$where" -u "$user" -p wrong -e 'db.x.find()'
    check "a wrong password is not shown" 0 "$(grep -c 'wrong' "$dir/stderr")"
fi

# --- On a terminal

if command -v script >/dev/null; then
    terminal() {
        SHELL=/bin/bash script -qec "$(printf '%q ' "$@")" /dev/null | tr -d '\r'
    }
    check "long results are broken on a terminal" '{
  "_id": 1,
  "one": "0123456789012345678901234567890123456789",
  "two": ["0123456789012345678901234567890123456789"]
}' "$("$dmongo" "$uri" -e 'db.wide.insertOne({_id: 1, one: "0123456789012345678901234567890123456789", two: ["0123456789012345678901234567890123456789"]})' >/dev/null
        terminal "$dmongo" "$uri" -e 'db.wide.find()' </dev/null)"
    shown=$( (for line in 'db.u.find(' '{_id: 1},' '{_id: 1})' 'db.u.fnd()' 'db'; do
        sleep 0.2
        echo "$line"
    done
    sleep 0.2) | terminal "$dmongo" "$uri" --quiet)
    check "the prompt takes statements over lines" 1 "$(grep -c '^{"_id": 1}' <<<"$shown")"
    check "the prompt survives a mistake" 1 "$(grep -c "^\"$db\"" <<<"$shown")"
    check "the prompt tells a mistake" 1 "$(grep -c 'dmongo: line 1, column 6: a collection has no method fnd() here' <<<"$shown")"
fi

"$dmongo" "$uri" -e 'db.dropDatabase()' >/dev/null
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
