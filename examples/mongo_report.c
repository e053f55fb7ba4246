/* SPDX-License-Identifier: MIT */
/*
 * A report that the server puts together: an aggregation.
 *
 * A pipeline is an array of stages, and each works on what the one before it lets
 * through. Only the few lines of the report travel to the program, not the documents
 * they are made of.
 *
 *     MONGODB_URI=mongodb://localhost mongo_report
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <diesel/core.h>
#include <diesel/mongo.h>

static const char towns[] = "example.towns";

static int write_towns(dmongo *mongo, diesel_error *err)
{
    dmongo_value list[] = {
        dmongo_doc("_id", "Bergen", "zone", 1, "mm", dmongo_array(12, 7, 31, 0, 22)),
        dmongo_doc("_id", "Lyon", "zone", 1, "mm", dmongo_array(0, 2, 9, 0, 5)),
        dmongo_doc("_id", "Lagos", "zone", 1, "mm", dmongo_array(0, 40)),
        dmongo_doc("_id", "Aswan", "zone", 2, "mm", dmongo_array(0, 0, 0, 1)),
    };
    if (dmongo_delete_many(mongo, towns, dmongo_doc(), NULL, NULL, err) < 0)
        return -1;
    return dmongo_insert_many(mongo, towns, list, 4, NULL, NULL, err);
}

/* The towns of a zone, by how much it has rained there. */
static int report(dmongo *mongo, int zone, diesel_error *err)
{
    dmongo_value stages = dmongo_array(
        dmongo_doc("$match", dmongo_doc("zone", zone)),
        /* A town with five days becomes five documents, of one day each. */
        dmongo_doc("$unwind", "$mm"),
        dmongo_doc("$group",
                   dmongo_doc("_id", "$_id", "mm", dmongo_doc("$sum", "$mm"))),
        dmongo_doc("$sort", dmongo_doc("mm", -1)),
        dmongo_doc("$limit", 10));
    dmongo_cursor *cursor = dmongo_aggregate(mongo, towns, stages, NULL, err);
    const bson_t *line;
    int got;

    while ((got = dmongo_cursor_next(cursor, &line, err)) > 0)
        printf("%-8s %3" PRId64 " mm\n", dmongo_get_str(line, "_id", "?"),
               dmongo_get_int(line, "mm", 0));
    dmongo_cursor_close(cursor);
    return got;
}

/* $count as the last stage gives one document, or none at all. */
static int count(dmongo *mongo, int64_t *days, diesel_error *err)
{
    dmongo_cursor *cursor = dmongo_aggregate(
        mongo, towns,
        dmongo_array(dmongo_doc("$unwind", "$mm"), dmongo_doc("$count", "days")), NULL,
        err);
    const bson_t *line;
    int got = dmongo_cursor_next(cursor, &line, err);
    *days = dmongo_get_int(line, "days", 0);
    dmongo_cursor_close(cursor);
    return got;
}

static int app(void *arg)
{
    (void)arg;
    diesel_error err;
    int64_t days = 0;
    dmongo *mongo = dmongo_open(getenv("MONGODB_URI"), NULL, &err);
    if (mongo == NULL)
        return diesel_fail(&err);
    int status = write_towns(mongo, &err);
    if (status == 0)
        status = report(mongo, 1, &err);
    if (status == 0)
        status = count(mongo, &days, &err);
    dmongo_close(mongo);
    if (status < 0)
        return diesel_fail(&err);
    printf("%" PRId64 " days in all zones\n", days);
    return 0;
}

int main(void)
{
    return diesel_main(app, NULL);
}
