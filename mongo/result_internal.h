/* SPDX-License-Identifier: MIT */
/* Results of writes, from replies. */
#ifndef DIESEL_MONGO_RESULT_INTERNAL_H
#define DIESEL_MONGO_RESULT_INTERNAL_H

#include <stddef.h>

#include <diesel/mongo_write.h>

#include "client_internal.h"

/* Adds the write errors and the write concern error of call->reply to *result. The
 * errors' indexes count from `first`. *failed says whether there are any. 0, or -1
 * with call->error if the reply is malformed or memory lacks. */
int dmongo__result_read(dmongo_result *result, struct dmongo__call *call,
                        size_t first, bool *failed);

/* Adds an error with a copy of its text. 0 or -1 with call->error. */
int dmongo__result_add_error(dmongo_result *result, struct dmongo__call *call,
                             size_t index, int code, const char *text);

/* Fills call->error from a result that has errors, of `total` documents or
 * statements. Returns -1. */
int dmongo__result_fail(const dmongo_result *result, struct dmongo__call *call,
                        size_t total);

#endif
