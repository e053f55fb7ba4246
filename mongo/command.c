/* SPDX-License-Identifier: MIT */
/*
 * Any command, as the program wrote it, and its whole reply or a cursor over what it
 * returns; and the plain commands of the operations that only want to know whether
 * it went well.
 */
#include "command_internal.h"

#include <stdio.h>

#include "copy_internal.h"
#include "cursor_internal.h"
#include "doc_internal.h"
#include "option_internal.h"
#include "result_internal.h"

#define NAME_ROOM 64

/* The command's name, for messages. */
static const char *name_of(dmongo_value command, char room[NAME_ROOM])
{
    size_t n;
    const char *key = dmongo__doc_first_key(command, &n);
    snprintf(room, NAME_ROOM, "%.*s", key != NULL && n < 60 ? (int)n : 0,
             key != NULL ? key : "");
    return room;
}

/* A copy of the reply, as it outlives the connection's buffer. */
static int copy_reply(struct dmongo__call *call, bson_t **reply)
{
    *reply = dmongo__bson_copy(call->message.body, call->message.body_size,
                               &call->error);
    return *reply != NULL ? 0 : -1;
}

/* A command of the program's: it has what it shall have, but for what nobody writes. */
static struct dmongo__op command_op(const char *what, const char *database)
{
    return (struct dmongo__op){.what = what,
                               .ns = database,
                               .database = dmongo_str(database),
                               .flags = DMONGO__PREFERS | DMONGO__MAY_HAVE_ALL |
                                        DMONGO__OWN_PREFERENCE};
}

int dmongo__command_reply(dmongo *client, const struct dmongo__op *op,
                          dmongo_value command, bson_t **reply,
                          diesel_error *err)
{
    struct dmongo__call call;
    if (reply != NULL)
        *reply = NULL;
    if (dmongo__call_begin(&call, client, op) < 0 ||
        dmongo__call_exchange(&call, command, NULL) < 0 ||
        (reply != NULL && copy_reply(&call, reply) < 0))
        return dmongo__call_fail(&call, err);
    dmongo__call_end(&call);
    return 0;
}

int(dmongo_run_with)(dmongo *client, const char *database,
                     dmongo_value command, const dmongo_run_options *options,
                     bson_t **reply, diesel_error *err)
{
    char what[NAME_ROOM];
    struct dmongo__op op = command_op(name_of(command, what), database);
    if (options != NULL) {
        op.session = options->session;
        op.read_preference = options->read_preference;
    }
    return dmongo__command_reply(client, &op, command, reply, err);
}

int(dmongo_run)(dmongo *client, const char *database, dmongo_value command,
                bson_t **reply, diesel_error *err)
{
    return (dmongo_run_with)(client, database, command, NULL, reply, err);
}

dmongo_cursor *(dmongo_run_cursor)(dmongo *client, const char *database,
                                   dmongo_value command,
                                   const dmongo_run_cursor_options *options,
                                   diesel_error *err)
{
    static const dmongo_run_cursor_options defaults;
    const dmongo_run_cursor_options *o = options != NULL ? options : &defaults;
    char what[NAME_ROOM];
    struct dmongo__op op = command_op(name_of(command, what), database);
    op.session = o->session;
    op.read_preference = o->read_preference;
    dmongo_cursor *cursor = dmongo__command_cursor(
        client, &op, command, o->batch_size, o->comment, err);
    if (cursor != NULL)
        dmongo__cursor_await(cursor, o->max_await_ms);
    return cursor;
}

dmongo_cursor *dmongo__command_cursor(dmongo *client,
                                      const struct dmongo__op *op,
                                      dmongo_value command,
                                      int32_t batch_size, dmongo_value comment,
                                      diesel_error *err)
{
    dmongo_cursor *cursor = dmongo__cursor_new(client, op->what, op->ns, err);
    if (cursor == NULL)
        return NULL;
    struct dmongo__call call;
    if (dmongo__call_begin(&call, client, op) == 0 &&
        dmongo__call_exchange(&call, command, dmongo__cursor_buffer(cursor)) ==
            0 &&
        dmongo__cursor_begin(cursor, &call, batch_size, comment) == 0) {
        dmongo__call_end(&call);
        return cursor;
    }
    dmongo__call_fail(&call, err);
    dmongo_cursor_close(cursor); /* the server may have it already */
    return NULL;
}

/* -1, with the error, if the reply says that the write concern was not met. */
static int check_concern(struct dmongo__call *call)
{
    if (call->reply.concern_error.type == 0)
        return 0;
    dmongo_result result = {0};
    bool failed;
    if (dmongo__result_read(&result, call, 0, &failed) == 0)
        dmongo__result_fail(&result, call, 1);
    dmongo_result_clear(&result);
    return -1;
}

int dmongo__command_run(dmongo *client, const struct dmongo__op *op,
                        dmongo_value command, int forgiven, diesel_error *err)
{
    struct dmongo__call call;
    if (dmongo__call_begin(&call, client, op) == 0 &&
        dmongo__call_exchange(&call, command, NULL) == 0 &&
        (call.unacknowledged || check_concern(&call) == 0)) {
        dmongo__call_end(&call);
        return 0;
    }
    if (forgiven != 0 && call.error.domain == DIESEL_DOM_MONGO &&
        call.error.detail == forgiven) {
        dmongo__call_end(&call);
        return 0;
    }
    return dmongo__call_fail(&call, err);
}
