/* SPDX-License-Identifier: MIT */
/*
 * A connection of one's own.
 *
 *     dredis_session *s = dredis_session_open("redis://db1", NULL, &err);
 *     dredis_reply *r = dredis_session_call(s, &err, "SELECT", 3);
 *     if (r == NULL || r->type == DREDIS_ERROR)
 *         ...
 *     dredis_reply_free(r);
 *     dredis_session_close(s);
 *
 * What a client refuses since its connection is shared can be done here: SELECT,
 * AUTH and HELLO, MULTI and EXEC, WATCH, RESET, commands that block. What they
 * change stays changed for as long as the connection lives, and it is not made
 * anew when it breaks, for then it would silently be another one. Still refused is
 * what has not one reply per command: SUBSCRIBE and its kind, MONITOR, SYNC and
 * CLIENT REPLY.
 *
 * One fiber at a time may use a session.
 */
#ifndef DIESEL_REDIS_SESSION_H
#define DIESEL_REDIS_SESSION_H

#include <stddef.h>

#include <diesel/redis_client.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct dredis_session dredis_session;

/* Connects and greets the server, with the URL and the options of dredis_open(),
 * of which those on reconnecting have no meaning here. Owned by the caller:
 * dredis_session_close(). NULL: as dredis_open(). Switches fibers. */
dredis_session *dredis_session_open(const char *url,
                                    const dredis_options *options,
                                    diesel_error *err)
    __attribute__((warn_unused_result));

/* Closes the connection. No fiber may be using the session. NULL does nothing.
 * Never switches fibers. */
void dredis_session_close(dredis_session *session);

/* The server for messages, "db1:6379"; borrowed for the session's life. Never
 * switches fibers. */
const char *dredis_session_name(const dredis_session *session);

/* Runs one command and returns its reply, owned by the caller:
 * dredis_reply_free(). Unlike dredis_call(), an error reply is a reply, of the type
 * ERROR. NULL if there is none: INVAL (nothing was sent; the session is as it
 * was), NOMEM, or TIMEDOUT, CANCELLED, CLOSED, IO, PROTOCOL, LIMIT: the connection
 * is then broken, for a reply may still come, and all further calls get CLOSED.
 * DIESEL_EF_SENT is as in dredis_call(). Switches fibers. */
#define dredis_session_call(session, err, ...)                                 \
    dredis_session_call_array((session), DIESEL_VALUES(__VA_ARGS__),           \
                              DIESEL_COUNT(__VA_ARGS__), (err))

dredis_reply *dredis_session_call_array(dredis_session *session,
                                        const diesel_value *args, size_t n,
                                        diesel_error *err)
    __attribute__((warn_unused_result));

#ifdef __cplusplus
}
#endif
#endif
