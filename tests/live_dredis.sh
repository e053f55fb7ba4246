#!/bin/bash
# SPDX-License-Identifier: MIT
#
# dredis beside redis-cli 7.0: the same commands to the same server, into a pipe
# and on a terminal, must give the same bytes. Then what dredis does otherwise, or
# redis-cli does not do at all: exit statuses, JSON, secrets, Ctrl-C.
#
# Starts a server of its own, since one with DEBUG is needed for all reply types.
set -u

dredis=${top_builddir:-.}/redis/cli/dredis
for program in redis-server redis-cli script; do
    command -v $program >/dev/null || {
        echo "SKIP: there is no $program"
        exit 77
    }
done
case $(redis-cli --version) in
"redis-cli 7.0."*) ;;
*)
    echo "SKIP: $(redis-cli --version) is not redis-cli 7.0, whose output is the model"
    exit 77
    ;;
esac
[ -x "$dredis" ] || {
    echo "SKIP: $dredis has not been built"
    exit 77
}

dir=$(mktemp -d "${TMPDIR:-/tmp}/diesel-dredis.XXXXXX")
server=
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null
    wait 2>/dev/null
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

redis-server --port 0 --unixsocket "$dir/redis.sock" --dir "$dir" --save '' \
    --enable-debug-command yes --daemonize no >"$dir/server.log" 2>&1 &
server=$!
for _ in $(seq 100); do
    redis-cli -s "$dir/redis.sock" ping >/dev/null 2>&1 && break
    sleep 0.05
done
unset REDISCLI_AUTH
export TERM=dumb

if [ "$("$dredis" -s "$dir/redis.sock" -3 --no-raw DEBUG PROTOCOL true)" != "(true)" ]; then
    echo "SKIP: this build speaks RESP2 only, since its hiredis is older than 1.0"
    exit 77
fi

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

# Runs a program with the words in "$@", with an x behind its output, so that
# newlines at the end are compared too; cat -v since a shell's strings cannot hold
# zero bytes.
piped() {
    {
        "$@" -s "$dir/redis.sock" "${words[@]}" 2>"$dir/stderr"
        echo x
    } | cat -v
}
# On a terminal there is no difference between stdout and stderr.
on_terminal() {
    local line
    line=$(printf '%q ' "$@" -s "$dir/redis.sock" "${words[@]}")
    {
        SHELL=/bin/bash script -qec "$line" /dev/null </dev/null
        echo x
    } | cat -v
}

# --- The same as redis-cli. A line is the options, "|", and the command.

compare() {
    local options words
    read -ra options <<<"${1%%|*}"
    eval "words=(${1#*|})"
    check "$1 (pipe)" "$(piped redis-cli "${options[@]}")" \
        "$(piped "$dredis" "${options[@]}")"
    check "$1 (terminal)" "$(on_terminal redis-cli "${options[@]}")" \
        "$(on_terminal "$dredis" "${options[@]}")"
}

redis-cli -s "$dir/redis.sock" >/dev/null <<'EOF'
SET text "hello world"
SET odd "a\"\\\n\r\t\a\b\x00\x01\x7f\xc3\xa9\xff"
SET empty ""
SET number 42
RPUSH list a b c d e f g h i j k
HSET hash one 1 two 2 three "3\n3"
SADD set a
ZADD zset 1 a 2.5 b inf c
EOF

# The types of RESP3, as far as redis-cli 7.0 can show them.
types='string integer double null array set map verbatim true false'
for type in $types; do
    for protocol in -2 -3; do
        for format in '' --raw --no-raw; do
            compare "$protocol $format | DEBUG PROTOCOL $type"
        done
    done
done

while IFS= read -r row; do
    [ -z "$row" ] || compare "$row"
done <<'EOF'
| PING
| PING 'a b'
| GET text
| GET odd
| GET empty
| GET missing
--no-raw | GET odd
--raw | GET odd
| INCRBY number 0
| LRANGE list 0 -1
--no-raw | LRANGE list 0 -1
--raw | LRANGE list 0 -1
-d , | LRANGE list 0 -1
-d , | MGET text missing number
--no-raw | CLIENT LIST ID 0
--no-raw | INFO nonsense
| INFO nonsense
--no-raw | INFO cluster
| INFO cluster
--no-raw | CLUSTER INFO
--raw -d '' | MGET text missing number
--no-raw -3 | HGETALL hash
--raw -3 | HGETALL hash
--no-raw -2 | HGETALL hash
--no-raw -3 | SMEMBERS set
--no-raw -3 | ZRANGE zset 0 -1 WITHSCORES
--no-raw -2 | ZRANGE zset 0 -1 WITHSCORES
--no-raw | LRANGE missing 0 -1
--raw | LRANGE missing 0 -1
--no-raw -3 | HGETALL missing
--no-raw -3 | SMEMBERS missing
| NOSUCHCOMMAND a
--no-raw | NOSUCHCOMMAND a
| GET list
--no-raw | INCR text
--no-raw | COMMAND INFO GET
--no-raw -3 | COMMAND INFO GET
--raw | COMMAND INFO GET
--no-raw | XADD missing nonsense
--no-raw | DEBUG JMAP
--no-raw | CONFIG GET maxmemory*
--no-raw -3 | CONFIG GET maxmemory*
--no-raw | MEMORY DOCTOR
| MEMORY DOCTOR
--no-raw | LATENCY DOCTOR
--no-raw | CLIENT GETNAME
-r 3 | PING
-r 3 --no-raw | LRANGE list 0 1
-n 3 | DBSIZE
--no-raw | EVAL "return {1,{2,{},{'a'}},redis.error_reply('bad thing'),redis.status_reply('FINE'),false}" 0
--raw | EVAL "return {1,{2,{},{'a'}},redis.error_reply('bad thing'),redis.status_reply('FINE'),false}" 0
--no-raw -3 | EVAL "redis.setresp(3); return {{double=1.5},{double=1/0},{double=3},{map={a={map={k={1,2,3}}}}},{set={}},{map={}},{},{verbatim_string={format='txt',string='a\\nb'}}}" 0
--raw -3 | EVAL "redis.setresp(3); return {{double=1.5},{double=1/0},{double=3},{map={a={map={k={1,2,3}}}}},{set={}},{map={}},{}}" 0
--no-raw -3 | EVAL "redis.setresp(3); return {map={a={1,2},b={1},c={},d={{1}},e={{1,2},3},f={set={x=true,y=true}},g={map={k={map={z=1}}}},h={{map={a=1,b=2}}},i={map={}},j=redis.error_reply('E'),k={false}}}" 0
--raw -3 -d , | EVAL "redis.setresp(3); return {map={a={1,2},b={1},c={},d={{1}},e={{1,2},3},f={set={x=true,y=true}},g={map={k={map={z=1}}}},h={{map={a=1,b=2}}},i={map={}},k={false}}}" 0
--no-raw | EVAL "local t = {} for i = 1, 120 do t[i] = i % 7 == 0 and {i, {i}} or i end return t" 0
EOF

# The same lines on standard input.
lines() {
    printf '%s\n' 'SET a 1' '' '  get  "a" ' "get 'a'" '3 ping' 'echo "\x41\n"' \
        'nosuch' 'select 2' 'get a' 'multi' 'incr a' 'exec' 'hello 3' \
        'debug protocol true' 'select 0' 'get a' 'quit' 'never reached'
}
for format in --raw --no-raw; do
    for program in redis-cli "$dredis"; do
        redis-cli -s "$dir/redis.sock" flushall >/dev/null
        lines | $program -s "$dir/redis.sock" $format 2>&1 |
            sed 's/"id" => .*//; s/^id .*//' >"$dir/lines.${program##*/}"
    done
    check "lines $format" "$(cat "$dir/lines.redis-cli")" \
        "$(cat "$dir/lines.dredis")"
done
for program in redis-cli "$dredis"; do
    head -c 100000 /dev/urandom >"$dir/blob"
    $program -s "$dir/redis.sock" -x SET blob <"$dir/blob" >/dev/null
    $program -s "$dir/redis.sock" GET blob >"$dir/blob.${program##*/}"
    printf '\n' | cat "$dir/blob" - | cmp - "$dir/blob.${program##*/}"
    check "blob through ${program##*/}" 0 $?
done

# --- What is dredis's own.

status() { # WANT-STATUS NAME COMMAND...
    local want=$1 name=$2
    shift 2
    "$@" >"$dir/stdout" 2>"$dir/stderr"
    check "status of $name" "$want" $?
}
run=("$dredis" -s "$dir/redis.sock")

# Waits until the command succeeds, ten seconds at most.
await() {
    for _ in $(seq 200); do
        "$@" && return
        sleep 0.05
    done
    echo "in vain: $*"
}
is_blocked() {
    redis-cli -s "$dir/redis.sock" "$@" INFO clients 2>/dev/null | grep -q 'blocked_clients:1'
}

status 0 "PING" "${run[@]}" PING
status 1 "an error reply" "${run[@]}" NOSUCH
check "an error reply is a reply" "ERR unknown command 'NOSUCH', with args beginning with: " \
    "$(head -1 "$dir/stdout")"
status 1 "an error reply with -e" "${run[@]}" -e NOSUCH
check "-e keeps stdout clean" "" "$(cat "$dir/stdout")"
check "-e writes to stderr" "dredis: ERR unknown command 'NOSUCH', with args beginning with: " \
    "$(cat "$dir/stderr")"
status 2 "an unknown option" "${run[@]}" --nosuch
check "an unknown option is named" "dredis: option --nosuch is not known" "$(cat "$dir/stderr")"
status 2 "a refused command" "${run[@]}" SUBSCRIBE a
status 3 "no server" "$dredis" -s "$dir/none.sock" PING
status 3 "no server on a port" "$dredis" -h 127.0.0.1 -p 1 PING
status 4 "a time-out" "${run[@]}" -t 0.2 BLPOP nothing 0
status 0 "SHUTDOWN of nobody" "${run[@]}" --help
status 5 "a full disk" bash -c '"$@" PING >/dev/full' x "${run[@]}"
printf 'PING\nGET "a\nPING\n' | "${run[@]}" >"$dir/stdout" 2>"$dir/stderr"
check "status of a malformed line" 2 $?
check "a malformed line has a number" "dredis: line 2: column 5: this quote is never closed" \
    "$(cat "$dir/stderr")"
printf 'NOSUCH\nPING\n' | "${run[@]}" -e >"$dir/stdout" 2>"$dir/stderr"
check "status of -e with lines" 1 $?
check "-e stops" "" "$(cat "$dir/stdout")"
status 141 "a reader that leaves" bash -c \
    'set -o pipefail; "$@" -r 100000 LRANGE list 0 -1 | head -1' x "${run[@]}"
check "a reader that leaves is no error" "" "$(cat "$dir/stderr")"

"${run[@]}" DEL list hash >/dev/null
"${run[@]}" HSET hash one 1 $'two\xc3\xa9' $'\xff\xfe' >/dev/null
check "JSON of a map" $'{"one":"1","two\xc3\xa9":{"base64":"//4="}}' "$("${run[@]}" --json HGETALL hash)"
check "JSON of RESP2" $'["one","1","two\xc3\xa9",{"base64":"//4="}]' "$("${run[@]}" --json -2 HGETALL hash)"
check "JSON of a big number" '"1234567999999999999999999999999999999"' "$("${run[@]}" --json DEBUG PROTOCOL bignum)"
check "a big number" '(big number) 1234567999999999999999999999999999999' "$("${run[@]}" -3 --no-raw DEBUG PROTOCOL bignum)"
check "an attribute is left out" 'Some real reply following the attribute' "$("${run[@]}" -3 DEBUG PROTOCOL attrib)"
check "a script's error" 'ERR one' "$("${run[@]}" EVAL "return redis.error_reply('ERR one')" 0 | head -1)"
check "a URL" PONG "$("$dredis" -u "unix://$dir/redis.sock" PING)"

# Passwords: from the environment, an option, the URL, a terminal; never in ps.
"${run[@]}" CONFIG SET requirepass s3cret >/dev/null
status 1 "no password" "${run[@]}" PING
check "password from the environment" PONG "$(REDISCLI_AUTH=s3cret "${run[@]}" PING)"
check "password as an option" PONG "$("${run[@]}" -a s3cret --no-auth-warning PING)"
check "password and user" PONG "$("${run[@]}" --user default --pass s3cret PING)"
check "password in the URL" PONG "$("$dredis" -u "unix://:s3cret@$dir/redis.sock" PING)"
status 1 "a wrong password" "${run[@]}" -a wrong PING
check "a wrong password is not shown" 0 "$(grep -c 'wrong' "$dir/stderr")"
"${run[@]}" -a s3cret BLPOP nothing 0 >/dev/null 2>&1 &
asleep=$!
await is_blocked -a s3cret
check "no password in the process list" 0 "$(tr '\0' ' ' <"/proc/$asleep/cmdline" | grep -c s3cret)"
kill "$asleep"
wait "$asleep" 2>/dev/null
asked=$( (await grep -qs Password: "$dir/typescript"
    echo s3cret) | SHELL=/bin/bash script -qfec "$(printf '%q ' "${run[@]}" --askpass PING)" "$dir/typescript" | tr -d '\r')
check "password from a terminal" 'Password: 
PONG' "$asked"
REDISCLI_AUTH=s3cret "${run[@]}" CONFIG SET requirepass '' >/dev/null

# Ctrl-C, which ends the program as a signal does.
# In a shell without job control, background programs ignore SIGINT; hence -m.
set -m
"${run[@]}" BLPOP nothing 0 >"$dir/stdout" 2>"$dir/stderr" &
asleep=$!
set +m
await is_blocked
kill -INT "$asleep"
wait "$asleep" 2>/dev/null
check "status after Ctrl-C" 130 $?
check "Ctrl-C is no error" "" "$(cat "$dir/stderr")"
check "Ctrl-C leaves no command behind" 0 "$("${run[@]}" INFO clients | grep -c 'blocked_clients:[1-9]')"

# A server that goes away while lines are read.
printf 'PING\nSHUTDOWN NOSAVE\nPING\n' | "${run[@]}" >"$dir/stdout" 2>"$dir/stderr"
check "status when the server is gone" 3 $?
check "what came before it went" PONG "$(cat "$dir/stdout")"
wait "$server" 2>/dev/null
server=

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
