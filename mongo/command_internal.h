/* SPDX-License-Identifier: MIT */
/* Commands of which only success or a cursor matters. */
#ifndef DIESEL_MONGO_COMMAND_INTERNAL_H
#define DIESEL_MONGO_COMMAND_INTERNAL_H

#include <diesel/mongo_cursor.h>

#include "client_internal.h"

/* Runs a command: 0, or -1 as *err says, also if the write
 * concern was not met. `forgiven` is a server's error number that is none here; 0:
 * there is no such. */
int dmongo__command_run(dmongo *client, const struct dmongo__op *op,
                        dmongo_value command, int forgiven, diesel_error *err);

/* Runs a command: 0, with its reply in *reply, owned by the caller, if reply is not
 * NULL; or -1. */
int dmongo__command_reply(dmongo *client, const struct dmongo__op *op,
                          dmongo_value command, bson_t **reply,
                          diesel_error *err);

/* Runs a command that returns a cursor. `batch_size` and `comment` are those of what
 * is asked for further batches. */
dmongo_cursor *dmongo__command_cursor(dmongo *client,
                                      const struct dmongo__op *op,
                                      dmongo_value command,
                                      int32_t batch_size, dmongo_value comment,
                                      diesel_error *err);

#endif
