/* SPDX-License-Identifier: MIT */
/*
 * Pipelines: commands are encoded when they are appended, leave as one request,
 * and their replies are kept until the next batch begins.
 */
#include <diesel/redis_pipeline.h>

#include <diesel/memory.h>

#include "batch_internal.h"
#include "client_internal.h"
#include "encode_internal.h"
#include "error_internal.h"
#include "script_internal.h"

struct dredis_pipeline {
    dredis *client;
    dredis__batch batch;
    dredis__scripts scripts;
    bool repeatable;
    dredis__route route;
    dredis_reply **replies; /* as many as the batch has commands, once it ran */
    size_t room;            /* of `replies` */
    size_t got;
    bool ran;
};

dredis_pipeline *dredis_pipeline_new(dredis *client, diesel_error *err)
{
    dredis_pipeline *pipeline = diesel_calloc(1, sizeof *pipeline);
    if (pipeline == NULL) {
        diesel_error_nomem(err, "a pipeline");
        return NULL;
    }
    pipeline->client = client;
    pipeline->route = DREDIS__SHARED;
    return pipeline;
}

/* Begins a new batch. */
static void reset(dredis_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->got; i++)
        dredis_reply_free(pipeline->replies[i]);
    pipeline->got = 0;
    pipeline->ran = false;
    pipeline->route = DREDIS__SHARED;
    dredis__batch_reset(&pipeline->batch);
    dredis__scripts_reset(&pipeline->scripts);
}

void dredis_pipeline_free(dredis_pipeline *pipeline)
{
    if (pipeline == NULL)
        return;
    reset(pipeline);
    dredis__batch_clear(&pipeline->batch);
    dredis__scripts_clear(&pipeline->scripts);
    diesel_free(pipeline->replies);
    diesel_free(pipeline);
}

int dredis_pipeline_add_array(dredis_pipeline *pipeline,
                              const diesel_value *args, size_t n,
                              diesel_error *err)
{
    char text[DREDIS__COMMAND_TEXT];
    const char *why;
    if (pipeline->ran)
        reset(pipeline);
    dredis__route route = DREDIS__SHARED;
    if (n > 0)
        route = dredis__route_of(args, n, &why);
    int result;
    if (route > DREDIS__PIPELINED)
        result = diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                  "refused: it %s", why);
    else
        result = dredis__batch_add(&pipeline->batch, args, n, err);
    if (result < 0)
        diesel_error_prefix(err, "redis %s: %s", dredis_name(pipeline->client),
                            dredis__command_text(text, args, n));
    else if (route != DREDIS__SHARED)
        pipeline->route = DREDIS__DEDICATED;
    return result;
}

int dredis_pipeline_add_script(dredis_pipeline *pipeline, dredis_script *script,
                               const diesel_value *keys, size_t n_keys,
                               const diesel_value *args, size_t n_args,
                               diesel_error *err)
{
    dredis__words w;
    if (pipeline->ran)
        reset(pipeline);
    int result = dredis__scripts_call(&pipeline->scripts, &w, script, keys,
                                      n_keys, args, n_args, err);
    if (result == 0)
        result = dredis_pipeline_add_array(pipeline, w.args, w.n, err);
    if (result == 0)
        dredis__scripts_added(&pipeline->scripts, script);
    dredis__words_end(&w);
    return result;
}

void dredis_pipeline_repeatable(dredis_pipeline *pipeline, bool repeatable)
{
    pipeline->repeatable = repeatable;
}

/* Room for the replies, all NULL. */
static int make_room(dredis_pipeline *pipeline, diesel_error *err)
{
    size_t count = pipeline->batch.commands;
    if (count > pipeline->room) {
        dredis_reply **replies =
            diesel_realloc_array(pipeline->replies, count, sizeof *replies);
        if (replies == NULL)
            return diesel_error_nomem(err, "the replies of a pipeline");
        pipeline->replies = replies;
        pipeline->room = count;
    }
    for (size_t i = 0; i < count; i++)
        pipeline->replies[i] = NULL;
    return 0;
}

int dredis_pipeline_run(dredis_pipeline *pipeline, diesel_error *err)
{
    if (pipeline->ran)
        reset(pipeline);
    size_t count = pipeline->batch.commands;
    if (count == 0)
        return 0;
    pipeline->ran = true;
    int result = make_room(pipeline, err);
    if (result == 0) {
        dredis__request request = {.bytes = pipeline->batch.bytes,
                                   .size = pipeline->batch.size,
                                   .commands = count,
                                   .repeatable = pipeline->repeatable,
                                   .replies = pipeline->replies};
        result = dredis__run(pipeline->client, &request, pipeline->route, err);
        pipeline->got = request.got;
    }
    if (result < 0)
        diesel_error_prefix(err, "redis %s: pipeline of %zu command%s",
                            dredis_name(pipeline->client), count,
                            count == 1 ? "" : "s");
    return result;
}

int dredis_pipeline_error(const dredis_pipeline *pipeline, size_t i,
                          diesel_error *err)
{
    if (i >= pipeline->got)
        diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                         "its reply has not come");
    else if (pipeline->replies[i]->type != DREDIS_ERROR)
        return 0;
    else
        dredis__server_error(pipeline->replies[i], err);
    diesel_error_prefix(err, "redis %s: pipeline, command %zu",
                        dredis_name(pipeline->client), i);
    return -1;
}

int dredis_pipeline_check(const dredis_pipeline *pipeline, diesel_error *err)
{
    for (size_t i = 0; i < pipeline->got; i++)
        if (dredis_pipeline_error(pipeline, i, err) < 0)
            return -1;
    return 0;
}

size_t dredis_pipeline_count(const dredis_pipeline *pipeline)
{
    return pipeline->batch.commands;
}

const dredis_reply *dredis_pipeline_reply(const dredis_pipeline *pipeline,
                                          size_t i)
{
    return i < pipeline->got ? pipeline->replies[i] : NULL;
}
