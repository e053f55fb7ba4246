/* SPDX-License-Identifier: MIT */
/*
 * Commands as lines of words for tests, and replies as text, see resp_show.h. A word
 * in double quotes may hold spaces; "\x" does not mean anything.
 */
#ifndef TESTS_REDIS_LINES_H
#define TESTS_REDIS_LINES_H

#include <diesel/redis.h>

#include "resp_show.h"
#include "test_util.h"

enum { REDIS_LINE_WORDS = 24 };

/* The words of a line, in *copy, which the caller frees. */
static inline size_t redis_line_split(const char *line, char **copy,
                                      diesel_value words[REDIS_LINE_WORDS])
{
    size_t n = 0;
    char *at = *copy = strdup(line);
    while (*at != '\0') {
        char end = *at == '"' ? '"' : ' ';
        at += end == '"';
        char *stop = strchr(at, end);
        size_t len = stop != NULL ? (size_t)(stop - at) : strlen(at);
        ck_assert_uint_lt(n, REDIS_LINE_WORDS);
        words[n++] = diesel_strn(at, len);
        at += len;
        at += *at == '"';
        at += *at == ' ';
    }
    return n;
}

/* The reply to the line, or NULL and *err. */
static inline dredis_reply *redis_line_run(dredis_session *session,
                                           const char *line, diesel_error *err)
{
    diesel_value words[REDIS_LINE_WORDS];
    char *copy;
    size_t n = redis_line_split(line, &copy, words);
    dredis_reply *reply = dredis_session_call_array(session, words, n, err);
    free(copy);
    return reply;
}

/* The same as text, in one of a few static places. */
static inline const char *redis_line_show(dredis_session *session,
                                          const char *line)
{
    static struct resp_text texts[4];
    static unsigned next;
    struct resp_text *text = &texts[next++ % 4];
    diesel_error err;
    text->used = 0;
    text->text[0] = '\0';
    dredis_reply *reply = redis_line_run(session, line, &err);
    if (reply == NULL)
        ck_abort_msg("%s failed: %s", line, err.message);
    resp_show(text, reply);
    dredis_reply_free(reply);
    return text->text;
}

#define assert_line(session, line, want)                                       \
    ck_assert_str_eq(redis_line_show((session), (line)), (want))

#endif
