/* SPDX-License-Identifier: MIT */
/*
 * Replies too large to hold: their elements one by one, as they come.
 *
 *     dredis_elements *all = dredis_elements_open(redis, &err, "LRANGE", "log", 0, -1);
 *     if (all == NULL)
 *         return diesel_fail(&err);
 *     const dredis_reply *line;
 *     int got;
 *     while ((got = dredis_elements_next(all, &line, &err)) > 0)
 *         fwrite(line->str, 1, line->len, stdout);
 *     dredis_elements_close(all);
 *
 * For LRANGE, HGETALL, SMEMBERS, ZRANGE, XRANGE, KEYS and whatever else replies with
 * an array, a set or a map. Memory holds one element at a time, however many there
 * are; while nobody asks for the next one, nothing is read, and the server waits.
 * (It has built the reply, though: it may cut off clients that are slow to take very
 * large ones, see its client-output-buffer-limit.)
 *
 * The command has a connection to itself until the end of its reply. A reader is used
 * by one fiber at a time.
 */
#ifndef DIESEL_REDIS_ELEMENTS_H
#define DIESEL_REDIS_ELEMENTS_H

#include <stddef.h>

#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dredis_elements dredis_elements;

/* Sends the command and waits for the beginning of its reply. Owned by the caller:
 * dredis_elements_close(). The client must outlive it. NULL: as dredis_call(), and
 * PROTOCOL if the reply is no list; nil is an empty one. Switches fibers. */
#define dredis_elements_open(client, err, ...)                                 \
    dredis_elements_open_array((client), DIESEL_VALUES(__VA_ARGS__),           \
                               DIESEL_COUNT(__VA_ARGS__), (err))

dredis_elements *dredis_elements_open_array(dredis *client,
                                            const diesel_value *args, size_t n,
                                            diesel_error *err)
    __attribute__((warn_unused_result));

/* How many elements the reply has; of a map keys and values. Never switches fibers. */
size_t dredis_elements_count(const dredis_elements *elements);

/* ARRAY, SET or MAP; NIL. Never switches fibers. */
dredis_type dredis_elements_type(const dredis_elements *elements);

/* The next element, borrowed until the next call; of a map the keys and their values
 * in turn. 1; 0: that was all; -1: TIMEDOUT or CANCELLED, and it may be called again;
 * CLOSED, IO, PROTOCOL, LIMIT (of one element), NOMEM: the rest is lost. Switches
 * fibers only if it must wait; checks for cancellation always. */
int dredis_elements_next(dredis_elements *elements, const dredis_reply **element,
                         diesel_error *err) __attribute__((warn_unused_result));

/* Frees it. If there are elements left, its connection is closed. NULL does nothing.
 * Never switches fibers. */
void dredis_elements_close(dredis_elements *elements);

#ifdef __cplusplus
}
#endif
#endif
