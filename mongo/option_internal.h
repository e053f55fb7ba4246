/* SPDX-License-Identifier: MIT */
/* From members of options structs to fields of commands, and checks of arguments. */
#ifndef DIESEL_MONGO_OPTION_INTERNAL_H
#define DIESEL_MONGO_OPTION_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include <diesel/doc.h>

#include "client_internal.h"

/* 0, which is what a member is that nobody sets, is not sent. */
static inline dmongo_value dmongo__unless_zero64(int64_t n)
{
    return n != 0 ? dmongo_int64(n) : dmongo_absent();
}

static inline dmongo_value dmongo__unless_zero32(int32_t n)
{
    return n != 0 ? dmongo_int32(n) : dmongo_absent();
}

static inline dmongo_value dmongo__if_chosen(dmongo_choice choice)
{
    return choice != 0 ? dmongo_bool(choice > 0) : dmongo_absent();
}

static inline dmongo_value dmongo__if_true(bool b)
{
    return b ? dmongo_bool(true) : dmongo_absent();
}

/* dmongo__ns_split() for an operation on a collection: the error names it. */
int dmongo__collection_split(struct dmongo__ns *ns, const char *what,
                             const char *text, diesel_error *err);

/* 0 if the argument is a document (or a value that is wrong in itself, about which
 * the encoder has more to say), else -1 with INVAL. */
int dmongo__need_document(const struct dmongo__ns *ns, const char *what,
                          const char *argument, dmongo_value value,
                          diesel_error *err);

/* 0 if `change` is an update (a document of operators, or a pipeline) or, with
 * `replacement`, a document that begins with no operator; else -1 with INVAL. */
int dmongo__need_change(const struct dmongo__ns *ns, const char *what,
                        bool replacement, dmongo_value change,
                        diesel_error *err);

/* The same two without "mongodb: WHAT NS: " before the message. */
int dmongo__check_document(const char *argument, dmongo_value value,
                           diesel_error *err);
int dmongo__check_change(bool replacement, dmongo_value change,
                         diesel_error *err);

/* The value as an array: a bson_t, which is taken for a document everywhere else,
 * may be one. */
dmongo_value dmongo__as_array(dmongo_value value);

#endif
