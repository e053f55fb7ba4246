/* SPDX-License-Identifier: MIT */
/*
 * Transactions: commands that run together, with nothing between them, or not at all.
 *
 *     dredis_transaction *t = dredis_transaction_new(redis, NULL, &err);
 *     dredis_transaction_add(t, &err, "DECRBY", "account:1", 10);
 *     dredis_transaction_add(t, &err, "INCRBY", "account:2", 10);
 *     if (dredis_transaction_run(t, &err) < 0 ||
 *         dredis_transaction_check(t, &err) < 0)
 *         ...
 *     dredis_transaction_free(t);
 *
 * MULTI, the commands and EXEC leave in one write over the shared connection. What
 * depends on values that were read first is done optimistically: the keys are
 * watched, and if somebody changes one of them before the end, nothing runs, and it
 * is tried again:
 *
 *     int done;
 *     do {
 *         if (dredis_transaction_watch(t, DREDIS_LIST("stock"), &err) < 0)
 *             ...
 *         dredis_reply *stock = dredis_transaction_call(t, &err, "GET", "stock");
 *         ...
 *         dredis_transaction_add(t, &err, "SET", "stock", left);
 *         done = dredis_transaction_run(t, &err);
 *     } while (done == 0);
 *
 * For that the transaction has a connection to itself, from dredis_transaction_watch()
 * to dredis_transaction_run(). It may be used again and again, by one fiber at a
 * time. A script does the same in one round trip, see <diesel/redis_script.h>.
 */
#ifndef DIESEL_REDIS_TRANSACTION_H
#define DIESEL_REDIS_TRANSACTION_H

#include <stddef.h>

#include <diesel/redis_client.h>
#include <diesel/redis_script.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dredis_transaction dredis_transaction;

typedef struct dredis_transaction_options {
    int max_attempts;     /* 100: so often in a row others may come first         */
    int64_t pause_max_ms; /* 50: the pause before another attempt, which begins at
                             2 ms, doubles, and is drawn at random from 0 on      */
} dredis_transaction_options;

/* An empty transaction; options may be NULL; the client must outlive it. Owned by
 * the caller: dredis_transaction_free(). NULL: NOMEM. Never switches fibers. */
dredis_transaction *
dredis_transaction_new(dredis *client, const dredis_transaction_options *options,
                       diesel_error *err) __attribute__((warn_unused_result));

/* Frees it; what was not run does not run. NULL does nothing. Never switches
 * fibers. */
void dredis_transaction_free(dredis_transaction *transaction);

/* Appends a command, copied: 0, or -1 with INVAL or NOMEM, and the transaction is as
 * before. The first one after a run begins a new transaction and frees the last
 * one's replies. Never switches fibers. */
#define dredis_transaction_add(transaction, err, ...)                          \
    dredis_transaction_add_array((transaction), DIESEL_VALUES(__VA_ARGS__),    \
                                 DIESEL_COUNT(__VA_ARGS__), (err))

int dredis_transaction_add_array(dredis_transaction *transaction,
                                 const diesel_value *args, size_t n,
                                 diesel_error *err)
    __attribute__((warn_unused_result));

/* Appends a call of a script, as dredis_pipeline_add_script() does. */
int dredis_transaction_add_script(dredis_transaction *transaction,
                                  dredis_script *script,
                                  const diesel_value *keys, size_t n_keys,
                                  const diesel_value *args, size_t n_args,
                                  diesel_error *err)
    __attribute__((warn_unused_result));

/* Begins an attempt: drops what was appended, and watches keys (WATCH) on a
 * connection of its own. After a run that gave 0 it waits a moment before. 0, or -1
 * as dredis_call() fails, and with BUSY when it was in vain max_attempts times.
 * May be called several times before a run, to watch more. Switches fibers. */
int dredis_transaction_watch(dredis_transaction *transaction,
                             const diesel_value *keys, size_t n,
                             diesel_error *err)
    __attribute__((warn_unused_result));

/* Runs a command at once, on the connection that watches; like dredis_call(). INVAL
 * without a watch. Switches fibers. */
#define dredis_transaction_call(transaction, err, ...)                         \
    dredis_transaction_call_array((transaction), DIESEL_VALUES(__VA_ARGS__),   \
                                  DIESEL_COUNT(__VA_ARGS__), (err))

dredis_reply *dredis_transaction_call_array(dredis_transaction *transaction,
                                            const diesel_value *args, size_t n,
                                            diesel_error *err)
    __attribute__((warn_unused_result));

/* Runs what was appended. 1: it ran, errors among the replies perhaps. 0: nothing
 * ran, because somebody changed a watched key. -1, as dredis_call() fails: SERVER
 * with DREDIS_ERR_EXECABORT if the server refused one of the commands, which the
 * message tells, and nothing ran; with DIESEL_EF_SENT, it may have run or not.
 * Without commands it gives 1, and the keys are watched no more. Switches fibers. */
int dredis_transaction_run(dredis_transaction *transaction, diesel_error *err)
    __attribute__((warn_unused_result));

/* Gives up an attempt: drops what was appended and the watches. 0, or -1 if the
 * connection is of no use any more, which does no harm. Switches fibers. */
int dredis_transaction_discard(dredis_transaction *transaction,
                               diesel_error *err);

/* As in <diesel/redis_pipeline.h>: whether all went well, how many commands there
 * are, and their replies by number, after a run that gave 1. */
int dredis_transaction_check(const dredis_transaction *transaction,
                             diesel_error *err);
size_t dredis_transaction_count(const dredis_transaction *transaction);
const dredis_reply *
dredis_transaction_reply(const dredis_transaction *transaction, size_t i);

#ifdef __cplusplus
}
#endif
#endif
