/* SPDX-License-Identifier: MIT */
/*
 * Calls whose reply is read as a C value. A reply that is not what the command
 * replies fails with PROTOCOL and the command's name.
 */
#include "typed_internal.h"

#include "client_internal.h"
#include "encode_internal.h"
#include "reply_internal.h"

static dredis_reply *call(dredis *client, const diesel_value *args, size_t n,
                          diesel_error *err)
{
    if (__builtin_expect(args != NULL, 1))
        return dredis_call_array(client, args, n, err);
    diesel_error_nomem(err, "a command");
    diesel_error_prefix(err, "redis %s", dredis_name(client));
    return NULL;
}

/* Frees the reply that `err` is about; returns -1. */
static int refuse(const dredis *client, const diesel_value *args, size_t n,
                  dredis_reply *reply, diesel_error *err)
{
    char text[DREDIS__COMMAND_TEXT];
    diesel_error_prefix(err, "redis %s: %s", dredis_name(client),
                        dredis__command_text(text, args, n));
    if (err != NULL)
        err->flags |= DIESEL_EF_SENT;
    dredis_reply_free(reply);
    return -1;
}

static int unexpected(const dredis *client, const diesel_value *args, size_t n,
                      dredis_reply *reply, diesel_error *err)
{
    diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0,
                     "the reply is of type %s", dredis_type_name(reply->type));
    return refuse(client, args, n, reply, err);
}

int dredis__ask_done(dredis *client, const diesel_value *args, size_t n,
                     diesel_error *err)
{
    dredis_reply *reply = call(client, args, n, err);
    if (reply == NULL)
        return -1;
    if (reply->type != DREDIS_STATUS && reply->type != DREDIS_NIL)
        return unexpected(client, args, n, reply, err);
    int done = reply->type == DREDIS_STATUS;
    dredis_reply_free(reply);
    return done;
}

int dredis__ask_ok(dredis *client, const diesel_value *args, size_t n,
                   diesel_error *err)
{
    dredis_reply *reply = call(client, args, n, err);
    if (reply == NULL)
        return -1;
    if (reply->type != DREDIS_STATUS)
        return unexpected(client, args, n, reply, err);
    dredis_reply_free(reply);
    return 0;
}

int dredis__ask_flag(dredis *client, const diesel_value *args, size_t n,
                     diesel_error *err)
{
    bool yes;
    dredis_reply *reply = call(client, args, n, err);
    if (reply == NULL)
        return -1;
    if (reply->type == DREDIS_STATUS || dredis_reply_bool(reply, &yes, err) < 0)
        return unexpected(client, args, n, reply, err);
    dredis_reply_free(reply);
    return yes;
}

int dredis__ask_int(dredis *client, const diesel_value *args, size_t n,
                    int64_t *value, diesel_error *err)
{
    int64_t number;
    dredis_reply *reply = call(client, args, n, err);
    if (reply == NULL)
        return -1;
    if (reply->type == DREDIS_INTEGER)
        number = reply->integer;
    else if (dredis_reply_int(reply, &number, err) < 0)
        return refuse(client, args, n, reply, err);
    if (value != NULL)
        *value = number;
    dredis_reply_free(reply);
    return 0;
}

int dredis__ask_int_or_nil(dredis *client, const diesel_value *args, size_t n,
                           int64_t *value, diesel_error *err)
{
    int64_t number = 0;
    dredis_reply *reply = call(client, args, n, err);
    if (reply == NULL)
        return -1;
    int found = !dredis_reply_is_nil(reply);
    if (found && dredis_reply_int(reply, &number, err) < 0)
        return refuse(client, args, n, reply, err);
    if (value != NULL)
        *value = number;
    dredis_reply_free(reply);
    return found;
}

int dredis__ask_double_or_nil(dredis *client, const diesel_value *args,
                              size_t n, double *value, diesel_error *err)
{
    double number = 0;
    dredis_reply *reply = call(client, args, n, err);
    if (reply == NULL)
        return -1;
    int found = !dredis_reply_is_nil(reply);
    if (found && dredis_reply_double(reply, &number, err) < 0)
        return refuse(client, args, n, reply, err);
    if (value != NULL)
        *value = number;
    dredis_reply_free(reply);
    return found;
}

int dredis__ask_double(dredis *client, const diesel_value *args, size_t n,
                       double *value, diesel_error *err)
{
    double number;
    dredis_reply *reply = call(client, args, n, err);
    if (reply == NULL)
        return -1;
    if (dredis_reply_double(reply, &number, err) < 0)
        return refuse(client, args, n, reply, err);
    if (value != NULL)
        *value = number;
    dredis_reply_free(reply);
    return 0;
}

static bool is_text(const dredis_reply *reply)
{
    return reply->type == DREDIS_STRING || reply->type == DREDIS_STATUS ||
           reply->type == DREDIS_VERBATIM;
}

/* Takes the reply; both may be NULL. */
static void hand_out(dredis_reply *reply, char **value, size_t *len)
{
    if (len != NULL)
        *len = reply->len;
    if (value != NULL)
        *value = dredis__reply_into_string(reply);
    else
        dredis_reply_free(reply);
}

int dredis__ask_text_or_nil(dredis *client, const diesel_value *args, size_t n,
                            char **value, size_t *len, diesel_error *err)
{
    if (value != NULL)
        *value = NULL;
    dredis_reply *reply = call(client, args, n, err);
    if (reply == NULL)
        return -1;
    if (reply->type == DREDIS_NIL) {
        if (len != NULL)
            *len = 0;
        dredis_reply_free(reply);
        return 0;
    }
    if (!is_text(reply))
        return unexpected(client, args, n, reply, err);
    hand_out(reply, value, len);
    return 1;
}

int dredis__ask_text(dredis *client, const diesel_value *args, size_t n,
                     char **value, size_t *len, diesel_error *err)
{
    if (value != NULL)
        *value = NULL;
    dredis_reply *reply = call(client, args, n, err);
    if (reply == NULL)
        return -1;
    if (!is_text(reply))
        return unexpected(client, args, n, reply, err);
    hand_out(reply, value, len);
    return 0;
}

static bool is_of_kind(const dredis_reply *reply, dredis__kind kind)
{
    switch (kind) {
    case DREDIS__LIST_OR_NIL:
        if (reply->type == DREDIS_NIL)
            return true;
        __attribute__((fallthrough));
    case DREDIS__LIST:
        return reply->type == DREDIS_ARRAY || reply->type == DREDIS_SET;
    case DREDIS__MAP:
        return reply->type == DREDIS_MAP || reply->type == DREDIS_ARRAY;
    case DREDIS__ANY:
        break;
    }
    return true;
}

dredis_reply *dredis__ask_reply(dredis *client, const diesel_value *args,
                                size_t n, dredis__kind kind, diesel_error *err)
{
    dredis_reply *reply = call(client, args, n, err);
    if (reply == NULL || is_of_kind(reply, kind))
        return reply;
    unexpected(client, args, n, reply, err);
    return NULL;
}
