/* SPDX-License-Identifier: MIT */
/*
 * Statements: what people type at mongosh, as far as it is no JavaScript.
 *
 *     db.users.find({age: {$gt: 30}}).sort({name: 1}).limit(5)
 *     db["odd name"].deleteOne({_id: ObjectId("...")})
 *     db.getSiblingDB("logs").getCollection("2026").countDocuments()
 *     db.runCommand({ping: 1})          or just     {ping: 1}
 *     show collections; use test
 *
 * Statements end with ";" or with their line; one whose next line begins with a
 * dot goes on there.
 */
#ifndef DMONGO_CLI_STATEMENT_INTERNAL_H
#define DMONGO_CLI_STATEMENT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include <bson/bson.h>

#include "mongo/cli/source_internal.h"

typedef enum dmongo__statement_kind {
    DMONGO__NOTHING, /* the text has no more statements             */
    DMONGO__CALLS,   /* db, and what is called on it                */
    DMONGO__COMMAND, /* a document: the command is args[0]          */
    DMONGO__SHOW,    /* show WORD                                   */
    DMONGO__USE      /* use WORD                                    */
} dmongo__statement_kind;

/* Methods, see method_internal.h. */
struct dmongo__method;

typedef struct dmongo__call {
    const struct dmongo__method *method;
    size_t at;    /* where its name is in the text   */
    bson_t *args; /* {"0": ..., "1": ...}            */
    int count;    /* how many arguments were written */
} dmongo__call;

typedef struct dmongo__statement {
    dmongo__statement_kind kind;
    size_t at;        /* where it begins                                     */
    char *database;   /* getSiblingDB(...); NULL: the session's              */
    char *collection; /* NULL: the calls are on the database                 */
    char *word;       /* of SHOW and USE                                     */
    dmongo__call *calls;
    size_t call_count; /* 0 with CALLS: "db" alone                           */
    bson_t *command;   /* of COMMAND                                         */
} dmongo__statement;

/* Reads the next statement, whose methods and arguments are checked. 0, with kind
 * NOTHING at the end; or -1 with the error in *src. Either way *statement is to
 * be cleared. */
int dmongo__statement_read(dmongo__source *src, dmongo__statement *statement);

void dmongo__statement_clear(dmongo__statement *statement);

#endif
