/* SPDX-License-Identifier: MIT */
/*
 * Sessions. Server sessions lie on a stack in the client, the one used last on top,
 * so that few are in use and the others expire together. One that will expire
 * within a minute is forgotten rather than used.
 */
#include "session_internal.h"

#include <string.h>
#include <sys/random.h>

#include <diesel/doc.h>
#include <diesel/memory.h>
#include <diesel/scope.h>
#include <diesel/time.h>

#include "client_internal.h"

#define MOST_ENDED 10000 /* sessions in one endSessions, after the specification */
#define END_MS 100       /* for sending it */

/* A random UUID (RFC 9562, version 4). */
static int make_id(uint8_t id[16], diesel_error *err)
{
    if (getentropy(id, 16) < 0)
        return diesel_error_set(err, DIESEL_E_IO, DIESEL_DOM_CORE, 0,
                                "no random bytes for a session's id");
    id[6] = (uint8_t)((id[6] & 0x0F) | 0x40);
    id[8] = (uint8_t)((id[8] & 0x3F) | 0x80);
    return 0;
}

static bool is_expiring(const dmongo *client,
                        const struct dmongo__server_session *session)
{
    int64_t minutes = client->session_timeout_minutes;
    return minutes > 0 &&
           diesel_now() - session->last_use > (minutes - 1) * 60000;
}

struct dmongo__server_session *dmongo__session_take(dmongo *client,
                                                    diesel_error *err)
{
    struct dmongo__server_session *session;
    while ((session = client->sessions) != NULL) {
        client->sessions = session->next;
        if (!is_expiring(client, session))
            return session;
        diesel_free(session);
    }
    session = diesel_calloc(1, sizeof *session);
    if (session == NULL) {
        diesel_error_nomem(err, "a session");
        return NULL;
    }
    if (make_id(session->id, err) < 0) {
        diesel_free(session);
        return NULL;
    }
    return session;
}

void dmongo__session_give(dmongo *client,
                          struct dmongo__server_session *session)
{
    if (session == NULL)
        return;
    if (session->is_dirty || client->is_closed) {
        diesel_free(session);
        return;
    }
    session->last_use = diesel_now();
    session->next = client->sessions;
    client->sessions = session;
}

/* [{id: ...}, ...] of the client's sessions, made of values in memory of its own:
 * diesel_free(*room), NULL without memory. */
static dmongo_value ended_ids(const dmongo *client, dmongo_value **room)
{
    size_t n = 0, i = 0;
    for (const struct dmongo__server_session *s = client->sessions; s != NULL;
         s = s->next)
        n++;
    if (n > MOST_ENDED)
        n = MOST_ENDED;
    *room = diesel_realloc_array(NULL, n, 3 * sizeof **room);
    if (*room == NULL)
        return dmongo_absent();
    dmongo_value *ids = *room, *fields = *room + n;
    for (const struct dmongo__server_session *s = client->sessions; i < n;
         s = s->next, i++) {
        fields[2 * i] = dmongo_str("id");
        fields[2 * i + 1] =
            dmongo_binary(s->id, sizeof s->id, BSON_SUBTYPE_UUID);
        ids[i] = dmongo_doc_of(fields + 2 * i, 2);
    }
    return dmongo_array_of(ids, n);
}

/* Sends it on a connection that is idle anyway: a client that cannot does not wait for
 * one, since servers end sessions by themselves after a while. */
static void send_end(dmongo *client)
{
    struct dmongo__server *server = client->current;
    diesel_error unused;
    if (server == NULL || server->pool.idle == NULL ||
        diesel_self() == NULL)
        return;
    dmongo_value *room, ids = ended_ids(client, &room);
    diesel_scope *last = diesel_scope_open(
        &(diesel_scope_options){.shield = true, .timeout_ms = END_MS});
    struct dmongo__op op = {.what = "endSessions",
                            .ns = "admin",
                            .database = dmongo_str("admin"),
                            .flags = DMONGO__NO_SESSION | DMONGO__NO_REPLY};
    struct dmongo__call call;
    if (room != NULL && dmongo__call_begin_on(&call, server, &op) == 0) {
        if (dmongo__call_exchange(&call, dmongo_doc("endSessions", ids),
                                  NULL) == 0)
            dmongo__call_end(&call);
        else
            dmongo__call_fail(&call, &unused);
    }
    if (diesel_scope_wait(last, &unused) < 0)
        last = NULL; /* it was not sent: see above */
    diesel_free(room);
}

void dmongo__sessions_end(dmongo *client)
{
    if (client->sessions != NULL)
        send_end(client);
    while (client->sessions != NULL) {
        struct dmongo__server_session *session = client->sessions;
        client->sessions = session->next;
        diesel_free(session);
    }
}

void dmongo__cluster_time_advance(struct dmongo__cluster_time *kept,
                                  const uint8_t *bytes, size_t size)
{
    bson_t doc;
    bson_iter_t at;
    uint32_t seconds, ordinal;
    diesel_error unused;
    if (!bson_init_static(&doc, bytes, size) ||
        !bson_iter_init_find(&at, &doc, "clusterTime") ||
        !BSON_ITER_HOLDS_TIMESTAMP(&at))
        return;
    bson_iter_timestamp(&at, &seconds, &ordinal);
    uint64_t time = (uint64_t)seconds << 32 | ordinal;
    if ((kept->size > 0 && time <= kept->time) ||
        dmongo__buffer_reserve(&kept->bytes, size, &unused) < 0)
        return;
    memcpy(kept->bytes.data, bytes, size);
    kept->size = size;
    kept->time = time;
}

/* Sessions of the program. */

dmongo_session *dmongo_session_open(dmongo *client,
                                    const dmongo_session_options *options,
                                    diesel_error *err)
{
    dmongo_session *session = diesel_calloc(1, sizeof *session);
    if (session == NULL) {
        diesel_error_nomem(err, "a session");
        return NULL;
    }
    if (options != NULL)
        session->options = *options;
    session->client = client;
    client->references++;
    session->server = dmongo__session_take(client, err);
    if (session->server != NULL)
        session->id = dmongo_doc_to_bson(
            dmongo_doc("id", dmongo_binary(session->server->id, 16,
                                           BSON_SUBTYPE_UUID)),
            err);
    if (session->id != NULL)
        return session;
    dmongo_session_close(session);
    return NULL;
}

void dmongo_session_close(dmongo_session *session)
{
    if (session == NULL)
        return;
    dmongo__session_give(session->client, session->server);
    dmongo__client_release(session->client);
    dmongo__buffer_clear(&session->cluster_time.bytes);
    bson_destroy(session->id);
    diesel_free(session);
}

const bson_t *dmongo_session_id(dmongo_session *session)
{
    return session->id;
}

uint64_t dmongo_session_operation_time(const dmongo_session *session)
{
    return session->operation_time;
}

void dmongo_session_advance_operation_time(dmongo_session *session,
                                           uint64_t time)
{
    if (time > session->operation_time)
        session->operation_time = time;
}

bool dmongo_session_cluster_time(const dmongo_session *session, bson_t *view)
{
    return session->cluster_time.size > 0 &&
           bson_init_static(view, session->cluster_time.bytes.data,
                            session->cluster_time.size);
}

void dmongo_session_advance_cluster_time(dmongo_session *session,
                                         const bson_t *time)
{
    dmongo__cluster_time_advance(&session->cluster_time, bson_get_data(time),
                                 time->len);
}
