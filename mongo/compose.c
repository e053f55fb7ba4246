/* SPDX-License-Identifier: MIT */
/*
 * What every command has besides its own fields: concerns, read preference,
 * session, the API's version, a time limit, the database. Put together here and
 * nowhere else.
 *
 * A deadline - of the scope around the call, or timeoutMS - becomes maxTimeMS, less
 * the time that the way there and back takes, so that the server does not work on
 * for nobody. If nothing is left, nothing is sent.
 */
#include "client_internal.h"

#include <string.h>

#include <diesel/scope.h>
#include <diesel/time.h>

#include "doc_internal.h"

/* Appends a field to the composed command. Inlined, so that the keys' lengths are
 * known to the compiler. */
static inline __attribute__((always_inline)) void
put(struct dmongo__composed *out, uint32_t *n, const char *key,
    dmongo_value value)
{
    if (value.form == DMONGO__ABSENT)
        return;
    out->items[(*n)++] = dmongo_str(key);
    out->items[(*n)++] = value;
}

/* The read preference, for the server that was chosen. */
static dmongo_value read_preference(const struct dmongo__call *call)
{
    static const dmongo_value any_member[] = {
        {.form = DMONGO__STR, .type = BSON_TYPE_UTF8, .len = 4, .s = "mode"},
        {.form = DMONGO__STR, .type = BSON_TYPE_UTF8, .len = 16,
         .s = "primaryPreferred"},
    };
    const struct dmongo__hello *hello = &call->server->hello;
    if (!(call->op->flags & (DMONGO__READS | DMONGO__PREFERS)) ||
        (*hello->set_name == 0 && !hello->is_mongos))
        return dmongo_absent(); /* a standalone has no choice */
    if (call->op->read_preference.form != DMONGO__ABSENT)
        return call->op->read_preference;
    if (call->client->read_preference_doc != NULL &&
        !(call->op->flags & DMONGO__OWN_PREFERENCE))
        return dmongo_bson(call->client->read_preference_doc);
    /* The program asked for this very member, whatever it is. */
    return hello->is_mongos || hello->is_writable
               ? dmongo_absent()
               : dmongo_doc_of(any_member, 2);
}

static dmongo_value timestamp(uint64_t time)
{
    return dmongo_timestamp((uint32_t)(time >> 32), (uint32_t)time);
}

/* The read concern; in a session of the program's with the time after which, or at
 * which, is read. */
static dmongo_value read_concern(const struct dmongo__call *call,
                                 struct dmongo__composed *out)
{
    const dmongo_session *session = call->op->session;
    if (!(call->op->flags & DMONGO__READS))
        return dmongo_absent();
    dmongo_value base = call->op->read_concern.form != DMONGO__ABSENT
                            ? call->op->read_concern
                            : call->client->read_concern;
    size_t n;
    if (base.form != DMONGO__ABSENT && dmongo__doc_first_key(base, &n) == NULL)
        base = dmongo_absent(); /* an empty one is the server's default */
    if (session == NULL)
        return base;
    out->concern[0] = base;
    if (session->options.snapshot) {
        out->concern[2] = dmongo_str("level");
        out->concern[3] = dmongo_str("snapshot");
        out->concern[4] = dmongo_str("atClusterTime");
        out->concern[5] = session->snapshot_time != 0
                              ? timestamp(session->snapshot_time)
                              : dmongo_absent();
        return dmongo_doc_of(out->concern + 2, 4);
    }
    if (session->options.not_causal || session->operation_time == 0)
        return base;
    out->concern[2] = dmongo_str("");
    out->concern[3] = dmongo__splice(&out->concern[0]);
    out->concern[4] = dmongo_str("afterClusterTime");
    out->concern[5] = timestamp(session->operation_time);
    return dmongo_doc_of(out->concern + 2, 4);
}

static dmongo_value write_concern(const struct dmongo__call *call)
{
    if (!(call->op->flags & DMONGO__WRITES))
        return dmongo_absent();
    if (call->op->write_concern.form == DMONGO__ABSENT)
        return call->client->write_concern;
    /* An empty one is the server's default, which is not sent. */
    size_t n;
    return dmongo__doc_first_key(call->op->write_concern, &n) != NULL
               ? call->op->write_concern
               : dmongo_absent();
}

static dmongo_value lsid(const struct dmongo__call *call,
                         struct dmongo__composed *out)
{
    if (call->session == NULL)
        return dmongo_absent();
    out->lsid[0] = dmongo_str("id");
    out->lsid[1] = dmongo_binary(call->session->id, sizeof call->session->id,
                                 BSON_SUBTYPE_UUID);
    return dmongo_doc_of(out->lsid, 2);
}

/* The newer of what the client and the session have seen. */
static dmongo_value cluster_time(const struct dmongo__call *call)
{
    const struct dmongo__cluster_time *newest = &call->client->cluster_time;
    const dmongo_session *session = call->op->session;
    if (session != NULL && session->cluster_time.time > newest->time)
        newest = &session->cluster_time;
    const struct dmongo__hello *hello = &call->server->hello;
    if (newest->size == 0 || (*hello->set_name == 0 && !hello->is_mongos))
        return dmongo_absent();
    return dmongo__make_ptr(DMONGO__RAW, BSON_TYPE_DOCUMENT, newest->size,
                            newest->bytes.data);
}

/* maxTimeMS: 0 if there is none, -1 if the time is up. */
static int64_t max_time(struct dmongo__call *call)
{
    int64_t own = call->op->max_time_ms;
    int64_t deadline = diesel_deadline();
    if (call->deadline < deadline)
        deadline = call->deadline;
    if (deadline == DIESEL_FOREVER || call->unacknowledged ||
        call->op->flags & DMONGO__NO_MAX_TIME)
        return own;
    int64_t left = deadline - diesel_now() - call->server->min_rtt_ms;
    if (left <= 0)
        return diesel_error_set(&call->error, DIESEL_E_TIMEDOUT,
                                DIESEL_DOM_MONGO, 0,
                                "timed out before the command was sent");
    /* With timeoutMS, which is for the whole call, other limits are ignored. */
    return own > 0 && own < left && call->deadline == DIESEL_FOREVER ? own : left;
}

/* A retryable write, and each further one in the call, has a number of its own, which
 * stays the same when it is sent again. */
static dmongo_value txn_number(struct dmongo__call *call)
{
    const struct dmongo__hello *hello = &call->server->hello;
    if (!(call->op->flags & DMONGO__RETRY_WRITE) || call->session == NULL ||
        call->unacknowledged || !call->client->uri->options.retry_writes ||
        (*hello->set_name == 0 && !hello->is_mongos))
        return dmongo_absent();
    if (call->attempts == 0)
        call->txn_number = ++call->session->txn_number;
    return dmongo_int64(call->txn_number);
}

/* Leaves out what the program has written itself. */
static void leave_out(struct dmongo__composed *out, uint32_t n)
{
    for (uint32_t i = 0; i < n; i += 2)
        if (dmongo__doc_has_key(out->command, out->items[i].s))
            out->items[i + 1] = dmongo_absent();
}

int dmongo__call_compose(struct dmongo__call *call, dmongo_value command,
                         struct dmongo__composed *out)
{
    const dmongo *client = call->client;
    uint32_t n = 0;
    int64_t ms = max_time(call);
    if (ms < 0)
        return -1;
    out->command = command;
    put(out, &n, "", dmongo__splice(&out->command));
    put(out, &n, "readConcern", read_concern(call, out));
    put(out, &n, "writeConcern", write_concern(call));
    put(out, &n, "$readPreference", read_preference(call));
    put(out, &n, "lsid", lsid(call, out));
    put(out, &n, "txnNumber", txn_number(call));
    put(out, &n, "$clusterTime", cluster_time(call));
    put(out, &n, "maxTimeMS", ms > 0 ? dmongo_int64(ms) : dmongo_absent());
    put(out, &n, "apiVersion", client->api_version);
    put(out, &n, "apiStrict", client->api_strict);
    put(out, &n, "apiDeprecationErrors", client->api_deprecation_errors);
    put(out, &n, "$db", call->op->database);
    if (call->op->flags & DMONGO__MAY_HAVE_ALL)
        leave_out(out, n);
    out->whole = dmongo_doc_of(out->items, n);
    return 0;
}
