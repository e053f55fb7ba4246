/* SPDX-License-Identifier: MIT */
/*
 * Changing one document and getting it back, as one atomic operation: what counters,
 * queues and locks are made of.
 *
 *     bson_t *job;
 *     int got = dmongo_find_one_and_update(mongo, "app.jobs",
 *         dmongo_doc("state", "new"),
 *         dmongo_doc("$set", dmongo_doc("state", "taken")),
 *         &(dmongo_modify_options){.sort = dmongo_doc("_id", 1), .after = true},
 *         &job, &err);
 *     if (got < 0)
 *         return diesel_fail(&err);
 *     if (got > 0)
 *         ...
 *     bson_destroy(job);
 *
 * After the command findAndModify:
 * https://www.mongodb.com/docs/manual/reference/command/findAndModify/
 */
#ifndef DIESEL_MONGO_MODIFY_H
#define DIESEL_MONGO_MODIFY_H

#include <stdbool.h>
#include <stdint.h>

#include <bson/bson.h>

#include <diesel/doc.h>
#include <diesel/error.h>
#include <diesel/mongo_client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All zero bytes are the defaults; a value that is not set is not sent. */
typedef struct dmongo_modify_options {
    dmongo_value projection;
    dmongo_value sort; /* which of the documents that match is the one */
    dmongo_value array_filters; /* of updates only */
    dmongo_value collation;
    dmongo_value hint;
    dmongo_value let;
    dmongo_value comment;
    int64_t max_time_ms; /* on the server; 0: no limit */
    bool upsert; /* insert a document if none matches; not when deleting      */
    bool after;  /* hand out the document as it is afterwards, not as it was
                    before; not when deleting                                 */
    dmongo_choice bypass_document_validation;
    dmongo_session *session; /* see <diesel/mongo_session.h>; NULL: none */
    dmongo_value write_concern; /* instead of the client's */
} dmongo_modify_options;

/* All three: 1, with the document in *found, owned by the caller: bson_destroy(); 0
 * if none matched, or if an upsert inserted one and options->after is not set, with
 * *found NULL; -1 on failure. If the change was made but the write concern not met,
 * -1 with the document in *found, if there was one. options may be NULL. Switch
 * fibers. */

/* `update` is a document of operators or a pipeline, an array of stages. */
int dmongo_find_one_and_update(dmongo *client, const char *ns,
                               dmongo_value filter, dmongo_value update,
                               const dmongo_modify_options *options,
                               bson_t **found, diesel_error *err)
    __attribute__((warn_unused_result));

/* INVAL if the replacement begins with an operator. */
int dmongo_find_one_and_replace(dmongo *client, const char *ns,
                                dmongo_value filter, dmongo_value replacement,
                                const dmongo_modify_options *options,
                                bson_t **found, diesel_error *err)
    __attribute__((warn_unused_result));

int dmongo_find_one_and_delete(dmongo *client, const char *ns,
                               dmongo_value filter,
                               const dmongo_modify_options *options,
                               bson_t **found, diesel_error *err)
    __attribute__((warn_unused_result));

#ifndef __cplusplus
/* Documents may be dmongo_doc(...), a bson_t *, or a dmongo_value. */
#define dmongo_find_one_and_update(client, ns, filter, update, ...)            \
    (dmongo_find_one_and_update)((client), (ns), DMONGO_VALUE(filter),         \
        DMONGO_VALUE(update), __VA_ARGS__)
#define dmongo_find_one_and_replace(client, ns, filter, doc, ...)              \
    (dmongo_find_one_and_replace)((client), (ns), DMONGO_VALUE(filter),        \
        DMONGO_VALUE(doc), __VA_ARGS__)
#define dmongo_find_one_and_delete(client, ns, filter, ...)                    \
    (dmongo_find_one_and_delete)((client), (ns), DMONGO_VALUE(filter),         \
        __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
#endif
