/* SPDX-License-Identifier: MIT */
/*
 * Carrying out statements: what the parts of the runner share.
 */
#ifndef DMONGO_CLI_RUN_INTERNAL_H
#define DMONGO_CLI_RUN_INTERNAL_H

#include <stddef.h>

#include <diesel/mongo.h>

#include "mongo/cli/method_internal.h"
#include "mongo/cli/print_internal.h"
#include "mongo/cli/statement_internal.h"

/* Where statements run, and what "use" has changed. */
typedef struct dmongo__session {
    dmongo *client;        /* borrowed                                    */
    char *database;        /* the one that "db" means; owned              */
    dmongo__layout layout;
} dmongo__session;

/* One statement under way. */
typedef struct dmongo__running {
    dmongo__session *session;
    const dmongo__statement *statement;
    const char *database; /* borrowed                                     */
    char *ns;             /* "database.collection"; NULL: on the database */
    diesel_error *err;
} dmongo__running;

/* Runs a statement and prints its result on stdout. 0, or -1. Switches
 * fibers. */
int dmongo__run_statement(dmongo__session *session,
                          const dmongo__statement *statement,
                          diesel_error *err);

/* The number i of the call's arguments; dmongo_absent() if it was left out or is
 * null. Borrowed from the call. */
dmongo_value dmongo__argument(const dmongo__call *call, int i);

/* The same where a document must be sent in any case: {} or []. */
dmongo_value dmongo__document_argument(const dmongo__call *call, int i);
dmongo_value dmongo__array_argument(const dmongo__call *call, int i);

/* The string that is argument i; NULL if it is none. */
const char *dmongo__string_argument(const dmongo__call *call, int i);

/* An option of a call: the name in the options document, and where it goes. */
typedef enum dmongo__option_kind {
    DMONGO__OPTION_VALUE, /* dmongo_value, anything                        */
    DMONGO__OPTION_INT64, /* a whole number                                */
    DMONGO__OPTION_INT32,
    DMONGO__OPTION_BOOL
} dmongo__option_kind;

typedef struct dmongo__option {
    const char *name;
    dmongo__option_kind kind;
    size_t offset;
} dmongo__option;

/* Reads the document that is argument i, if there is one, into the options by
 * the table, which ends with a row without a name. 0, or -1 with INVAL. */
int dmongo__read_options(const dmongo__running *running,
                         const dmongo__call *call, int i,
                         const dmongo__option *table, void *options);

/* Reads the option called `name` from the value at `path`, a key, of `from`;
 * nothing if there is none. */
int dmongo__read_option(const dmongo__running *running,
                        const dmongo__call *call, const char *name,
                        const bson_t *from, const char *path,
                        const dmongo__option *table, void *options);

/* Prints what has been made, and frees it. 0, or -1 as result says or if it
 * cannot be printed. */
int dmongo__print_result(const dmongo__running *running, bson_t *result);

/* Prints the value at `path` of a reply, null if there is none; frees the
 * reply. */
int dmongo__print_field(const dmongo__running *running, bson_t *reply,
                        const char *path);

/* Prints a number, a string, true or false. */
int dmongo__print_int(const dmongo__running *running, int64_t number);
int dmongo__print_string(const dmongo__running *running, const char *string);
int dmongo__print_bool(const dmongo__running *running, bool value);

/* What runs a statement by its last call, or the first for cursors. */
typedef int dmongo__run_fn(const dmongo__running *running,
                           const dmongo__call *call);

dmongo__run_fn dmongo__run_find, dmongo__run_find_one, dmongo__run_aggregate;
dmongo__run_fn dmongo__run_insert_one, dmongo__run_insert_many,
    dmongo__run_update, dmongo__run_delete;
dmongo__run_fn dmongo__run_count, dmongo__run_estimated_count,
    dmongo__run_distinct, dmongo__run_drop, dmongo__run_create_index,
    dmongo__run_drop_index, dmongo__run_indexes;
dmongo__run_fn dmongo__run_name, dmongo__run_command, dmongo__run_create,
    dmongo__run_names, dmongo__run_infos, dmongo__run_stats,
    dmongo__run_version, dmongo__run_simple;

/* show dbs, show collections. */
int dmongo__run_show(const dmongo__running *running);

#endif
