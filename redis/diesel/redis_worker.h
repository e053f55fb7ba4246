/* SPDX-License-Identifier: MIT */
/*
 * Workers of a stream's consumer group: each entry is handled by one of them, and
 * by another one if that dies.
 *
 *     static int handle(void *arg, const dredis_entry *entry)
 *     {
 *         const dredis_reply *to = dredis_entry_field(entry, "to");
 *         return to != NULL && send_mail(to->str) ? 0 : -1;
 *     }
 *     ...
 *     dredis_worker *w = dredis_worker_new(redis, "mails", "senders", "host-7",
 *                                          NULL, handle, NULL, &err);
 *     int result = dredis_worker_run(w, &err);     until dredis_worker_stop(w)
 *     dredis_worker_free(w);
 *
 * An entry that was handled well (0) is acknowledged. One that was not stays pending,
 * as do those of a worker that died, and is claimed by whichever worker next finds it
 * idle for long enough (XAUTOCLAIM). After `max_deliveries` it goes to another stream,
 * the dead letters, with the fields dead:id, dead:group and dead:deliveries added. So
 * each entry is handled at least once.
 */
#ifndef DIESEL_REDIS_WORKER_H
#define DIESEL_REDIS_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dredis_worker dredis_worker;

/* An entry of the stream; borrowed until the handler returns. */
typedef struct dredis_entry {
    const char *id;
    const dredis_reply *fields; /* name, value, name, value, ...: see `elements` */
    int64_t deliveries;         /* 1: it has not been tried before               */
} dredis_entry;

/* The value of a field, or NULL. Never switches fibers. */
const dredis_reply *dredis_entry_field(const dredis_entry *entry,
                                       const char *name);

/* Handles an entry: 0, and it is acknowledged; or negative: later again. It may switch
 * fibers. */
typedef int dredis_entry_fn(void *arg, const dredis_entry *entry);

/* Zero means the default. The strings are copied. */
typedef struct dredis_worker_options {
    size_t batch;           /* 16: entries read at a time                           */
    bool parallel;          /* those of a batch are handled at once, a fiber each,
                               and not one after the other                          */
    int64_t idle_ms;        /* 60000: an entry that has been pending for so long is
                               claimed from whoever has it; longer than handling
                               ever takes                                           */
    int64_t claim_every_ms; /* 5000: how often that is looked for                   */
    int64_t max_deliveries; /* 5: then it is a dead letter                          */
    const char *dead_stream; /* "STREAM:dead"                                       */
    int64_t max_length;     /* 0: the stream is not trimmed; else to about so many
                               entries, whoever has read them                       */
    bool from_start;        /* a new group begins with the stream's first entry, and
                               not with those that come                             */
} dredis_worker_options;

/* What a worker has done. */
typedef struct dredis_worker_stats {
    uint64_t handled, failed, claimed, dead;
} dredis_worker_stats;

/* A worker, not yet running. `consumer` is its name in the group: the same one after
 * a restart, so that it finds what it had not finished. The client is borrowed. Owned
 * by the caller: dredis_worker_free(). NULL: NOMEM, INVAL. Never switches fibers. */
dredis_worker *dredis_worker_new(dredis *client, const char *stream,
                                 const char *group, const char *consumer,
                                 const dredis_worker_options *options,
                                 dredis_entry_fn *handle, void *arg,
                                 diesel_error *err)
    __attribute__((warn_unused_result));

/* It must not be running. NULL does nothing. Never switches fibers. */
void dredis_worker_free(dredis_worker *worker);

/* Makes the group if there is none and works until it is stopped: 0; or -1: TIMEDOUT,
 * CANCELLED (entries that are being handled see that, too), and as dredis_call(), but
 * that lost connections are waited for. Switches fibers. */
int dredis_worker_run(dredis_worker *worker, diesel_error *err)
    __attribute__((warn_unused_result));

/* Lets it finish what it is handling, and end. Never switches fibers. */
void dredis_worker_stop(dredis_worker *worker);

/* Never switches fibers. */
dredis_worker_stats dredis_worker_stats_of(const dredis_worker *worker);

#ifdef __cplusplus
}
#endif
#endif
