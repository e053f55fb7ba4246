/* SPDX-License-Identifier: MIT */
/*
 * The everyday commands: dredis_call_array() with the arguments in their places,
 * and the reply as a C value.
 */
#include <diesel/redis_commands.h>

#include "client_internal.h"
#include "encode_internal.h"
#include "reply_internal.h"

/* These names are macros as well, for callers. */
#undef dredis_get
#undef dredis_set
#undef dredis_del
#undef dredis_exists
#undef dredis_expire
#undef dredis_incr
#undef dredis_incrby
#undef dredis_hincrby

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Frees a reply that is not what the command replies, and says so. */
static int unexpected(const dredis *client, const char *command,
                      dredis_reply *reply, diesel_error *err)
{
    diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0,
                     "redis %s: %s: the reply is of type %s",
                     dredis_name(client), command,
                     dredis_type_name(reply->type));
    if (err != NULL)
        err->flags |= DIESEL_EF_SENT;
    dredis_reply_free(reply);
    return -1;
}

/* Calls what replies with an integer. */
static int call_integer(dredis *client, const diesel_value *args, size_t n,
                        int64_t *value, diesel_error *err)
{
    dredis_reply *reply = dredis_call_array(client, args, n, err);
    if (reply == NULL)
        return -1;
    if (reply->type != DREDIS_INTEGER)
        return unexpected(client, args[0].s, reply, err);
    if (value != NULL)
        *value = reply->integer;
    dredis_reply_free(reply);
    return 0;
}

/* Calls what replies with how many keys it found, of one key. */
static int call_found(dredis *client, const diesel_value *args, size_t n,
                      diesel_error *err)
{
    int64_t found = 0;
    if (call_integer(client, args, n, &found, err) < 0)
        return -1;
    return found != 0;
}

int dredis_get(dredis *client, diesel_value key, char **value, size_t *len,
               diesel_error *err)
{
    const diesel_value args[] = {diesel_strn("GET", 3), key};
    *value = NULL;
    dredis_reply *reply = dredis_call_array(client, args, COUNT(args), err);
    if (reply == NULL)
        return -1;
    if (reply->type == DREDIS_NIL) {
        dredis_reply_free(reply);
        return 0;
    }
    if (reply->type != DREDIS_STRING)
        return unexpected(client, "GET", reply, err);
    if (len != NULL)
        *len = reply->len;
    *value = dredis__reply_into_string(reply);
    return 1;
}

int dredis_set(dredis *client, diesel_value key, diesel_value value,
               const dredis_set_options *options, diesel_error *err)
{
    diesel_value args[7] = {diesel_strn("SET", 3), key, value};
    size_t n = 3;
    if (options != NULL && options->ttl_ms != 0) {
        args[n++] = diesel_strn("PX", 2);
        args[n++] = diesel_int(options->ttl_ms);
    }
    if (options != NULL && options->if_absent)
        args[n++] = diesel_strn("NX", 2);
    if (options != NULL && options->if_present)
        args[n++] = diesel_strn("XX", 2);
    dredis_reply *reply = dredis_call_array(client, args, n, err);
    if (reply == NULL)
        return -1;
    if (reply->type != DREDIS_STATUS && reply->type != DREDIS_NIL)
        return unexpected(client, "SET", reply, err);
    int set = reply->type == DREDIS_STATUS;
    dredis_reply_free(reply);
    return set;
}

int dredis_del(dredis *client, diesel_value key, diesel_error *err)
{
    const diesel_value args[] = {diesel_strn("DEL", 3), key};
    return call_found(client, args, COUNT(args), err);
}

int dredis_exists(dredis *client, diesel_value key, diesel_error *err)
{
    const diesel_value args[] = {diesel_strn("EXISTS", 6), key};
    return call_found(client, args, COUNT(args), err);
}

int dredis_expire(dredis *client, diesel_value key, int64_t ttl_ms,
                  diesel_error *err)
{
    const diesel_value args[] = {diesel_strn("PEXPIRE", 7), key,
                                 diesel_int(ttl_ms)};
    return call_found(client, args, COUNT(args), err);
}

int dredis_incr(dredis *client, diesel_value key, int64_t *now,
                diesel_error *err)
{
    const diesel_value args[] = {diesel_strn("INCR", 4), key};
    return call_integer(client, args, COUNT(args), now, err);
}

int dredis_incrby(dredis *client, diesel_value key, int64_t by, int64_t *now,
                  diesel_error *err)
{
    const diesel_value args[] = {diesel_strn("INCRBY", 6), key, diesel_int(by)};
    return call_integer(client, args, COUNT(args), now, err);
}

int dredis_hincrby(dredis *client, diesel_value key, diesel_value field,
                   int64_t by, int64_t *now, diesel_error *err)
{
    const diesel_value args[] = {diesel_strn("HINCRBY", 7), key, field,
                                 diesel_int(by)};
    return call_integer(client, args, COUNT(args), now, err);
}
