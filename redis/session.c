/* SPDX-License-Identifier: MIT */
/*
 * Sessions: one connection, one user, one command at a time. The user's own fiber
 * reads the replies, so there is no keeper and nothing to wake.
 */
#include <diesel/redis_session.h>

#include <diesel/memory.h>

#include "config_internal.h"
#include "connection_internal.h"
#include "console_internal.h"
#include "encode_internal.h"
#include "route_internal.h"
#include "watch_internal.h"

#define BUFFER_SIZE (64 * 1024)

struct dredis_session {
    dredis__config config;
    dredis_stats stats;
    dredis__connection *connection;
    diesel_console_entry *shown; /* on the console's page */
};

static void show(void *arg, diesel_console_page *page)
{
    const dredis_session *session = arg;
    const dredis__connection *c = session->connection;
    bool broken = dredis__connection_is_broken(c);
    dredis__console_row(
        page, &(dredis__shown){.config = &session->config,
                               .use = "session",
                               .state = broken           ? "broken"
                                        : c->pending > 0 ? "busy"
                                                         : "idle",
                               .connection = c});
}

dredis_session *dredis_session_open(const char *url,
                                    const dredis_options *options,
                                    diesel_error *err)
{
    dredis_session *session = diesel_calloc(1, sizeof *session);
    if (session == NULL) {
        diesel_error_nomem(err, "a session");
        return NULL;
    }
    if (dredis__config_init(&session->config, url, options, err) < 0) {
        diesel_error_prefix(err, "redis");
        goto fail_config;
    }
    session->connection = dredis__connection_open(&session->config, BUFFER_SIZE,
                                                  &session->stats, err);
    if (session->connection != NULL) {
        session->shown = dredis__console_add(show, session, err);
        if (session->shown != NULL)
            return session;
        dredis_session_close(session);
        return NULL;
    }
    diesel_error_prefix(err, "redis %s", session->config.name);
    dredis__config_clear(&session->config);

fail_config:
    diesel_free(session);
    return NULL;
}

void dredis_session_close(dredis_session *session)
{
    diesel_error why;
    if (session == NULL)
        return;
    diesel_error_set(&why, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                     "the session has been closed");
    diesel_console_remove(session->shown);
    dredis__connection_break(session->connection, &why);
    dredis__connection_leave(session->connection);
    dredis__config_clear(&session->config);
    diesel_free(session);
}

const char *dredis_session_name(const dredis_session *session)
{
    return session->config.name;
}

/* Takes what has come while nobody called: pushes, or the end. -1: the connection
 * is broken. */
static int catch_up(dredis__connection *c, diesel_error *err)
{
    diesel_error why;
    while (!dredis__connection_is_broken(c) &&
           diesel_stream_is_readable(c->stream)) {
        if (dredis__connection_read(c, DIESEL_FOREVER, &why) < 0)
            dredis__connection_break(c, &why);
    }
    if (!dredis__connection_is_broken(c))
        return 0;
    return diesel_error_set(err, DIESEL_E_CLOSED, c->error.domain,
                            c->error.detail, "%s", c->error.message);
}

static int exchange(dredis_session *session, const diesel_value *args, size_t n,
                    dredis_reply **reply, diesel_error *err)
{
    dredis__request request = {
        .args = args, .n = n, .commands = 1, .replies = reply};
    const char *why;
    if (dredis__command_size(args, n, &request.size, err) < 0)
        return -1;
    if (dredis__route_of(args, n, &why) == DREDIS__REFUSED)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "refused: it %s", why);
    if (catch_up(session->connection, err) < 0)
        return -1;
    int result = dredis__watch_exchange(session->config.watch,
                                        session->connection, &request, err);
    return result == 0 ? 0 : -1;
}

dredis_reply *dredis_session_call_array(dredis_session *session,
                                        const diesel_value *args, size_t n,
                                        diesel_error *err)
{
    char text[DREDIS__COMMAND_TEXT];
    dredis_reply *reply = NULL;
    if (exchange(session, args, n, &reply, err) == 0)
        return reply;
    dredis_reply_free(reply);
    diesel_error_prefix(err, "redis %s: %s", session->config.name,
                        dredis__command_text(text, args, n));
    return NULL;
}
