/* SPDX-License-Identifier: MIT */
/*
 * Replies by their elements. The line that begins an aggregate ("*1000000") is read
 * here; the parser then sees each element as a reply of its own:
 *
 *     *3 CRLF  $1 CRLF a CRLF  $1 CRLF b CRLF  :7 CRLF
 *     here     one reply       one reply       one reply
 *
 * A reply that begins otherwise (an error, nil, an attribute) is parsed as a whole;
 * if an aggregate comes of it, its elements are handed out from there.
 *
 * The bytes that were read and not yet parsed lie in the connection's buffer. The
 * connection's slots are not used: there is nothing that could come in between.
 */
#include <diesel/redis_elements.h>

#include <stdint.h>
#include <string.h>

#include <diesel/fiber.h>
#include <diesel/memory.h>

#include "client_internal.h"
#include "encode_internal.h"
#include "error_internal.h"

#define LONGEST_HEADER 32
#define MOST_TRIES 4 /* to find a connection that lives */

struct dredis_elements {
    dredis *client;
    dredis__dedicated *own;    /* NULL: given back, all has come or is lost  */
    const char *at;            /* what was read and is not parsed            */
    size_t n;
    dredis_type type;
    size_t count, left;        /* elements, in all and still to come         */
    dredis_reply *current;     /* the one that is borrowed; NULL             */
    dredis_reply *whole;       /* was parsed as a whole, see above; NULL     */
    bool failed;
};

static dredis__connection *connection_of(const dredis_elements *e)
{
    return dredis__dedicated_connection(e->own);
}

static void give_back(dredis_elements *e, bool clean)
{
    if (e->own != NULL)
        dredis__dedicated_give(e->client, e->own, clean);
    e->own = NULL;
}

/* Reads more bytes: 0 or -1. */
static int fill(dredis_elements *e, diesel_error *err)
{
    dredis__connection *c = connection_of(e);
    ssize_t got = dredis__connection_fill(c, DIESEL_FOREVER, err);
    if (got < 0)
        return -1;
    e->at = c->buffer;
    e->n = (size_t)got;
    return 0;
}

/* The next reply from what was read and what comes: 0 or -1. */
static int parse_one(dredis_elements *e, dredis_reply **reply, diesel_error *err)
{
    int got;
    while ((got = dredis__reply_reader_next(connection_of(e)->reader, &e->at,
                                            &e->n, reply, err)) == 0)
        if (fill(e, err) < 0)
            return -1;
    return got > 0 ? 0 : -1;
}

/* The line behind the type: 0 or -1. */
static int read_header(dredis_elements *e, char line[LONGEST_HEADER],
                       diesel_error *err)
{
    size_t len = 0;
    for (;;) {
        if (e->n == 0 && fill(e, err) < 0)
            return -1;
        char c = *e->at++;
        e->n--;
        if (c == '\n' && len > 0 && line[len - 1] == '\r') {
            line[len - 1] = '\0';
            return 0;
        }
        line[len++] = c;
        if (len == LONGEST_HEADER)
            return diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0,
                                    "not RESP: a line without an end");
    }
}

static int bad_count(diesel_error *err)
{
    return diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0,
                            "not RESP: no number of elements");
}

/* "*3", "%2" (pairs), "~3", "*-1" (nil). */
static int begin_aggregate(dredis_elements *e, diesel_error *err)
{
    char line[LONGEST_HEADER];
    size_t count = 0;
    if (read_header(e, line, err) < 0)
        return -1;
    if (strcmp(line, "*-1") == 0) {
        e->type = DREDIS_NIL;
        return 0;
    }
    for (const char *digit = line + 1; *digit != '\0'; digit++) {
        if (*digit < '0' || *digit > '9' || count > SIZE_MAX / 20 - 9)
            return bad_count(err);
        count = count * 10 + (size_t)(*digit - '0');
    }
    if (line[1] == '\0')
        return bad_count(err);
    e->type = line[0] == '%'   ? DREDIS_MAP
              : line[0] == '~' ? DREDIS_SET
                               : DREDIS_ARRAY;
    e->count = e->left = e->type == DREDIS_MAP ? 2 * count : count;
    return 0;
}

/* What is no plain aggregate: 0 or -1. Of what comes behind a push the parser has
 * had a part already, so that is parsed as a whole, too. */
static int begin_whole(dredis_elements *e, diesel_error *err)
{
    dredis_reply *reply;
    if (parse_one(e, &reply, err) < 0)
        return -1;
    while (reply->type == DREDIS_PUSH) {
        dredis_reply_free(reply);
        if (parse_one(e, &reply, err) < 0)
            return -1;
    }
    e->whole = reply;
    e->type = reply->type;
    if (reply->type != DREDIS_NIL && dredis_reply_list(reply, err) == NULL)
        return -1;
    e->count = e->left = reply->elements;
    return 0;
}

static int begin(dredis_elements *e, diesel_error *err)
{
    if (fill(e, err) < 0)
        return -1;
    return *e->at == '*' || *e->at == '%' || *e->at == '~'
               ? begin_aggregate(e, err)
               : begin_whole(e, err);
}

/* Whether nothing came behind the reply. */
static bool is_at_end(const dredis_elements *e)
{
    return e->n == 0 && dredis__reply_reader_is_empty(connection_of(e)->reader);
}

/* Appends the command to the output. */
static int send_command(dredis_elements *e, const diesel_value *args, size_t n,
                        size_t most, diesel_error *err)
{
    dredis__connection *c = connection_of(e);
    char *at = diesel_stream_reserve(c->stream, most, err);
    if (at == NULL)
        return -1;
    size_t size = (size_t)(dredis__command_write(at, args, n) - at);
    c->appended += size;
    c->stats->commands++;
    diesel_stream_commit(c->stream, size);
    return 0;
}

/* One attempt over one connection: 0, -1, or DREDIS__AGAIN: nothing was sent. */
static int attempt(dredis_elements *e, const diesel_value *args, size_t n,
                   size_t most, diesel_error *err)
{
    e->own = dredis__dedicated_take(e->client, err);
    if (e->own == NULL)
        return -1;
    dredis__connection *c = connection_of(e);
    uint64_t start = c->appended;
    if (send_command(e, args, n, most, err) == 0 && begin(e, err) == 0)
        return 0;
    if (!dredis__connection_is_broken(c))
        c->sent = diesel_stream_sent(c->stream);
    bool sent = c->sent > start;
    bool answered = e->whole != NULL && e->whole->type == DREDIS_ERROR;
    bool lost = err->code == DIESEL_E_CLOSED || err->code == DIESEL_E_IO;
    give_back(e, answered && is_at_end(e));
    if (sent)
        err->flags |= DIESEL_EF_SENT;
    return lost && !sent && !e->client->closed ? DREDIS__AGAIN : -1;
}

static int open_elements(dredis_elements *e, const diesel_value *args, size_t n,
                         diesel_error *err)
{
    size_t most;
    const char *why;
    if (diesel_check(err) < 0 || dredis__command_size(args, n, &most, err) < 0)
        return -1;
    if (dredis__route_of(args, n, &why) >= DREDIS__PIPELINED)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "refused: it %s", why);
    int result = DREDIS__AGAIN;
    for (int tries = 0; result > 0 && tries < MOST_TRIES; tries++)
        result = attempt(e, args, n, most, err);
    return result == 0 ? 0 : -1;
}

dredis_elements *dredis_elements_open_array(dredis *client,
                                            const diesel_value *args, size_t n,
                                            diesel_error *err)
{
    char text[DREDIS__COMMAND_TEXT];
    diesel_error why;
    dredis_elements *e = diesel_calloc(1, sizeof *e);
    client->refs++;
    if (e == NULL)
        diesel_error_nomem(&why, "a reader of elements");
    else
        e->client = client;
    if (e != NULL && open_elements(e, args, n, &why) == 0) {
        if (e->left == 0 || e->whole != NULL) /* all of it has come */
            give_back(e, is_at_end(e));
        dredis__client_leave(client);
        return e;
    }
    diesel_error_prefix(&why, "redis %s: %s", dredis_name(client),
                        dredis__command_text(text, args, n));
    if (err != NULL)
        *err = why;
    dredis_elements_close(e);
    dredis__client_leave(client);
    return NULL;
}

size_t dredis_elements_count(const dredis_elements *e)
{
    return e->count;
}

dredis_type dredis_elements_type(const dredis_elements *e)
{
    return e->type;
}

/* Why there are no more: the scope's end leaves the rest where it is. */
static int no_element(dredis_elements *e, diesel_error *why, diesel_error *err)
{
    if (diesel_check(NULL) == 0) {
        e->failed = true;
        give_back(e, false);
    }
    diesel_error_prefix(why, "redis %s: element %zu", dredis_name(e->client),
                        e->count - e->left);
    if (err != NULL)
        *err = *why;
    return -1;
}

int dredis_elements_next(dredis_elements *e, const dredis_reply **element,
                         diesel_error *err)
{
    diesel_error why;
    if (diesel_check(err) < 0)
        return -1;
    if (e->failed)
        return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                                "redis %s: the rest of the elements is lost",
                                dredis_name(e->client));
    dredis_reply_free(e->current);
    e->current = NULL;
    if (e->left == 0)
        return 0;
    if (e->whole != NULL) {
        *element = &e->whole->element[e->count - e->left--];
        return 1;
    }
    if (parse_one(e, &e->current, &why) < 0)
        return no_element(e, &why, err);
    *element = e->current;
    if (--e->left == 0) {
        e->client->stats.replies++;
        give_back(e, is_at_end(e));
    }
    return 1;
}

void dredis_elements_close(dredis_elements *e)
{
    if (e == NULL)
        return;
    give_back(e, false);
    dredis_reply_free(e->current);
    dredis_reply_free(e->whole);
    diesel_free(e);
}
