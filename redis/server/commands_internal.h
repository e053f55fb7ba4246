/* SPDX-License-Identifier: MIT */
/*
 * The test server's commands: one row each.
 *
 * X(name, arity, flags): with the name, and negative if there may be more, as in
 * COMMAND; dredis__run_NAME() runs it.
 */
#ifndef DREDIS_SERVER_COMMANDS_INTERNAL_H
#define DREDIS_SERVER_COMMANDS_INTERNAL_H

#include "server/engine_internal.h"

#define W DREDIS__WRITES
#define R DREDIS__READS
#define SUB DREDIS__SUBSCRIBED

#define DREDIS__SERVER_COMMANDS(X)                                             \
    /* cmd_connection.c */                                                     \
    X(auth, -2, DREDIS__ANYONE | DREDIS__GREETING)                             \
    X(client, -2, DREDIS__GREETING)                                            \
    X(echo, 2, 0)                                                              \
    X(hello, -1, DREDIS__ANYONE | DREDIS__GREETING | DREDIS__NEVER_QUEUED)     \
    X(ping, -1, SUB)                                                           \
    X(quit, -1, DREDIS__ANYONE | DREDIS__UNQUEUED | SUB)                       \
    X(reset, 1, DREDIS__ANYONE | DREDIS__UNQUEUED | SUB)                       \
    X(select, 2, DREDIS__GREETING)                                             \
    /* cmd_server.c */                                                         \
    X(command, -1, 0)                                                          \
    X(config, -2, 0)                                                           \
    X(dbsize, 1, 0)                                                            \
    X(flushall, -1, W)                                                         \
    X(flushdb, -1, W)                                                          \
    X(info, -1, 0)                                                             \
    X(time, 1, 0)                                                              \
    X(wait, 3, 0)                                                              \
    /* multi.c */                                                        \
    X(discard, 1, DREDIS__UNQUEUED)                                            \
    X(exec, 1, DREDIS__UNQUEUED)                                               \
    X(multi, 1, DREDIS__UNQUEUED)                                              \
    X(unwatch, 1, 0)                                                           \
    X(watch, -2, DREDIS__UNQUEUED)                                             \
    /* pubsub.c */                                                             \
    X(psubscribe, -2, DREDIS__NEVER_QUEUED | SUB)                              \
    X(publish, 3, 0)                                                           \
    X(pubsub, -2, 0)                                                           \
    X(punsubscribe, -1, DREDIS__NEVER_QUEUED | SUB)                            \
    X(spublish, 3, 0)                                                          \
    X(ssubscribe, -2, DREDIS__NEVER_QUEUED | SUB)                              \
    X(subscribe, -2, DREDIS__NEVER_QUEUED | SUB)                               \
    X(sunsubscribe, -1, DREDIS__NEVER_QUEUED | SUB)                            \
    X(unsubscribe, -1, DREDIS__NEVER_QUEUED | SUB)                             \
    /* cmd_keys.c */                                                           \
    X(copy, -3, W)                                                             \
    X(del, -2, W)                                                              \
    X(exists, -2, R)                                                           \
    X(expire, -3, W)                                                           \
    X(expireat, -3, W)                                                         \
    X(expiretime, 2, R)                                                        \
    X(keys, 2, 0)                                                              \
    X(persist, 2, W)                                                           \
    X(pexpire, -3, W)                                                          \
    X(pexpireat, -3, W)                                                        \
    X(pexpiretime, 2, R)                                                       \
    X(pttl, 2, R)                                                              \
    X(randomkey, 1, 0)                                                         \
    X(rename, 3, W)                                                            \
    X(renamenx, 3, W)                                                          \
    X(touch, -2, R)                                                            \
    X(ttl, 2, R)                                                               \
    X(type, 2, R)                                                              \
    X(unlink, -2, W)                                                           \
    /* cmd_scan.c */                                                           \
    X(hscan, -3, R)                                                            \
    X(scan, -2, 0)                                                             \
    X(sscan, -3, R)                                                            \
    X(zscan, -3, R)                                                            \
    /* cmd_strings.c */                                                        \
    X(append, 3, W)                                                            \
    X(decr, 2, W)                                                              \
    X(decrby, 3, W)                                                            \
    X(get, 2, R)                                                               \
    X(getdel, 2, W)                                                            \
    X(getex, -2, W)                                                            \
    X(getrange, 4, R)                                                          \
    X(getset, 3, W)                                                            \
    X(incr, 2, W)                                                              \
    X(incrby, 3, W)                                                            \
    X(incrbyfloat, 3, W)                                                       \
    X(mget, -2, R)                                                             \
    X(mset, -3, W)                                                             \
    X(msetnx, -3, W)                                                           \
    X(psetex, 4, W)                                                            \
    X(set, -3, W)                                                              \
    X(setex, 4, W)                                                             \
    X(setnx, 3, W)                                                             \
    X(setrange, 4, W)                                                          \
    X(strlen, 2, R)                                                            \
    /* cmd_hashes.c */                                                         \
    X(hdel, -3, W)                                                             \
    X(hexists, 3, R)                                                           \
    X(hget, 3, R)                                                              \
    X(hgetall, 2, R)                                                           \
    X(hincrby, 4, W)                                                           \
    X(hincrbyfloat, 4, W)                                                      \
    X(hkeys, 2, R)                                                             \
    X(hlen, 2, R)                                                              \
    X(hmget, -3, R)                                                            \
    X(hmset, -4, W)                                                            \
    X(hset, -4, W)                                                             \
    X(hsetnx, 4, W)                                                            \
    X(hstrlen, 3, R)                                                           \
    X(hvals, 2, R)                                                             \
    /* cmd_lists.c */                                                          \
    X(blmove, 6, W)                                                            \
    X(blpop, -3, W)                                                            \
    X(brpop, -3, W)                                                            \
    X(brpoplpush, 4, W)                                                        \
    X(lindex, 3, R)                                                            \
    X(linsert, 5, W)                                                           \
    X(llen, 2, R)                                                              \
    X(lmove, 5, W)                                                             \
    X(lpop, -2, W)                                                             \
    X(lpush, -3, W)                                                            \
    X(lpushx, -3, W)                                                           \
    X(lrange, 4, R)                                                            \
    X(lrem, 4, W)                                                              \
    X(lset, 4, W)                                                              \
    X(ltrim, 4, W)                                                             \
    X(rpop, -2, W)                                                             \
    X(rpoplpush, 3, W)                                                         \
    X(rpush, -3, W)                                                            \
    X(rpushx, -3, W)                                                           \
    /* cmd_sets.c */                                                           \
    X(sadd, -3, W)                                                             \
    X(scard, 2, R)                                                             \
    X(sdiff, -2, R)                                                            \
    X(sdiffstore, -3, W)                                                       \
    X(sinter, -2, R)                                                           \
    X(sinterstore, -3, W)                                                      \
    X(sismember, 3, R)                                                         \
    X(smembers, 2, R)                                                          \
    X(smismember, -3, R)                                                       \
    X(smove, 4, W)                                                             \
    X(spop, -2, W)                                                             \
    X(srandmember, -2, R)                                                      \
    X(srem, -3, W)                                                             \
    X(sunion, -2, R)                                                           \
    X(sunionstore, -3, W)                                                      \
    /* cmd_zsets.c, cmd_zranges.c */                                           \
    X(bzpopmax, -3, W)                                                         \
    X(bzpopmin, -3, W)                                                         \
    X(zadd, -4, W)                                                             \
    X(zcard, 2, R)                                                             \
    X(zcount, 4, R)                                                            \
    X(zincrby, 4, W)                                                           \
    X(zmscore, -3, R)                                                          \
    X(zpopmax, -2, W)                                                          \
    X(zpopmin, -2, W)                                                          \
    X(zrange, -4, R)                                                           \
    X(zrangebyscore, -4, R)                                                    \
    X(zrank, 3, R)                                                             \
    X(zrem, -3, W)                                                             \
    X(zremrangebyrank, 4, W)                                                   \
    X(zremrangebyscore, 4, W)                                                  \
    X(zrevrange, -4, R)                                                        \
    X(zrevrangebyscore, -4, R)                                                 \
    X(zrevrank, 3, R)                                                          \
    X(zscore, 3, R)

#define DREDIS__DECLARE_RUN(name, arity, flags)                                \
    void dredis__run_##name(dredis__call *call);
DREDIS__SERVER_COMMANDS(DREDIS__DECLARE_RUN)
#undef DREDIS__DECLARE_RUN

/* cmd_lists.c: the time-out in seconds at i into call->until, as a time on the
 * server's clock. 0, or -1, and the error has been said. */
int dredis__arg_timeout(dredis__call *call, size_t i);

#undef W
#undef R
#undef SUB

#endif
