/* SPDX-License-Identifier: MIT */
/*
 * Each typed command against a real server, with RESP2 and RESP3. The server is the
 * test's own; see own_redis.h. tests/redis_generated.sh sees to it that no function
 * is forgotten here.
 */
#include <inttypes.h>
#include <math.h>

#include <diesel/redis.h>

#include "own_redis.h"

static struct own_redis server;
static dredis *redis;
static int version; /* 70015 for 7.0.15 */
static diesel_error err;
static int64_t n;
static double d;
static char *s;
static size_t len;
static dredis_reply *r;

/* A call that takes the client first and the error last gives `want`. */
#define GIVES(want, fn, ...)                                                   \
    do {                                                                       \
        int gave_ = fn(redis, ##__VA_ARGS__, &err);                            \
        ck_assert_msg(gave_ == (want), "line %d: %d %s", __LINE__, gave_,      \
                      gave_ < 0 ? err.message : "");                           \
    } while (0)
#define NUMBER(want, fn, ...)                                                  \
    do {                                                                       \
        GIVES(0, fn, ##__VA_ARGS__, &n);                                       \
        ck_assert_msg(n == (want), "line %d: %" PRId64, __LINE__, n);          \
    } while (0)
#define REAL(gives, want, fn, ...)                                             \
    do {                                                                       \
        GIVES(gives, fn, ##__VA_ARGS__, &d);                                   \
        ck_assert_msg(fabs(d - (want)) < 1e-6, "line %d: %g", __LINE__, d);    \
    } while (0)
/* A text: `want` NULL is any. */
#define TEXT(gives, want, fn, ...)                                             \
    do {                                                                       \
        const char *want_ = (want);                                            \
        GIVES(gives, fn, ##__VA_ARGS__, &s, &len);                             \
        ck_assert_msg(want_ == NULL || (s != NULL && strcmp(s, want_) == 0),   \
                      "line %d: %s", __LINE__, s);                             \
        ck_assert(s == NULL || strlen(s) <= len);                              \
        diesel_free(s);                                                        \
    } while (0)
/* A list of so many elements; -1: any number. */
#define LIST(want, fn, ...)                                                    \
    do {                                                                       \
        r = fn(redis, ##__VA_ARGS__, &err);                                    \
        ck_assert_msg(r != NULL, "line %d: %s", __LINE__, err.message);        \
        ck_assert_msg((want) < 0 || r->elements == (size_t)(want),             \
                      "line %d: %zu elements", __LINE__, r->elements);         \
        dredis_reply_free(r);                                                  \
    } while (0)
/* As many pairs. */
#define PAIRS(want, fn, ...)                                                   \
    do {                                                                       \
        r = fn(redis, ##__VA_ARGS__, &err);                                    \
        ck_assert_msg(r != NULL, "line %d: %s", __LINE__, err.message);        \
        ck_assert_msg(dredis_reply_pairs(r) == (size_t)(want),                 \
                      "line %d: %zu pairs", __LINE__, dredis_reply_pairs(r));  \
        dredis_reply_free(r);                                                  \
    } while (0)
/* The server says no; what it says begins with this number's word. */
#define REFUSES(detail_, call)                                                 \
    do {                                                                       \
        ck_assert_int_eq((intptr_t)(call), -1);                                \
        ck_assert_int_eq(err.code, DIESEL_E_SERVER);                           \
        ck_assert_int_eq(err.detail, detail_);                                 \
    } while (0)

static int read_version(void)
{
    int major = 0, minor = 0, patch = 0;
    assert_ok(dredis_info(redis, DREDIS_LIST("server"), &s, NULL, &err));
    const char *at = strstr(s, "valkey_version:");
    if (at == NULL)
        at = strstr(s, "redis_version:");
    ck_assert_ptr_nonnull(at);
    at = strchr(at, ':') + 1;
    ck_assert_int_eq(sscanf(at, "%d.%d.%d", &major, &minor, &patch), 3);
    bool valkey = strstr(s, "valkey_version:") != NULL;
    diesel_free(s);
    /* Valkey has of Redis's later commands those that it took over. */
    return valkey ? 70200 : major * 10000 + minor * 100 + patch;
}

static bool is_since(int since, const char *what)
{
    if (version >= since)
        return true;
    fprintf(stderr, "skipped: the server is too old for %s\n", what);
    return false;
}

static void strings(void)
{
    GIVES(1, dredis_set, "s", "abc", NULL);
    TEXT(1, "abc", dredis_get, "s");
    TEXT(0, NULL, dredis_get, "none");
    GIVES(0, dredis_set, "s", "x", &(dredis_set_options){.nx = true});
    GIVES(1, dredis_set, "s", "x",
          &(dredis_set_options){.xx = true, .px = 60000});
    GIVES(1, dredis_set, "s", "abc", &(dredis_set_options){.keepttl = true});
    TEXT(1, "abc", dredis_set_get, "s", "abc", NULL);
    TEXT(0, NULL, dredis_set_get, "new", "v", &(dredis_set_get_options){.ex = 9});
    NUMBER(6, dredis_append, "s", "def");
    NUMBER(6, dredis_strlen, "s");
    TEXT(0, "bcd", dredis_getrange, "s", 1, 3);
    NUMBER(6, dredis_setrange, "s", 1, "BC");
    TEXT(1, "aBCdef", dredis_getex, "s", &(dredis_getex_options){.px = 90000});
    TEXT(1, "aBCdef", dredis_getdel, "s");
    NUMBER(1, dredis_incr, "n");
    NUMBER(11, dredis_incrby, "n", 10);
    NUMBER(10, dredis_decr, "n");
    NUMBER(7, dredis_decrby, "n", 3);
    REAL(0, 7.5, dredis_incrbyfloat, "n", 0.5);
    GIVES(0, dredis_mset, DREDIS_LIST("a", 1, "b", 2));
    GIVES(0, dredis_msetnx, DREDIS_LIST("b", 1, "c", 2));
    LIST(3, dredis_mget, DREDIS_LIST("a", "b", "none"));
    GIVES(0, dredis_mset, DREDIS_LIST("x", "ohmytext", "y", "mynewtext"));
    TEXT(0, "mytext", dredis_lcs, "x", "y");
    NUMBER(6, dredis_lcs_len, "x", "y");
}

static void keys(void)
{
    GIVES(0, dredis_mset, DREDIS_LIST("a", 1, "b", 2, "c", 3));
    GIVES(1, dredis_copy, "a", "d", &(dredis_copy_options){.replace = true});
    GIVES(1, dredis_copy, "a", "d", &(dredis_copy_options){.db = 5});
    GIVES(1, dredis_del, "a");
    GIVES(0, dredis_del, "a");
    NUMBER(2, dredis_del_all, DREDIS_LIST("b", "d", "none"));
    GIVES(1, dredis_exists, "c");
    NUMBER(1, dredis_exists_all, DREDIS_LIST("c", "none"));
    GIVES(1, dredis_expire, "c", 100, NULL);
    GIVES(0, dredis_expire, "c", 100, &(dredis_expire_options){.nx = true});
    GIVES(1, dredis_expireat, "c", 4000000000, NULL);
    NUMBER(4000000000, dredis_expiretime, "c");
    GIVES(1, dredis_pexpire, "c", 100000, NULL);
    GIVES(1, dredis_pexpireat, "c", 4000000000000, NULL);
    NUMBER(4000000000000, dredis_pexpiretime, "c");
    GIVES(0, dredis_ttl, "c", &n);
    ck_assert_int_gt(n, 0);
    GIVES(0, dredis_pttl, "c", &n);
    ck_assert_int_gt(n, 0);
    GIVES(1, dredis_persist, "c");
    NUMBER(-1, dredis_ttl, "c");
    LIST(1, dredis_keys, "?");
    TEXT(1, "int", dredis_object_encoding, "c");
    GIVES(1, dredis_object_idletime, "c", &n);
    GIVES(0, dredis_object_idletime, "none", &n);
    GIVES(1, dredis_object_refcount, "c", &n);
    REFUSES(DREDIS_ERR_ERR, dredis_object_freq(redis, "c", &n, &err));
    TEXT(1, "c", dredis_randomkey);
    GIVES(1, dredis_dump, "c", &s, &len);
    GIVES(0, dredis_restore, "e", 0, diesel_bytes(s, len), NULL);
    GIVES(0, dredis_restore, "e", 5000, diesel_bytes(s, len),
          &(dredis_restore_options){.replace = true});
    diesel_free(s);
    GIVES(0, dredis_rename, "e", "f");
    GIVES(0, dredis_renamenx, "c", "f");
    NUMBER(3, dredis_rpush, "l", DREDIS_LIST(3, 1, 2));
    LIST(3, dredis_sort, "l", &(dredis_sort_options){.desc = true});
    LIST(2, dredis_sort, "l",
         &(dredis_sort_options){.limit_offset = 1, .limit_count = 2});
    LIST(6, dredis_sort, "l",
         &(dredis_sort_options){.get = DIESEL_VALUES("#", "w_*"), .n_get = 2});
    LIST(3, dredis_sort_ro, "l", NULL);
    NUMBER(3, dredis_sort_store, "l", "m", NULL);
    NUMBER(1, dredis_touch, DREDIS_LIST("l", "none"));
    TEXT(0, "list", dredis_type_of, "m");
    GIVES(1, dredis_unlink, "m");
    NUMBER(1, dredis_unlink_all, DREDIS_LIST("l", "m"));
}

/* The elements of a list of numbers are all `want`. */
static void all_are(const dredis_reply *reply, int64_t want)
{
    ck_assert_msg(reply != NULL, "%s", err.message);
    DREDIS_EACH(item, reply) {
        ck_assert_int_eq(item->type, DREDIS_INTEGER);
        ck_assert_int_eq(item->integer, want);
    }
}

#define ALL_ARE(want, fn, ...)                                                 \
    do {                                                                       \
        r = fn(redis, ##__VA_ARGS__, &err);                                    \
        all_are(r, want);                                                      \
        dredis_reply_free(r);                                                  \
    } while (0)

static void hashes_that_expire(void)
{
    NUMBER(2, dredis_hset, "t", DREDIS_LIST("a", 1, "b", 2));
    ALL_ARE(1, dredis_hexpire, "t", 100, DREDIS_LIST("a", "b"), NULL);
    ALL_ARE(0, dredis_hexpire, "t", 100, DREDIS_LIST("a"), &(dredis_hexpire_options){.nx = true});
    ALL_ARE(-2, dredis_hexpire, "t", 100, DREDIS_LIST("none"), NULL);
    ALL_ARE(1, dredis_hpexpire, "t", 100000, DREDIS_LIST("a"), NULL);
    ALL_ARE(1, dredis_hexpireat, "t", 4000000000, DREDIS_LIST("a"), NULL);
    ALL_ARE(4000000000, dredis_hexpiretime, "t", DREDIS_LIST("a"));
    ALL_ARE(1, dredis_hpexpireat, "t", 4000000000000, DREDIS_LIST("a"), NULL);
    ALL_ARE(4000000000000, dredis_hpexpiretime, "t", DREDIS_LIST("a"));
    LIST(2, dredis_httl, "t", DREDIS_LIST("a", "b"));
    LIST(2, dredis_hpttl, "t", DREDIS_LIST("a", "b"));
    ALL_ARE(1, dredis_hpersist, "t", DREDIS_LIST("a"));
    ALL_ARE(-1, dredis_httl, "t", DREDIS_LIST("a"));
    if (!is_since(80000, "HGETEX, HSETEX, HGETDEL"))
        return;
    GIVES(1, dredis_hsetex, "t", DREDIS_LIST("c", 3, "d", 4), &(dredis_hsetex_options){.px = 50000});
    GIVES(0, dredis_hsetex, "t", DREDIS_LIST("c", 3), &(dredis_hsetex_options){.fnx = true});
    LIST(2, dredis_hgetex, "t", DREDIS_LIST("c", "none"), &(dredis_hgetex_options){.persist = true});
    LIST(2, dredis_hgetdel, "t", DREDIS_LIST("c", "d"));
}

static void hashes(void)
{
    NUMBER(2, dredis_hset, "h", DREDIS_LIST("a", 1, "b", "two"));
    GIVES(0, dredis_hsetnx, "h", "a", 5);
    TEXT(1, "two", dredis_hget, "h", "b");
    TEXT(0, NULL, dredis_hget, "h", "c");
    PAIRS(2, dredis_hgetall, "h");
    LIST(3, dredis_hmget, "h", DREDIS_LIST("a", "b", "c"));
    GIVES(1, dredis_hexists, "h", "a");
    NUMBER(4, dredis_hincrby, "h", "a", 3);
    REAL(0, 4.25, dredis_hincrbyfloat, "h", "a", 0.25);
    LIST(2, dredis_hkeys, "h");
    LIST(2, dredis_hvals, "h");
    NUMBER(2, dredis_hlen, "h");
    NUMBER(3, dredis_hstrlen, "h", "b");
    TEXT(1, NULL, dredis_hrandfield, "h");
    LIST(2, dredis_hrandfield_count, "h", 5);
    PAIRS(1, dredis_hrandfield_values, "h", 1);
    NUMBER(1, dredis_hdel, "h", DREDIS_LIST("a", "none"));
    if (is_since(70400, "fields that expire"))
        hashes_that_expire();
}

static void lists(void)
{
    NUMBER(3, dredis_rpush, "l", DREDIS_LIST("b", "c", "d"));
    NUMBER(4, dredis_lpush, "l", DREDIS_LIST("a"));
    NUMBER(0, dredis_lpushx, "none", DREDIS_LIST("a"));
    NUMBER(5, dredis_rpushx, "l", DREDIS_LIST("c"));
    TEXT(1, "a", dredis_lindex, "l", 0);
    NUMBER(6, dredis_linsert, "l", DREDIS_SIDE_BEFORE, "c", "x");
    NUMBER(-1, dredis_linsert, "l", DREDIS_SIDE_AFTER, "none", "x");
    NUMBER(6, dredis_llen, "l");
    GIVES(1, dredis_lpos, "l", "c", NULL, &n);
    ck_assert_int_eq(n, 3);
    GIVES(0, dredis_lpos, "l", "none", &(dredis_lpos_options){.rank = 2}, &n);
    LIST(2, dredis_lpos_all, "l", "c", 0, NULL);
    LIST(6, dredis_lrange, "l", 0, -1);
    NUMBER(1, dredis_lrem, "l", 1, "x");
    GIVES(0, dredis_lset, "l", 0, "A");
    TEXT(1, "A", dredis_lmove, "l", "m", DREDIS_END_LEFT, DREDIS_END_RIGHT);
    TEXT(1, "A", dredis_blmove, "m", "l", DREDIS_END_LEFT, DREDIS_END_LEFT, 1.5);
    LIST(2, dredis_lmpop, DREDIS_LIST("m", "l"), DREDIS_END_LEFT, NULL);
    LIST(2, dredis_blmpop, 1, DREDIS_LIST("l"), DREDIS_END_RIGHT,
         &(dredis_blmpop_options){.count = 1});
    LIST(2, dredis_blpop, DREDIS_LIST("m", "l"), 1);
    LIST(2, dredis_brpop, DREDIS_LIST("l"), 1);
    r = dredis_blpop(redis, DREDIS_LIST("none"), 0.01, &err);
    ck_assert(r != NULL && dredis_reply_is_nil(r));
    dredis_reply_free(r);
    NUMBER(4, dredis_rpush, "l", DREDIS_LIST(1, 2, 3));
    TEXT(1, NULL, dredis_lpop, "l");
    TEXT(1, "3", dredis_rpop, "l");
    LIST(1, dredis_lpop_count, "l", 1);
    LIST(1, dredis_rpop_count, "l", 1);
    TEXT(0, NULL, dredis_rpop, "l");
    NUMBER(3, dredis_rpush, "l", DREDIS_LIST(1, 2, 3));
    GIVES(0, dredis_ltrim, "l", 0, 0);
    NUMBER(1, dredis_llen, "l");
}

static void sets(void)
{
    NUMBER(3, dredis_sadd, "a", DREDIS_LIST(1, 2, 3));
    NUMBER(2, dredis_sadd, "b", DREDIS_LIST(3, 4));
    NUMBER(3, dredis_scard, "a");
    LIST(2, dredis_sdiff, DREDIS_LIST("a", "b"));
    NUMBER(2, dredis_sdiffstore, "c", DREDIS_LIST("a", "b"));
    LIST(1, dredis_sinter, DREDIS_LIST("a", "b"));
    NUMBER(1, dredis_sintercard, DREDIS_LIST("a", "b"), NULL);
    NUMBER(1, dredis_sintercard, DREDIS_LIST("a", "b"),
           &(dredis_sintercard_options){.limit = 1});
    NUMBER(1, dredis_sinterstore, "c", DREDIS_LIST("a", "b"));
    GIVES(1, dredis_sismember, "a", 1);
    LIST(3, dredis_smembers, "a");
    LIST(2, dredis_smismember, "a", DREDIS_LIST(1, 9));
    GIVES(1, dredis_smove, "a", "b", 1);
    TEXT(1, NULL, dredis_srandmember, "a");
    LIST(2, dredis_srandmember_count, "a", 5);
    TEXT(1, NULL, dredis_spop, "a");
    LIST(1, dredis_spop_count, "a", 5);
    TEXT(0, NULL, dredis_spop, "a");
    NUMBER(1, dredis_srem, "b", DREDIS_LIST(1, 9));
    LIST(2, dredis_sunion, DREDIS_LIST("a", "b"));
    NUMBER(2, dredis_sunionstore, "c", DREDIS_LIST("a", "b"));
}

static void sorted_sets(void)
{
    NUMBER(3, dredis_zadd, "a", DREDIS_LIST(1, "x", 2.5, "y", INFINITY, "z"),
           NULL);
    NUMBER(0, dredis_zadd, "a", DREDIS_LIST(9, "x"),
           &(dredis_zadd_options){.nx = true});
    NUMBER(1, dredis_zadd, "b", DREDIS_LIST(1, "x"), NULL);
    REAL(1, 3, dredis_zadd_incr, "a", DREDIS_LIST(2, "x"), NULL);
    GIVES(0, dredis_zadd_incr, "a", DREDIS_LIST(2, "x"),
          &(dredis_zadd_incr_options){.nx = true}, &d);
    NUMBER(3, dredis_zcard, "a");
    NUMBER(2, dredis_zcount, "a", "-inf", 3);
    LIST(2, dredis_zdiff, DREDIS_LIST("a", "b"));
    PAIRS(2, dredis_zdiff_scores, DREDIS_LIST("a", "b"));
    NUMBER(2, dredis_zdiffstore, "c", DREDIS_LIST("a", "b"));
    REAL(0, 1, dredis_zincrby, "a", -2, "x");
    LIST(1, dredis_zinter, DREDIS_LIST("a", "b"), NULL);
    PAIRS(1, dredis_zinter_scores, DREDIS_LIST("a", "b"),
          &(dredis_zinter_scores_options){.weights = DIESEL_VALUES(2, 3),
                                          .n_weights = 2,
                                          .aggregate = "MAX"});
    NUMBER(1, dredis_zintercard, DREDIS_LIST("a", "b"), NULL);
    NUMBER(1, dredis_zinterstore, "c", DREDIS_LIST("a", "b"), NULL);
    NUMBER(3, dredis_zlexcount, "a", "-", "+");
    LIST(2, dredis_zmpop, DREDIS_LIST("c"), DREDIS_EXTREME_MIN, NULL);
    NUMBER(1, dredis_zadd, "c", DREDIS_LIST(1, "q"), NULL);
    LIST(2, dredis_bzmpop, 1, DREDIS_LIST("c"), DREDIS_EXTREME_MAX, NULL);
    NUMBER(3, dredis_zadd, "c", DREDIS_LIST(1, "q", 2, "p", 3, "o"), NULL);
    LIST(3, dredis_bzpopmax, DREDIS_LIST("c"), 1);
    LIST(3, dredis_bzpopmin, DREDIS_LIST("c"), 1);
    LIST(2, dredis_zpopmin, "c");
    LIST(2, dredis_zmscore, "a", DREDIS_LIST("x", "none"));
    TEXT(1, NULL, dredis_zrandmember, "a");
    LIST(2, dredis_zrandmember_count, "a", 2);
    PAIRS(2, dredis_zrandmember_scores, "a", 2);
    LIST(3, dredis_zrange, "a", 0, -1, NULL);
    LIST(2, dredis_zrange, "a", "-inf", "(99",
         &(dredis_zrange_options){.byscore = true});
    LIST(1, dredis_zrange, "a", "+inf", "-inf",
         &(dredis_zrange_options){.byscore = true,
                                  .rev = true,
                                  .limit_offset = 0,
                                  .limit_count = 1});
    PAIRS(3, dredis_zrange_scores, "a", 0, -1, NULL);
    NUMBER(3, dredis_zrangestore, "c", "a", 0, -1, NULL);
    GIVES(1, dredis_zrank, "a", "y", &n);
    ck_assert_int_eq(n, 1);
    GIVES(0, dredis_zrank, "a", "none", &n);
    GIVES(1, dredis_zrevrank, "a", "z", &n);
    ck_assert_int_eq(n, 0);
    REAL(1, 2.5, dredis_zscore, "a", "y");
    GIVES(1, dredis_zscore, "a", "z", &d);
    ck_assert(isinf(d));
    GIVES(0, dredis_zscore, "a", "none", &d);
    LIST(3, dredis_zunion, DREDIS_LIST("a", "b"), NULL);
    PAIRS(3, dredis_zunion_scores, DREDIS_LIST("a", "b"), NULL);
    NUMBER(3, dredis_zunionstore, "d", DREDIS_LIST("a", "b"), NULL);
    LIST(2, dredis_zpopmax, "d");
    LIST(-1, dredis_zpopmax_count, "d", 1);
    LIST(-1, dredis_zpopmin_count, "d", 1);
    NUMBER(1, dredis_zrem, "a", DREDIS_LIST("z", "none"));
    NUMBER(1, dredis_zremrangebyrank, "a", 0, 0);
    NUMBER(1, dredis_zremrangebyscore, "a", 2, "(3");
    NUMBER(3, dredis_zremrangebylex, "c", "-", "+");
}

static void streams(void)
{
    TEXT(1, "1-1", dredis_xadd, "x", "1-1", DREDIS_LIST("f", "v"), NULL);
    TEXT(1, NULL, dredis_xadd, "x", "*", DREDIS_LIST("f", "v", "g", 2),
         &(dredis_xadd_options){.maxlen = diesel_int(1000), .nearly = true});
    TEXT(0, NULL, dredis_xadd, "none", "*", DREDIS_LIST("f", "v"),
         &(dredis_xadd_options){.nomkstream = true});
    NUMBER(2, dredis_xlen, "x");
    LIST(2, dredis_xrange, "x", "-", "+", NULL);
    LIST(1, dredis_xrevrange, "x", "+", "-",
         &(dredis_xrevrange_options){.count = 1});
    GIVES(0, dredis_xgroup_create, "x", "g", 0, NULL);
    GIVES(0, dredis_xgroup_create, "y", "g", "$",
          &(dredis_xgroup_create_options){.mkstream = true});
    GIVES(1, dredis_xgroup_createconsumer, "x", "g", "ann");
    PAIRS(1, dredis_xread, DIESEL_VALUES("x"), DIESEL_VALUES("0"), 1, NULL);
    PAIRS(1, dredis_xreadgroup, "g", "ann", DIESEL_VALUES("x"),
          DIESEL_VALUES(">"), 1, &(dredis_xreadgroup_options){.count = 5});
    r = dredis_xread(redis, DIESEL_VALUES("x", "y"), DIESEL_VALUES("$", "$"), 2,
                     &(dredis_xread_options){.block = diesel_int(5)}, &err);
    ck_assert(r != NULL && dredis_reply_is_nil(r));
    dredis_reply_free(r);
    LIST(4, dredis_xpending, "x", "g");
    LIST(2, dredis_xpending_range, "x", "g", "-", "+", 10, NULL);
    LIST(0, dredis_xpending_range, "x", "g", "-", "+", 10,
         &(dredis_xpending_range_options){.consumer = diesel_str("bob")});
    LIST(1, dredis_xclaim, "x", "g", "bob", 0, DREDIS_LIST("1-1"), NULL);
    LIST(1, dredis_xclaim, "x", "g", "bob", 0, DREDIS_LIST("1-1"),
         &(dredis_xclaim_options){.justid = true});
    LIST(3, dredis_xautoclaim, "x", "g", "bob", 0, "0", NULL);
    NUMBER(1, dredis_xack, "x", "g", DREDIS_LIST("1-1"));
    LIST(2, dredis_xinfo_consumers, "x", "g");
    LIST(1, dredis_xinfo_groups, "x");
    r = dredis_xinfo_stream(redis, "x", &err);
    ck_assert_int_eq(dredis_reply_field(r, "length")->integer, 2);
    dredis_reply_free(r);
    LIST(-1, dredis_xinfo_stream_full, "x",
         &(dredis_xinfo_stream_full_options){.count = 1});
    NUMBER(1, dredis_xgroup_delconsumer, "x", "g", "bob");
    GIVES(0, dredis_xgroup_setid, "x", "g", "$", NULL);
    GIVES(1, dredis_xgroup_destroy, "x", "g");
    NUMBER(1, dredis_xdel, "x", DREDIS_LIST("1-1"));
    NUMBER(1, dredis_xtrim, "x",
           &(dredis_xtrim_options){.maxlen = diesel_int(0)});
    GIVES(0, dredis_xsetid, "x", "9999999999999-1", NULL);
}

static void geo(void)
{
    NUMBER(2, dredis_geoadd, "g",
           DREDIS_LIST(13.361389, 38.115556, "Palermo", 15.087269, 37.502669,
                       "Catania"),
           NULL);
    GIVES(1, dredis_geodist, "g", "Palermo", "Catania", NULL, &d);
    ck_assert(d > 166000 && d < 167000);
    GIVES(1, dredis_geodist, "g", "Palermo", "Catania",
          &(dredis_geodist_options){.km = true}, &d);
    ck_assert(d > 166 && d < 167);
    GIVES(0, dredis_geodist, "g", "Palermo", "none", NULL, &d);
    LIST(2, dredis_geohash, "g", DREDIS_LIST("Palermo", "Catania"));
    LIST(2, dredis_geopos, "g", DREDIS_LIST("Palermo", "none"));
    LIST(1, dredis_geosearch, "g", 15, 37, 100, DREDIS_UNIT_KM, NULL);
    LIST(2, dredis_geosearch, "g", 15, 37, 500, DREDIS_UNIT_KM,
         &(dredis_geosearch_options){.withdist = true, .asc = true, .count = 2});
    LIST(2, dredis_geosearch_member, "g", "Palermo", 200000, DREDIS_UNIT_M,
         NULL);
    LIST(2, dredis_geosearch_box, "g", 15, 37, 400, 400, DREDIS_UNIT_KM, NULL);
    NUMBER(2, dredis_geosearchstore, "to", "g", 15, 37, 500, DREDIS_UNIT_MI,
           NULL);
}

static void bitmaps(void)
{
    NUMBER(0, dredis_setbit, "b", 7, 1);
    NUMBER(1, dredis_getbit, "b", 7);
    GIVES(1, dredis_set, "c", "foobar", NULL);
    NUMBER(26, dredis_bitcount, "c");
    NUMBER(6, dredis_bitcount_range, "c", 1, 1, NULL);
    NUMBER(17, dredis_bitcount_range, "c", 5, 30,
           &(dredis_bitcount_range_options){.bit = true});
    NUMBER(7, dredis_bitpos, "b", 1);
    NUMBER(7, dredis_bitpos_range, "b", 1, 0, -1, NULL);
    NUMBER(6, dredis_bitop, DREDIS_BITOP_AND, "d", DREDIS_LIST("b", "c"));
    NUMBER(6, dredis_bitop, DREDIS_BITOP_NOT, "d", DREDIS_LIST("c"));
    LIST(2, dredis_bitfield, "f",
         DREDIS_LIST("INCRBY", "i5", 100, 1, "GET", "u4", 0));
    LIST(1, dredis_bitfield_ro, "f", DREDIS_LIST("GET", "i5", 100));
}

static void hyperloglog(void)
{
    GIVES(1, dredis_pfadd, "p", DREDIS_LIST("a", "b", "c"));
    GIVES(0, dredis_pfadd, "p", DREDIS_LIST("a"));
    GIVES(1, dredis_pfadd, "q", DREDIS_LIST("c", "d"));
    NUMBER(4, dredis_pfcount, DREDIS_LIST("p", "q"));
    GIVES(0, dredis_pfmerge, "m", DREDIS_LIST("p", "q"));
    NUMBER(4, dredis_pfcount, DREDIS_LIST("m"));
}

static const char library[] =
    "#!lua name=lib\n"
    "redis.register_function{function_name='f', flags={'no-writes'},\n"
    "    callback=function(keys, args) return #keys * 10 + #args end}\n";

/* The reply is an integer. */
static void is_integer(dredis_reply *reply, int64_t want)
{
    ck_assert_msg(reply != NULL, "%s", err.message);
    ck_assert_int_eq(reply->type, DREDIS_INTEGER);
    ck_assert_int_eq(reply->integer, want);
    dredis_reply_free(reply);
}

static void scripting(void)
{
    static const char count[] = "return #KEYS * 10 + #ARGV";
    is_integer(dredis_eval(redis, count, DREDIS_LIST("k"), NULL, 0, &err), 10);
    is_integer(dredis_eval_ro(redis, count, DREDIS_LIST("k"), DREDIS_LIST(1, 2),
                              &err),
               12);
    GIVES(0, dredis_script_load, count, &s, NULL);
    is_integer(dredis_evalsha(redis, s, NULL, 0, DREDIS_LIST(1), &err), 1);
    is_integer(dredis_evalsha_ro(redis, s, NULL, 0, NULL, 0, &err), 0);
    ALL_ARE(1, dredis_script_exists, DREDIS_LIST(s));
    GIVES(0, dredis_script_flush, NULL);
    ALL_ARE(0, dredis_script_exists, DREDIS_LIST(s));
    diesel_free(s);
    REFUSES(DREDIS_ERR_NOTBUSY, dredis_script_kill(redis, &err));
    TEXT(0, "lib", dredis_function_load, library, NULL);
    TEXT(0, "lib", dredis_function_load, library,
         &(dredis_function_load_options){.replace = true});
    is_integer(
        dredis_fcall(redis, "f", DREDIS_LIST("a", "b"), DREDIS_LIST(1), &err),
        21);
    is_integer(dredis_fcall_ro(redis, "f", NULL, 0, NULL, 0, &err), 0);
    LIST(1, dredis_function_list, NULL);
    LIST(-1, dredis_function_stats);
    GIVES(0, dredis_function_dump, &s, &len);
    GIVES(0, dredis_function_delete, "lib");
    GIVES(0, dredis_function_restore, diesel_bytes(s, len), NULL);
    GIVES(0, dredis_function_restore, diesel_bytes(s, len),
          &(dredis_function_restore_options){.replace = true});
    diesel_free(s);
    GIVES(0, dredis_function_flush,
          &(dredis_function_flush_options){.sync = true});
    REFUSES(DREDIS_ERR_NOTBUSY, dredis_function_kill(redis, &err));
}

/* A client beside ours that listens to what we publish. */
static dredis_subscription *begin_listening(dredis **listener)
{
    assert_made(*listener = dredis_open(server.url, NULL, &err));
    dredis_subscription *s_ = dredis_subscription_open(*listener, NULL, &err);
    assert_made(s_);
    assert_ok(dredis_subscribe(s_, "news", &err));
    assert_ok(dredis_psubscribe(s_, "n*", &err));
    assert_ok(dredis_ssubscribe(s_, "shard", &err));
    return s_;
}

static void hears(dredis_subscription *subscription, const char *want)
{
    dredis_message message;
    ck_assert_int_eq(
        dredis_receive(subscription, &message, DIESEL_FOREVER, &err), 1);
    ck_assert_str_eq(message.data, want);
    dredis_message_clear(&message);
}

static void counts_one(const char *channel)
{
    const dredis_reply *key, *value;
    ck_assert_ptr_nonnull(r);
    ck_assert_uint_eq(dredis_reply_pairs(r), 1);
    dredis_reply_pair(r, 0, &key, &value);
    ck_assert_str_eq(key->str, channel);
    ck_assert_int_eq(value->integer, 1);
    dredis_reply_free(r);
}

static void publishing(void)
{
    dredis *listener;
    dredis_subscription *subscription = begin_listening(&listener);
    NUMBER(2, dredis_publish, "news", 7);
    hears(subscription, "7");
    hears(subscription, "7");
    NUMBER(1, dredis_spublish, "shard", "text");
    hears(subscription, "text");
    NUMBER(0, dredis_publish, "old", "x");
    LIST(1, dredis_pubsub_channels, "*");
    LIST(0, dredis_pubsub_channels, "x*");
    NUMBER(1, dredis_pubsub_numpat);
    r = dredis_pubsub_numsub(redis, DREDIS_LIST("news"), &err);
    counts_one("news");
    LIST(1, dredis_pubsub_shardchannels, "s*");
    r = dredis_pubsub_shardnumsub(redis, DREDIS_LIST("shard"), &err);
    counts_one("shard");
    dredis_subscription_close(subscription);
    dredis_close(listener);
}

static void clients(void)
{
    dredis *other;
    assert_made(other = dredis_open(server.url, NULL, &err));
    int64_t id;
    assert_ok(dredis_client_id(other, &id, &err));
    NUMBER(1, dredis_client_kill, DREDIS_LIST("ID", id, "TYPE", "normal"));
    NUMBER(0, dredis_client_kill, DREDIS_LIST("ID", id));
    dredis_close(other);
    TEXT(0, NULL, dredis_client_getname);
    GIVES(0, dredis_client_id, &n);
    GIVES(0, dredis_client_unblock, n, NULL); /* it does not wait */
    TEXT(0, NULL, dredis_client_info);
    GIVES(0, dredis_client_list, &s, NULL);
    ck_assert_ptr_nonnull(strstr(s, "resp="));
    diesel_free(s);
    GIVES(0, dredis_client_pause, 1, &(dredis_client_pause_options){.write = true});
    GIVES(0, dredis_client_unpause);
}

static void latencies(void)
{
    TEXT(0, NULL, dredis_latency_doctor);
    LIST(0, dredis_latency_history, "command");
    LIST(0, dredis_latency_latest);
    PAIRS(2, dredis_latency_histogram, DREDIS_LIST("set", "echo"));
    NUMBER(0, dredis_latency_reset, DREDIS_LIST("command"));
    TEXT(0, NULL, dredis_memory_doctor);
    GIVES(0, dredis_memory_purge);
    LIST(-1, dredis_memory_stats);
    GIVES(1, dredis_memory_usage, "k", NULL, &n);
    GIVES(0, dredis_memory_usage, "none",
          &(dredis_memory_usage_options){.samples = diesel_int(0)}, &n);
    LIST(0, dredis_slowlog_get, NULL);
    NUMBER(0, dredis_slowlog_len);
    GIVES(0, dredis_slowlog_reset);
}

static void server_itself(void)
{
    GIVES(1, dredis_set, "k", "v", NULL);
    TEXT(0, "PONG", dredis_ping);
    TEXT(0, "hello", dredis_echo, "hello");
    LIST(2, dredis_time);
    NUMBER(1, dredis_dbsize);
    GIVES(0, dredis_command_count, &n);
    ck_assert_int_gt(n, 200);
    LIST(1, dredis_command_getkeys, "SET", DREDIS_LIST("k", "v"));
    TEXT(0, NULL, dredis_info, NULL, 0);
    TEXT(0, NULL, dredis_lolwut);
    LIST(3, dredis_role);
    LIST(-1, dredis_module_list);
    latencies();
    GIVES(0, dredis_config_set, DREDIS_LIST("maxclients", 999, "hz", 11));
    PAIRS(1, dredis_config_get, DREDIS_LIST("maxclients"));
    GIVES(0, dredis_config_resetstat);
    REFUSES(DREDIS_ERR_ERR, dredis_config_rewrite(redis, &err)); /* no file */
    GIVES(0, dredis_lastsave, &n);
    GIVES(0, dredis_save);
    TEXT(0, NULL, dredis_bgsave, NULL);
    TEXT(0, NULL, dredis_bgrewriteaof);
    GIVES(1, dredis_move, "k", 5);
    GIVES(0, dredis_swapdb, 0, 5);
    GIVES(1, dredis_exists, "k");
    clients();
    GIVES(0, dredis_flushdb, &(dredis_flushdb_options){.async = true});
    GIVES(0, dredis_flushall, NULL);
    NUMBER(0, dredis_dbsize);
}

static void acl(void)
{
    LIST(-1, dredis_acl_cat, NULL);
    LIST(-1, dredis_acl_cat,
         &(dredis_acl_cat_options){.category = diesel_str("read")});
    GIVES(0, dredis_acl_setuser, "ann", DREDIS_LIST("on", "nopass", "+get", "~*"));
    TEXT(0, "OK", dredis_acl_dryrun, "ann", "GET", DREDIS_LIST("k"));
    TEXT(0, NULL, dredis_acl_dryrun, "ann", "SET", DREDIS_LIST("k", "v"));
    TEXT(0, NULL, dredis_acl_genpass, NULL);
    GIVES(0, dredis_acl_genpass, &(dredis_acl_genpass_options){.bits = 32}, &s,
          &len);
    ck_assert_uint_eq(len, 8);
    diesel_free(s);
    LIST(-1, dredis_acl_getuser, "ann");
    LIST(2, dredis_acl_list);
    LIST(2, dredis_acl_users);
    TEXT(0, "default", dredis_acl_whoami);
    LIST(0, dredis_acl_log, NULL);
    LIST(0, dredis_acl_log, &(dredis_acl_log_options){.reset = true});
    NUMBER(1, dredis_acl_deluser, DREDIS_LIST("ann", "none"));
    REFUSES(DREDIS_ERR_ERR, dredis_acl_load(redis, &err)); /* there is no file */
    REFUSES(DREDIS_ERR_ERR, dredis_acl_save(redis, &err));
}

static void (*const groups[])(void) = {
    strings, keys,        hashes,    lists,         sets, sorted_sets, streams,
    geo,     bitmaps,     hyperloglog, publishing,  scripting, server_itself, acl,
};

static unsigned begun, ended;

static void see_start(void *arg, dredis_event *event)
{
    event->note = arg;
    begun++;
}

static void see_end(void *arg, const dredis_event *event)
{
    char text[64];
    ck_assert_ptr_eq(event->note, arg);
    ck_assert_uint_gt(dredis_event_text(event, 0, text, sizeof text), 0);
    ck_assert_str_ne(event->command, "other");
    ck_assert_uint_eq(event->commands, 1);
    ck_assert_uint_gt(event->received, 0);
    ended++;
}

/* With RESP3, hooks look at each command. */
static int run_group(void *arg)
{
    int row = *(int *)arg;
    dredis_hooks hooks = {see_start, see_end, &server};
    dredis_options options = {.resp = 2 + row % 2,
                              .hooks = row % 2 == 1 ? &hooks : NULL};
    assert_made(redis = dredis_open(server.url, &options, &err));
    version = read_version();
    groups[row / 2]();
    dredis_close(redis);
    ck_assert_uint_eq(begun, ended);
    ck_assert(row % 2 == 0 || ended > 1);
    return 0;
}

/* Two rows for each group: RESP2 and RESP3. */
START_TEST(each_command_does_what_its_function_says)
{
    if (!own_redis_start(&server, "redis", NULL))
        return;
    test_run(run_group, &_i);
    own_redis_stop(&server);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("live_redis_commands");
    test_case_rows(suite, "groups", each_command_does_what_its_function_says,
                   2 * TEST_COUNT(groups));
    return test_suite_run(suite);
}
