#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The programs in the manual: every ```c block in docs/ that has a main() is compiled
# without a warning and run, and prints what the ```output block behind it says, if
# there is one. It runs in a folder with the files certificate.pem and key.pem, for a
# server called localhost. Marks say what else a program needs:
#
#   ```c redis         a Redis server at $REDIS_URL: one of the test's own, empty
#   ```c resp3         the same, and a hiredis that knows RESP3
#   ```c live          a MongoDB server at $MONGODB_URI: that of with-servers
#   ```c certificate   the two files: the command openssl makes them
#   ```c compile       what cannot be had here
#
# What is not there leaves a program compiled and not run, which is told. `make check`
# gives the variables below.
# shellcheck disable=SC2086 # flags are lists of words
set -eu
: "${CC:?is needed: run this by make check}" "${top_srcdir:?}" "${top_builddir:?}"
: "${DIESEL_TEST_CPPFLAGS:?}"

dir=$(mktemp -d)
redis=
trap 'end_redis; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

libs=
for name in redis mongo core; do
    libs="$libs -L$top_builddir/$name/.libs -Wl,-rpath,$top_builddir/$name/.libs -ldiesel-$name"
done

# Writes the programs to $dir/N.c, their output to $dir/N.want, and whether to run them
# and where they stand to $dir/list.
extract() {
    awk -v dir="$dir" '
        FNR == 1 { inside = ""; program = 0 }
        inside == "" && /^```/ {
            inside = $0
            text = ""
            start = FNR + 1
            next
        }
        inside != "" && /^```$/ {
            if (inside ~ /^```c/ && text ~ /int main\(/) {
                program = ++n
                printf "%s", text > (dir "/" n ".c")
                close(dir "/" n ".c")
                print n, inside == "```c" ? "run" : substr(inside, 6), FILENAME ":" start > (dir "/list")
            } else if (inside == "```output" && program > 0) {
                printf "%s", text > (dir "/" program ".want")
                close(dir "/" program ".want")
            }
            if (inside !~ /^```c/)
                program = 0
            inside = ""
            next
        }
        inside != "" { text = text $0 "\n" }' "$@"
}

find "$top_srcdir/docs" -name '*.md' | sort > "$dir/pages"
# shellcheck disable=SC2046 # no path here has spaces
extract $(cat "$dir/pages")
[ -s "$dir/list" ] || { echo "no program found in $top_srcdir/docs"; exit 1; }

# Starts an empty Redis server; fails where there is none.
start_redis() {
    server=${DIESEL_TEST_REDIS_SERVER:-redis-server}
    [ -z "$redis" ] && command -v "$server" >/dev/null || return
    "$server" --port 0 --unixsocket "$dir/redis.sock" --save '' --daemonize no \
        --dir "$dir" >"$dir/redis.log" 2>&1 &
    redis=$!
    until [ -S "$dir/redis.sock" ]; do
        kill -0 "$redis" || { cat "$dir/redis.log"; exit 1; }
        sleep 0.01
    done
    REDIS_URL=unix://$dir/redis.sock
    export REDIS_URL
}

end_redis() {
    [ -n "$redis" ] || return 0
    kill "$redis" 2>/dev/null || :
    wait "$redis" 2>/dev/null || :
    rm -f "$dir/redis.sock"
    redis=
}

find_mongodb() {
    [ -n "${DIESEL_TEST_MONGODB_URI:-}" ] || return
    MONGODB_URI=$DIESEL_TEST_MONGODB_URI
    export MONGODB_URI
}

make_certificate() {
    command -v openssl >/dev/null || return
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
        -subj /CN=localhost -addext subjectAltName=DNS:localhost \
        -keyout "$dir/here/key.pem" -out "$dir/here/certificate.pem" 2>"$dir/log" || {
        cat "$dir/log"
        exit 1
    }
}

# can_run HOW: makes what a program with that mark needs.
can_run() {
    case $1 in
    run) ;;
    certificate) [ -f "$dir/here/key.pem" ] || make_certificate ;;
    redis) start_redis ;;
    resp3) grep -q 'HAVE_HIREDIS_RESP3 1' "$top_builddir/config.h" && start_redis ;;
    live) find_mongodb ;;
    compile) return 1 ;;
    *)
        echo "$where: what is \"$1\"?"
        failed=1
        return 1
        ;;
    esac
}

mkdir "$dir/here"
failed=0
count=0
left=
while read -r n how where; do
    count=$((count + 1))
    if ! $CC $DIESEL_TEST_CPPFLAGS ${DIESEL_TEST_CFLAGS:-} -std=gnu11 -Wall -Wextra -Werror \
        "$dir/$n.c" -o "$dir/$n" $libs ${DIESEL_TEST_LIBS:-} > "$dir/log" 2>&1; then
        echo "$where does not compile:"
        cat "$dir/log"
        failed=1
    elif can_run "$how"; then
        status=0
        (cd "$dir/here" && exec "$dir/$n") < /dev/null > "$dir/$n.out" 2> "$dir/$n.err" ||
            status=$?
        if [ "$status" -ne 0 ]; then
            echo "$where ends with $status:"
            cat "$dir/$n.out" "$dir/$n.err"
            failed=1
        elif [ -f "$dir/$n.want" ] && ! diff -u "$dir/$n.want" "$dir/$n.out"; then
            echo "$where prints something else"
            failed=1
        fi
        end_redis
    else
        left="$left ${where##*/}($how)"
    fi
done < "$dir/list"
echo "$count programs"
[ -z "$left" ] || echo "compiled only, for want of what they need:$left"
exit $failed
