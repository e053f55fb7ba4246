/* SPDX-License-Identifier: MIT */
/*
 * Sessions: operations that belong together. Reads in a session see the session's
 * earlier writes, also on another member of a replica set (causal consistency).
 *
 *     dmongo_session *session = dmongo_session_open(mongo, NULL, &err);
 *     dmongo_insert_one(mongo, "app.users", user, &(dmongo_insert_options){
 *                       .session = session}, NULL, &err);
 *     n = dmongo_count(mongo, "app.users", all, &(dmongo_count_options){
 *                      .session = session}, &err);
 *     dmongo_session_close(session);
 *
 * An operation without a session of the program's has one of the client's, about
 * which nobody need know. A session is for one fiber at a time.
 */
#ifndef DIESEL_MONGO_SESSION_H
#define DIESEL_MONGO_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include <bson/bson.h>

#include <diesel/error.h>
#include <diesel/mongo_client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All zero bytes: causally consistent. */
typedef struct dmongo_session_options {
    bool not_causal; /* reads need not see earlier operations                    */
    bool snapshot;   /* all reads see the data as of the first of them; then not
                        causal                                                   */
} dmongo_session_options;

/* Opens a session; nothing is sent for that. options may be NULL. Owned by the caller:
 * dmongo_session_close(). NULL: NOMEM, IO. Never switches fibers. */
dmongo_session *dmongo_session_open(dmongo *client,
                                    const dmongo_session_options *options,
                                    diesel_error *err)
    __attribute__((warn_unused_result));

/* Closes it. Operations that use it must have ended. NULL does nothing. Never switches
 * fibers. */
void dmongo_session_close(dmongo_session *session);

/* What the server knows it by: {id: binary}. Borrowed for the session's life. Never
 * switches fibers. */
const bson_t *dmongo_session_id(dmongo_session *session);

/* The time of the last operation in the session, seconds in the upper half of the
 * number and their ordinal in the lower, as in a BSON timestamp; 0: none is known.
 * Never switches fibers. */
uint64_t dmongo_session_operation_time(const dmongo_session *session);

/* Has this session see what another one, perhaps of another process, has seen: the
 * time only ever goes forward. Never switches fibers. */
void dmongo_session_advance_operation_time(dmongo_session *session,
                                           uint64_t time);

/* The cluster's time as the session knows it, for another session; false if it knows
 * none. The view is borrowed until the session is used again. Never switches
 * fibers. */
bool dmongo_session_cluster_time(const dmongo_session *session, bson_t *view);
void dmongo_session_advance_cluster_time(dmongo_session *session,
                                         const bson_t *time);

#ifdef __cplusplus
}
#endif
#endif
