/* SPDX-License-Identifier: MIT */
/*
 * redis/server: what the test server replies, a real server replies too. The same
 * lines go to both, in RESP2 and RESP3, and the replies must be the same to the
 * letter; every command that the test server knows is among them. Skipped unless
 * DIESEL_TEST_REDIS_URL is set.
 */
#include "redis/server/engine_internal.h"
#include "redis_lines.h"

/* KEY and what begins with it is replaced by a name of this test's own. A mark before
 * a line: '~' elements in any order; '#' only the type is compared. */
static const char *const lines[] = {
    "ECHO hello", "PING", "PING hello", "PING a b", "#TIME", "WAIT 0 0", "NOSUCH a",
    "GET", "GET a b", "SELECT 99", "SELECT x", "SELECT 9", "#DBSIZE", "#INFO",
    "#COMMAND COUNT", "#CLIENT ID", "CLIENT GETNAME", "CLIENT SETNAME me",
    "CLIENT GETNAME", "CLIENT SETNAME \"a b\"", "#CLIENT LIST", "FLUSHDB SIDEWAYS",
    "CONFIG GET no-such-setting", "#AUTH nobody x",
    /* Strings. */
    "SET KEY hello", "GET KEY", "TYPE KEY", "STRLEN KEY", "APPEND KEY _you",
    "GETRANGE KEY 1 3", "GETRANGE KEY -3 -1", "GETRANGE KEY 5 1",
    "GETRANGE KEY 0 100", "SETRANGE KEY 2 LL", "GET KEY", "SETRANGE KEY2 3 x",
    "GET KEY2", "SETRANGE KEY3 3 \"\"", "EXISTS KEY3", "SETRANGE KEY -1 x",
    "INCR KEY", "SET KEY 10", "INCR KEY", "DECR KEY", "INCRBY KEY 5", "DECRBY KEY 7",
    "INCRBY KEY x", "INCRBYFLOAT KEY 0.5", "INCRBYFLOAT KEY 5.0e3",
    "INCRBYFLOAT KEY x", "INCR KEY", "SET KEY 9223372036854775807", "INCR KEY",
    "SET KEY v NX", "SET KEY v XX", "SET KEY w GET", "SET KEY9 w GET", "DEL KEY9",
    "SET KEY v NX XX", "SET KEY v EX 0", "SET KEY v EX x", "SET KEY v PX 10 EX 10",
    "SET KEY v EX", "SET KEY v BLAH", "SET KEY v EX 100", "TTL KEY",
    "SET KEY w KEEPTTL", "TTL KEY", "PERSIST KEY", "TTL KEY", "PERSIST KEY",
    "SETNX KEY x", "SETNX KEY4 x", "SETEX KEY4 100 y", "TTL KEY4", "SETEX KEY4 0 y",
    "PSETEX KEY4 100000 z", "GETSET KEY4 q", "TTL KEY4", "GETDEL KEY4",
    "GETDEL KEY4", "GETEX KEY", "GETEX KEY EX 100", "TTL KEY", "GETEX KEY PERSIST",
    "TTL KEY", "GETEX KEY BLAH", "MSET KEY a KEY2 b", "MGET KEY KEY2 KEY3",
    "MSET KEY a KEY2", "MSETNX KEY3 a KEY2 c", "MSETNX KEY3 a KEY4 c", "MGET KEY3 KEY4",
    /* Keys. */
    "EXISTS KEY KEY KEY5", "TOUCH KEY KEY5", "EXPIRE KEY 100", "EXPIRE KEY5 100",
    "EXPIRE KEY x", "EXPIRE KEY 200 NX", "EXPIRE KEY 200 XX", "EXPIRE KEY 100 GT",
    "EXPIRE KEY 100 LT", "EXPIRE KEY 100 NX XX", "EXPIRE KEY 100 GT LT",
    "EXPIRE KEY 100 BLAH", "PEXPIRE KEY 100000", "EXPIREAT KEY 99999999999",
    "EXPIRETIME KEY", "PEXPIREAT KEY 99999999999000", "PEXPIRETIME KEY",
    "#PTTL KEY", "TTL KEY7", "PTTL KEY7", "EXPIRETIME KEY7", "PEXPIRETIME KEY7",
    "EXPIRE KEY -1", "EXISTS KEY", "RENAME KEY KEY2", "SET KEY v",
    "RENAME KEY KEY2", "GET KEY2", "RENAMENX KEY2 KEY3", "RENAMENX KEY2 KEY5",
    "RENAME KEY5 KEY5", "COPY KEY5 KEY6", "COPY KEY5 KEY6", "COPY KEY5 KEY6 REPLACE",
    "COPY KEY5 KEY5", "GET KEY6", "#RANDOMKEY", "TYPE KEY7", "DEL KEY5 KEY6 KEY7",
    "UNLINK KEY2 KEY3 KEY4 KEY", "~KEYS KEY*", "SET KEY:a 1", "SET KEY:b 1",
    "~KEYS KEY:*", "~KEYS KEY:[a]", "DEL KEY:a KEY:b", "SCAN x",
    "SCAN 0 COUNT 0", "SCAN 0 BLAH", "#SCAN 0 MATCH KEY* COUNT 1000 TYPE string",
    /* Hashes. */
    "HSET KEY a 1 b 2", "HSET KEY a 3 c 4", "HSET KEY a", "HGET KEY a", "HGET KEY x",
    "HMGET KEY a x b", "HGETALL KEY", "HGETALL KEY2", "HKEYS KEY", "HVALS KEY",
    "HLEN KEY", "HEXISTS KEY a", "HEXISTS KEY x", "HSTRLEN KEY a", "HSTRLEN KEY x",
    "HSETNX KEY a 9", "HSETNX KEY d 9", "HMSET KEY e 5", "HINCRBY KEY a 5",
    "HINCRBY KEY f 5", "HINCRBY KEY f x", "HSET KEY g text", "HINCRBY KEY g 1",
    "HINCRBYFLOAT KEY a 0.25", "HINCRBYFLOAT KEY g 1", "HINCRBYFLOAT KEY a x",
    "HSCAN KEY 0", "HSCAN KEY 0 MATCH a", "HSCAN KEY 0 TYPE string", "HSCAN KEY2 0",
    "HDEL KEY a x", "GET KEY", "LPUSH KEY x", "SADD KEY x", "ZADD KEY 1 x",
    "COPY KEY KEY2", "HGETALL KEY2", "HDEL KEY b c d e f g", "EXISTS KEY", "DEL KEY2",
    /* Lists. */
    "LPUSH KEY a b c", "RPUSH KEY d", "LRANGE KEY 0 -1", "LRANGE KEY 1 2",
    "LRANGE KEY 5 9", "LRANGE KEY2 0 -1", "LRANGE KEY x 1", "LPUSHX KEY2 a",
    "RPUSHX KEY2 a", "LPUSHX KEY z", "RPUSHX KEY y", "LLEN KEY", "LLEN KEY2",
    "LINDEX KEY 0", "LINDEX KEY -1", "LINDEX KEY 99", "LSET KEY 0 Z", "LSET KEY 99 x",
    "LSET KEY2 0 x", "LINSERT KEY BEFORE a aa", "LINSERT KEY AFTER a ab",
    "LINSERT KEY AFTER no x", "LINSERT KEY SIDEWAYS a x", "LINSERT KEY2 AFTER a x",
    "RPUSH KEY a a", "LREM KEY 1 a", "LREM KEY -1 a", "LREM KEY 0 nothing",
    "LRANGE KEY 0 -1", "LTRIM KEY 1 4", "LRANGE KEY 0 -1", "LPOP KEY", "RPOP KEY",
    "LPOP KEY2", "LPOP KEY 2", "LPOP KEY2 2", "RPOP KEY 0", "LPOP KEY -1", "LPOP KEY 1 2",
    "RPUSH KEY 1 2 3", "LMOVE KEY KEY2 LEFT RIGHT", "LMOVE KEY KEY2 RIGHT LEFT",
    "LMOVE KEY KEY2 UP DOWN", "LMOVE KEY8 KEY2 LEFT LEFT", "RPOPLPUSH KEY KEY2",
    "RPOPLPUSH KEY8 KEY2", "LRANGE KEY2 0 -1", "LMOVE KEY2 KEY2 LEFT RIGHT",
    "LRANGE KEY2 0 -1", "BLPOP KEY2 1", "BRPOP KEY8 KEY2 1", "BLPOP KEY8 0.01",
    "BLPOP KEY8 -1", "BLPOP KEY8 x", "BLMOVE KEY2 KEY3 LEFT LEFT 1",
    "BLMOVE KEY8 KEY3 LEFT LEFT 0.01", "BRPOPLPUSH KEY3 KEY2 1",
    "BRPOPLPUSH KEY8 KEY2 0.01", "COPY KEY2 KEY4", "LRANGE KEY4 0 -1", "LREM KEY4 0 1",
    "LTRIM KEY2 5 9", "DEL KEY KEY2 KEY3 KEY4",
    /* Sets. */
    "SADD KEY 1 2 3", "SADD KEY 3 4", "SCARD KEY", "~SMEMBERS KEY", "~SMEMBERS KEY2",
    "SISMEMBER KEY 1", "SISMEMBER KEY 9", "SMISMEMBER KEY 1 9", "SREM KEY 1 9",
    "SMOVE KEY KEY2 2", "SMOVE KEY KEY2 99", "SMOVE KEY KEY 3", "SADD KEY2 3 5",
    "~SINTER KEY KEY2", "~SUNION KEY KEY2", "~SDIFF KEY KEY2", "~SDIFF KEY2 KEY",
    "~SINTER KEY KEY9", "SINTERSTORE KEY3 KEY KEY2", "SUNIONSTORE KEY3 KEY KEY2",
    "~SMEMBERS KEY3", "SDIFFSTORE KEY3 KEY KEY", "EXISTS KEY3", "SSCAN KEY8 0",
    "#SRANDMEMBER KEY", "SRANDMEMBER KEY8", "~SRANDMEMBER KEY 10",
    "SRANDMEMBER KEY8 -3", "SRANDMEMBER KEY x", "~SPOP KEY 10", "SPOP KEY",
    "SPOP KEY 1", "SPOP KEY -1", "EXISTS KEY", "SADD KEY one", "SPOP KEY",
    "SSCAN KEY2 0 MATCH 5", "DEL KEY2", "SET KEY x", "SINTER KEY KEY2", "DEL KEY",
    /* Sorted sets. */
    "ZADD KEY 1 a 2 b 3.5 c", "ZADD KEY 1 a 5 b", "ZADD KEY CH 1 a 2 b",
    "ZADD KEY NX 9 a", "ZADD KEY XX 9 z", "ZADD KEY GT CH 0 a", "ZADD KEY LT CH 0 a",
    "ZADD KEY INCR 2 a", "ZADD KEY NX INCR 2 a", "ZADD KEY NX XX 1 a",
    "ZADD KEY GT LT 1 a", "ZADD KEY INCR 1 a 2 b", "ZADD KEY x a", "ZADD KEY 1",
    "ZADD KEY inf d", "ZADD KEY INCR -inf d", "ZSCORE KEY d", "ZSCORE KEY c",
    "ZSCORE KEY x", "ZMSCORE KEY a x c", "ZINCRBY KEY 1.5 a", "ZCARD KEY",
    "ZCOUNT KEY -inf +inf", "ZCOUNT KEY (2 3.5", "ZCOUNT KEY x 1", "ZRANK KEY c",
    "ZREVRANK KEY c", "ZRANK KEY x", "ZRANGE KEY 0 -1", "ZRANGE KEY 0 -1 WITHSCORES",
    "ZRANGE KEY 1 1", "ZRANGE KEY 0 1 REV", "ZRANGE KEY (2 inf BYSCORE",
    "ZRANGE KEY inf (2 BYSCORE REV LIMIT 0 2", "ZRANGE KEY 0 1 LIMIT 0 1",
    "ZRANGE KEY 0 1 BLAH", "ZREVRANGE KEY 0 1 WITHSCORES",
    "ZRANGEBYSCORE KEY 2 5 WITHSCORES LIMIT 1 1", "ZRANGEBYSCORE KEY -inf inf LIMIT 1 -1",
    "ZREVRANGEBYSCORE KEY 5 2", "ZREVRANGEBYSCORE KEY +inf -inf LIMIT 1 2",
    "#ZSCAN KEY 0", "ZSCAN KEY 0 MATCH c", "ZREM KEY c x", "ZPOPMIN KEY",
    "ZPOPMAX KEY", "ZPOPMIN KEY8", "ZADD KEY 1 a 2 b 3 c 4 d", "ZPOPMIN KEY 2",
    "ZPOPMAX KEY 0", "BZPOPMIN KEY 1", "BZPOPMAX KEY8 KEY 1", "BZPOPMIN KEY8 0.01",
    "ZADD KEY 1 a 2 b 3 c 4 d", "ZREMRANGEBYRANK KEY 0 0", "ZREMRANGEBYSCORE KEY (3 inf",
    "ZRANGE KEY 0 -1", "COPY KEY KEY2", "ZRANGE KEY2 0 -1 WITHSCORES", "DEL KEY KEY2",
    /* Transactions. */
    "EXEC", "DISCARD", "MULTI", "MULTI", "SET KEY 1", "INCR KEY", "LPUSH KEY x",
    "GET KEY", "EXEC", "MULTI", "NOSUCH", "EXEC", "MULTI", "DISCARD", "WATCH KEY",
    "SET KEY 2", "MULTI", "GET KEY", "EXEC", "WATCH KEY", "UNWATCH", "SET KEY 3",
    "MULTI", "WATCH KEY", "BLPOP KEY8 0", "EXEC", "MULTI", "GET", "EXEC", "DEL KEY",
    /* Pub/sub; subscribing has no reply of its own in RESP3. */
    "PUBLISH KEY hi", "SPUBLISH KEY hi", "PUBSUB CHANNELS KEY*", "PUBSUB NUMSUB KEY",
    "PUBSUB SHARDCHANNELS KEY*", "PUBSUB SHARDNUMSUB KEY",
    /* Tracking. */
    "CLIENT CACHING YES", "CLIENT TRACKING ON PREFIX a", "CLIENT TRACKING MAYBE",
    "CLIENT TRACKING ON BCAST OPTIN", "CLIENT TRACKING ON REDIRECT 99999999",
    "CLIENT TRACKING OFF", "CLIENT NO-EVICT OFF", "CLIENT KILL ID 99999999",
    "CLIENT UNBLOCK 99999999",
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The reply as text, with its elements sorted. */
static void show_sorted(struct resp_text *to, const dredis_reply *reply)
{
    char *parts[256];
    ck_assert_uint_lt(reply->elements, TEST_COUNT(parts));
    for (size_t i = 0; i < reply->elements; i++) {
        static struct resp_text part;
        part.used = 0;
        resp_show(&part, &reply->element[i]);
        parts[i] = strdup(part.text);
    }
    if (reply->elements > 0)
        qsort(parts, reply->elements, sizeof *parts, by_text);
    resp_print(to, "%s:", dredis_type_name(reply->type));
    for (size_t i = 0; i < reply->elements; i++) {
        resp_print(to, " %s", parts[i]);
        free(parts[i]);
    }
}

static void run_line(dredis_session *session, const char *line, char mark,
                     struct resp_text *to)
{
    diesel_error err;
    to->used = 0;
    to->text[0] = '\0';
    dredis_reply *reply = redis_line_run(session, line, &err);
    if (reply == NULL)
        ck_abort_msg("%s at %s failed: %s", line, dredis_session_name(session),
                     err.message);
    if (mark == '#')
        resp_print(to, "%s", dredis_type_name(reply->type));
    else if (mark == '~')
        show_sorted(to, reply);
    else
        resp_show(to, reply);
    dredis_reply_free(reply);
}

/* The line with the real name for KEY. */
static void make_line(const char *from, char *to, size_t size)
{
    size_t n = 0;
    while (*from != '\0') {
        if (strncmp(from, "KEY", 3) == 0) {
            n += (size_t)snprintf(to + n, size - n, "diesel:test:%d", (int)getpid());
            from += 3;
        } else {
            to[n++] = *from++;
        }
        ck_assert_uint_lt(n + 1, size);
    }
    to[n] = '\0';
}

/* The text of an unknown command ends with its arguments in some versions. */
static bool are_alike(const char *real, const char *ours)
{
    static const char *const same_word[] = {
        "-ERR unknown ", "-ERR syntax", "-WRONGPASS", "-ERR wrong number",
        "-ERR Invalid", "-ERR CONFIG", "-EXECABORT"};
    if (strcmp(real, ours) == 0)
        return true;
    for (size_t i = 0; i < TEST_COUNT(same_word); i++)
        if (strncmp(real, same_word[i], strlen(same_word[i])) == 0 &&
            strncmp(ours, same_word[i], strlen(same_word[i])) == 0)
            return true;
    return false;
}

FIBER_TEST(both_reply_the_same)
{
    static struct resp_text real, ours;
    diesel_error err;
    dredis_server *server;
    dredis_session *there, *here;
    dredis_options options = {.resp = row + 2};
    size_t differences = 0;
    assert_made(server = dredis_server_open(NULL, &err));
    assert_made(there = dredis_session_open(getenv("DIESEL_TEST_REDIS_URL"),
                                            &options, &err));
    assert_made(here = dredis_session_open(dredis_server_url(server), &options,
                                           &err));
    for (size_t i = 0; i < TEST_COUNT(lines); i++) {
        char line[512];
        char mark = *lines[i] == '~' || *lines[i] == '#' ? *lines[i] : ' ';
        make_line(lines[i] + (mark != ' '), line, sizeof line);
        run_line(there, line, mark, &real);
        run_line(here, line, mark, &ours);
        if (are_alike(real.text, ours.text))
            continue;
        fprintf(stderr, "RESP%d %s\n  real: %s\n  ours: %s\n", row + 2, line, real.text,
               ours.text);
        differences++;
    }
    ck_assert_uint_eq(differences, 0);
    dredis_session_close(there);
    dredis_session_close(here);
    dredis_server_close(server);
    return 0;
}
END_TEST

/* Those that change who one is, or what is said to others, have tests of their own
 * in test_redis_server.c. */
static const char *const elsewhere[] = {
    "hello", "quit", "reset", "flushall", "subscribe", "unsubscribe", "psubscribe",
    "punsubscribe", "ssubscribe", "sunsubscribe",
};

START_TEST(every_command_is_compared)
{
    const dredis__server_command *command = NULL;
    while ((command = dredis__server_command_next(command)) != NULL) {
        bool found = false;
        size_t len = strlen(command->name);
        for (size_t i = 0; i < TEST_COUNT(elsewhere); i++)
            found = found || strcmp(elsewhere[i], command->name) == 0;
        for (size_t i = 0; i < TEST_COUNT(lines) && !found; i++) {
            const char *line = lines[i] + (*lines[i] == '~' || *lines[i] == '#');
            found = strncasecmp(line, command->name, len) == 0 &&
                    (line[len] == ' ' || line[len] == '\0');
        }
        ck_assert_msg(found, "%s is not compared", command->name);
    }
}
END_TEST

int main(void)
{
    if (getenv("DIESEL_TEST_REDIS_URL") == NULL) {
        printf("skipped: DIESEL_TEST_REDIS_URL names no Redis server\n");
        return 77;
    }
    Suite *suite = suite_create("live redis server");
    test_case_rows(suite, "the same", both_reply_the_same, 2);
    test_case(suite, "all", every_command_is_compared);
    return test_suite_run(suite);
}
