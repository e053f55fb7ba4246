/* SPDX-License-Identifier: MIT */
/*
 * A queue of messages that several readers see: a capped collection, whose oldest
 * documents make room for new ones, and a tailable cursor, which does not end at its
 * end but waits for what is inserted next.
 *
 * A reader that is started again goes on behind the last message it has seen, as the
 * messages' numbers grow.
 *
 *     MONGODB_URI=mongodb://localhost mongo_queue
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <diesel/core.h>
#include <diesel/mongo.h>

static const char queue[] = "example.queue";

enum { MESSAGES = 5 };

static int create(dmongo *mongo, diesel_error *err)
{
    if (dmongo_drop_collection(mongo, queue, err) < 0 ||
        dmongo_create_collection(
            mongo, queue, &(dmongo_create_options){.capped_bytes = 1 << 20}, err) < 0)
        return -1;
    /* A cursor over an empty collection has no end to wait at: it is dead at once. */
    return dmongo_insert_one(mongo, queue, dmongo_doc("_id", 0, "text", "hello"), NULL,
                             NULL, err);
}

static int sender(void *arg)
{
    dmongo *mongo = arg;
    diesel_error err;
    for (int i = 1; i <= MESSAGES; i++) {
        char text[32];
        snprintf(text, sizeof text, i < MESSAGES ? "message %d" : "goodbye", i);
        if (diesel_sleep(100, &err) < 0 ||
            dmongo_insert_one(mongo, queue, dmongo_doc("_id", i, "text", text), NULL,
                              NULL, &err) < 0)
            return diesel_fail(&err);
    }
    return 0;
}

/* Waits in dmongo_cursor_next(), where it costs one question a second, which the
 * server answers as soon as there is something. Readers that lag behind would want
 * larger batches. */
static int reader(void *arg)
{
    dmongo *mongo = arg;
    diesel_error err;
    const bson_t *message;
    int64_t seen = -1;
    int got = 1;
    dmongo_cursor *cursor = dmongo_find(
        mongo, queue, dmongo_doc("_id", dmongo_doc("$gt", seen)),
        &(dmongo_find_options){
            .tailable = true, .max_await_ms = 1000, .batch_size = 1},
        &err);

    while (seen < MESSAGES &&
           (got = dmongo_cursor_next(cursor, &message, &err)) > 0) {
        seen = dmongo_get_int(message, "_id", -1);
        printf("%s reads %" PRId64 ": %s\n", diesel_fiber_label(diesel_self()), seen,
               dmongo_get_str(message, "text", "?"));
    }
    dmongo_cursor_close(cursor);
    return got < 0 ? diesel_fail(&err) : 0;
}

static int app(void *arg)
{
    (void)arg;
    diesel_error err;
    dmongo *mongo = dmongo_open(getenv("MONGODB_URI"), NULL, &err);
    if (mongo == NULL)
        return diesel_fail(&err);
    int status = create(mongo, &err);
    if (status == 0) {
        diesel_scope *all = diesel_scope_open(NULL);
        diesel_go_labelled(all, "ann", reader, mongo);
        diesel_go_labelled(all, "ben", reader, mongo);
        diesel_go(all, sender, mongo);
        status = diesel_scope_wait(all, &err);
    }
    dmongo_close(mongo);
    return status < 0 ? diesel_fail(&err) : 0;
}

int main(void)
{
    return diesel_main(app, NULL);
}
