/* SPDX-License-Identifier: MIT */
/*
 * Pipelines: several commands that leave together, and their replies by number.
 *
 *     dredis_pipeline *p = dredis_pipeline_new(redis, &err);
 *     for (size_t i = 0; i < n; i++)
 *         if (dredis_pipeline_add(p, &err, "INCRBY", word[i], count[i]) < 0)
 *             ...
 *     if (dredis_pipeline_run(p, &err) < 0 || dredis_pipeline_check(p, &err) < 0)
 *         ...
 *     const dredis_reply *third = dredis_pipeline_reply(p, 2);
 *     dredis_pipeline_free(p);
 *
 * The commands of a pipeline run in their order, with nothing between them on
 * their connection; commands over other connections may come in between, for a
 * pipeline is no transaction. An error reply is an item like the others, so that one
 * failure does not hide nine results.
 *
 * If one of the commands waits inside the server, such as BLPOP or WAIT, the
 * whole pipeline goes over a connection of its own. WAIT is allowed in pipelines
 * only, since it waits for the writes of its own connection.
 *
 * A pipeline may be used again and again, by one fiber at a time.
 */
#ifndef DIESEL_REDIS_PIPELINE_H
#define DIESEL_REDIS_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>

#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dredis_pipeline dredis_pipeline;

/* An empty pipeline; the client must outlive it. Owned by the caller:
 * dredis_pipeline_free(). NULL: NOMEM. Never switches fibers. */
dredis_pipeline *dredis_pipeline_new(dredis *client, diesel_error *err)
    __attribute__((warn_unused_result));

/* Frees it with its commands and replies. NULL does nothing. Never switches
 * fibers. */
void dredis_pipeline_free(dredis_pipeline *pipeline);

/* Appends a command, copied. 0, or -1, and the pipeline is as before: INVAL, as in
 * dredis_call(); NOMEM. The first command after a run begins a new batch and
 * frees the last one's replies. Never switches fibers. */
#define dredis_pipeline_add(pipeline, err, ...)                                \
    dredis_pipeline_add_array((pipeline), DIESEL_VALUES(__VA_ARGS__),          \
                              DIESEL_COUNT(__VA_ARGS__), (err))

int dredis_pipeline_add_array(dredis_pipeline *pipeline,
                              const diesel_value *args, size_t n,
                              diesel_error *err)
    __attribute__((warn_unused_result));

/* Whether batches may run twice, as in dredis_call_with(); a batch that only reads
 * may anyway. It is so until it is said otherwise. Never switches fibers. */
void dredis_pipeline_repeatable(dredis_pipeline *pipeline, bool repeatable);

/* Sends what was appended and waits for the replies. 0: all are there, errors
 * among them perhaps. -1, as in dredis_call() but SERVER: those that came before
 * the failure can be read. An empty pipeline gives 0. Either way the batch is over
 * and is not run again. Switches fibers unless it is empty. */
int dredis_pipeline_run(dredis_pipeline *pipeline, diesel_error *err)
    __attribute__((warn_unused_result));

/* Whether all went well: 0 if none of the replies is an error, or -1 with the first
 * one that is, as SERVER; the message says by its number which command failed.
 * Never switches fibers. */
int dredis_pipeline_check(const dredis_pipeline *pipeline, diesel_error *err);

/* Whether the command with the number i went well: 0; or -1 with its error reply as
 * SERVER, or with CLOSED if its reply has not come. Never switches fibers. */
int dredis_pipeline_error(const dredis_pipeline *pipeline, size_t i,
                          diesel_error *err);

/* How many commands the batch has. Never switches fibers. */
size_t dredis_pipeline_count(const dredis_pipeline *pipeline);

/* The reply to the command with the number i, counted from 0, borrowed until a new
 * batch is begun or the pipeline is freed. NULL if it has not come. Never switches
 * fibers. */
const dredis_reply *dredis_pipeline_reply(const dredis_pipeline *pipeline,
                                          size_t i);

#ifdef __cplusplus
}
#endif
#endif
