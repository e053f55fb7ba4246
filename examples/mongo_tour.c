/* SPDX-License-Identifier: MIT */
/*
 * A short tour of MongoDB: insert, find, update, aggregate, delete.
 *
 * Documents are written as they read, and read by path.
 *
 *     MONGODB_URI=mongodb://localhost mongo_tour
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <diesel/core.h>
#include <diesel/mongo.h>

static const char birds[] = "example.birds";

static int write_birds(dmongo *mongo, diesel_error *err)
{
    dmongo_value flock[] = {
        dmongo_doc("_id", "wren", "grams", 9, "sings", dmongo_bool(true)),
        dmongo_doc("_id", "swan", "grams", 11000, "nest", dmongo_doc("eggs", 6)),
        dmongo_doc("_id", "kiwi", "grams", 2800, "home", dmongo_array("NZ")),
    };

    if (dmongo_delete_many(mongo, birds, dmongo_doc(), NULL, NULL, err) < 0 ||
        dmongo_insert_many(mongo, birds, flock, 3, NULL, NULL, err) < 0)
        return -1;
    return dmongo_update_one(mongo, birds, dmongo_doc("_id", "kiwi"),
                             dmongo_doc("$set", dmongo_doc("nest.eggs", 1)),
                             NULL, NULL, err);
}

/* The heavy ones, heaviest first. The server sends them in batches, and the cursor
 * asks for the next batch when it needs it. */
static int read_birds(dmongo *mongo, diesel_error *err)
{
    dmongo_cursor *cursor = dmongo_find(
        mongo, birds, dmongo_doc("grams", dmongo_doc("$gt", 1000)),
        &(dmongo_find_options){.sort = dmongo_doc("grams", -1)}, err);
    const bson_t *bird;
    int got;

    while ((got = dmongo_cursor_next(cursor, &bird, err)) > 0)
        printf("%s: %" PRId64 " g, %" PRId64 " eggs\n",
               dmongo_get_str(bird, "_id", "?"),
               dmongo_get_int(bird, "grams", 0),
               dmongo_get_int(bird, "nest.eggs", 0));
    dmongo_cursor_close(cursor);
    return got;
}

static int app(void *arg)
{
    (void)arg;
    diesel_error err;

    dmongo *mongo = dmongo_open(getenv("MONGODB_URI"), NULL, &err);
    if (mongo == NULL)
        return diesel_fail(&err);

    int64_t count = -1;
    if (write_birds(mongo, &err) == 0 && read_birds(mongo, &err) == 0)
        count = dmongo_count(mongo, birds, dmongo_doc(), NULL, &err);
    dmongo_close(mongo);
    if (count < 0)
        return diesel_fail(&err);
    printf("%" PRId64 " birds in all\n", count);
    return 0;
}

int main(void)
{
    return diesel_main(app, NULL);
}
