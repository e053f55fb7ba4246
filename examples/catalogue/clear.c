/* SPDX-License-Identifier: MIT */
/* The first phase: removes what an earlier run left. */
#include <stdio.h>
#include <string.h>

#include "catalogue.h"

/* Deletes the keys of one reply to SCAN, in one go. */
static int delete_keys(dredis *redis, const dredis_reply *keys,
                       diesel_error *err)
{
    dredis_pipeline *deletions = dredis_pipeline_new(redis, err);
    int status = deletions != NULL ? 0 : -1;

    for (size_t i = 0; i < keys->elements && status == 0; i++)
        status = dredis_pipeline_add(
            deletions, err, "UNLINK",
            diesel_bytes(keys->element[i].str, keys->element[i].len));
    if (status == 0)
        status = dredis_pipeline_run(deletions, err);
    dredis_pipeline_free(deletions);
    return status;
}

/* SCAN goes through all keys of the server in small steps. Each reply has the
 * cursor for the next step, "0" at the end, and some keys that match. */
static int clear_redis(dredis *redis, diesel_error *err)
{
    char cursor[24] = "0";
    int status;

    do {
        dredis_reply *step = dredis_call(redis, err, "SCAN", cursor, "MATCH",
                                         KEYS, "COUNT", 1000);
        if (step == NULL)
            return -1;
        snprintf(cursor, sizeof cursor, "%s", step->element[0].str);
        status = delete_keys(redis, &step->element[1], err);
        dredis_reply_free(step);
    } while (status == 0 && strcmp(cursor, "0") != 0);
    return status;
}

/* MongoDB reports an error where there is no such collection: not to us. */
static int clear_mongo(dmongo *mongo, diesel_error *err)
{
    if (dmongo_run(mongo, DATABASE,
                   dmongo_doc("drop", COLLECTION), NULL, err) < 0 &&
        !(err->code == DIESEL_E_SERVER &&
          err->detail == DMONGO_NAMESPACE_NOT_FOUND))
        return -1;
    return 0;
}

int clear(void *arg)
{
    struct catalogue *catalogue = arg;
    diesel_error err;

    if (clear_redis(catalogue->redis, &err) < 0 ||
        clear_mongo(catalogue->mongo, &err) < 0)
        return diesel_fail(&err);
    return 0;
}
