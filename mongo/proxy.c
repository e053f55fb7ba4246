/* SPDX-License-Identifier: MIT */
/*
 * Proxying. A connection has two fibers, one for each direction; when one ends, so
 * does the other.
 *
 * Both may have something for the client, as the one for requests answers some of
 * them. So everything goes out through the streams' output buffers, to which whole
 * messages are appended, and is waited for if too much lies there.
 *
 * What a reply answers is found in a small ring of the last requests.
 */
#include <diesel/mongo_proxy.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <diesel/doc.h>
#include <diesel/memory.h>
#include <diesel/scope.h>
#include <diesel/time.h>

#include "compress_internal.h"
#include "element_internal.h"
#include "frames_internal.h"
#include "wire_internal.h"

#define USUAL_MESSAGE 50000000
#define USUAL_CONNECT_MS 10000
#define BUFFERED_AT_MOST ((size_t)1 << 20)

enum { REMEMBERED = 16 };

/* One connection of a client, with the server's. */
struct link {
    const dmongo_proxy_options *options;
    uint64_t number;
    diesel_stream *client, *server;
    diesel_scope *scope;
    uint32_t last_answer; /* the number of a reply of our own */
    struct {
        uint32_t id;
        char command[32];
    } requests[REMEMBERED];
    size_t request_count;
};

/* One direction of it. */
struct way {
    struct link *link;
    bool is_reply;
    diesel_stream *to;
    struct dmongo__frames frames;
    struct dmongo__buffer unpacked;
};

static void remember(struct link *link, uint32_t id, const char *command)
{
    size_t i = link->request_count++ % REMEMBERED;
    link->requests[i].id = id;
    snprintf(link->requests[i].command, sizeof link->requests[i].command, "%s",
             command);
}

static const char *recall(const struct link *link, uint32_t id)
{
    size_t n = link->request_count < REMEMBERED ? link->request_count : REMEMBERED;
    for (size_t i = 0; i < n; i++)
        if (link->requests[i].id == id)
            return link->requests[i].command;
    return "";
}

/* Reads the message as far as possible. *body is what passing->body points to. */
static void look_into(struct way *way, const uint8_t *bytes, size_t n,
                      dmongo_passing *passing, bson_t *body)
{
    struct dmongo__message m;
    const char *why;
    size_t limit = way->frames.limit;
    *passing = (dmongo_passing){
        .connection = way->link->number,
        .is_reply = way->is_reply,
        .id = dmongo__load32(bytes + 4),
        .response_to = dmongo__load32(bytes + 8),
        .operation = dmongo__load32(bytes + 12),
        .command = "",
        .bytes = bytes,
        .size = n,
    };
    bool ok = dmongo__message_read(&m, bytes, n, limit, &why) > 0;
    if (ok && m.operation == DMONGO__OP_COMPRESSED) {
        passing->operation = m.original;
        passing->compressor = dmongo__compressor_name(m.compressor);
        int64_t size = dmongo__unpack(&m, limit, &way->unpacked, NULL);
        ok = size > 0 && dmongo__message_read(&m, way->unpacked.data,
                                              (size_t)size, limit, &why) > 0;
    }
    if (!ok || !bson_init_static(body, m.body, m.body_size))
        return;
    passing->body = body;
    passing->flags = m.operation == DMONGO__OP_MSG ? m.flags : 0;
}

/* The request's command, or that of the request which the reply answers. */
static void find_command(struct way *way, dmongo_passing *passing)
{
    bson_iter_t first;
    if (way->is_reply) {
        passing->command = recall(way->link, passing->response_to);
        if (passing->flags & DMONGO__MORE_TO_COME) /* the next answers this */
            remember(way->link, passing->id, passing->command);
        return;
    }
    if (passing->body != NULL && bson_iter_init(&first, passing->body) &&
        bson_iter_next(&first))
        passing->command = bson_iter_key(&first);
    remember(way->link, passing->id, passing->command);
}


/* Sends what the proxy itself answers to the request. */
static int answer(struct way *way, const dmongo_passing *passing,
                  const bson_t *doc, diesel_error *err)
{
    size_t n = DMONGO__MSG_PREFIX_SIZE + doc->len;
    if (passing->flags & DMONGO__MORE_TO_COME)
        return 0;
    bool is_query = passing->operation == DMONGO__OP_QUERY;
    if (is_query)
        n = DMONGO__HEADER_SIZE + 20 + doc->len;
    uint8_t *out = diesel_stream_reserve(way->link->client, n, err);
    if (out == NULL)
        return -1;
    uint32_t id = ++way->link->last_answer;
    uint8_t *at;
    if (is_query) {
        at = dmongo__header_write(out, id, passing->id, DMONGO__OP_REPLY);
        memset(at, 0, 16);
        at = dmongo__store32(at + 16, 1);
    } else {
        at = dmongo__msg_begin(out, id, passing->id, 0);
    }
    memcpy(at, bson_get_data(doc), doc->len);
    dmongo__message_end(out, n);
    diesel_stream_commit(way->link->client, n);
    return diesel_stream_drain(way->link->client, BUFFERED_AT_MOST,
                               DIESEL_FOREVER, err);
}

/* Forwards the first n bytes, with one bit turned over if that is wanted. */
static int forward(struct way *way, const uint8_t *bytes, size_t n,
                   const dmongo_fate *fate, diesel_error *err)
{
    size_t piece = fate->piece != 0 ? fate->piece : n;
    for (size_t at = 0; at < n; at += piece) {
        size_t size = n - at < piece ? n - at : piece;
        uint8_t *room = diesel_stream_reserve(way->to, size, err);
        if (room == NULL)
            return -1;
        memcpy(room, bytes + at, size);
        if (fate->flip > 0 && fate->flip >= at && fate->flip - at < size)
            room[fate->flip - at] ^= 1;
        diesel_stream_commit(way->to, size);
        size_t most = fate->piece != 0 || fate->cut != 0 ? 0 : BUFFERED_AT_MOST;
        if (diesel_stream_drain(way->to, most, DIESEL_FOREVER, err) < 0 ||
            (fate->pause_ms > 0 && diesel_sleep(fate->pause_ms, err) < 0))
            return -1;
    }
    return 0;
}

/* Lets one message meet its fate: 1 to go on, 0 to close, -1. */
static int pass(struct way *way, const uint8_t *bytes, size_t n,
                diesel_error *err)
{
    const dmongo_proxy_options *o = way->link->options;
    dmongo_passing passing;
    dmongo_fate fate = {0};
    bson_t body;
    if (o->watch != NULL) {
        look_into(way, bytes, n, &passing, &body);
        find_command(way, &passing);
        o->watch(&passing, &fate, o->arg);
    }
    if (fate.delay_ms > 0 && diesel_sleep(fate.delay_ms, err) < 0)
        return -1;
    if (fate.close)
        return 0;
    if (fate.answer != NULL && !way->is_reply)
        return answer(way, &passing, fate.answer, err) < 0 ? -1 : 1;
    if (fate.drop)
        return 1;
    bool is_cut = fate.cut > 0 && fate.cut < n;
    if (forward(way, bytes, is_cut ? fate.cut : n, &fate, err) < 0)
        return -1;
    return is_cut ? 0 : 1;
}

static int pass_all(void *arg)
{
    struct way *way = arg;
    const uint8_t *bytes;
    size_t n;
    diesel_error err;
    int got;
    while ((got = dmongo__frames_next(&way->frames, &bytes, &n, &err)) > 0 &&
           (got = pass(way, bytes, n, &err)) > 0)
        continue;
    dmongo__frames_clear(&way->frames);
    dmongo__buffer_clear(&way->unpacked);
    if (got < 0)
        return diesel_fail(&err);
    /* What was passed before the end still leaves. */
    int left = diesel_stream_drain(way->to, 0, DIESEL_FOREVER, &err);
    diesel_scope_cancel(way->link->scope);
    return left < 0 ? diesel_fail(&err) : 0;
}

int dmongo_proxy_streams(diesel_stream *client, diesel_stream *server,
                         uint64_t connection,
                         const dmongo_proxy_options *options, diesel_error *err)
{
    static const dmongo_proxy_options usual;
    struct link *link = diesel_calloc(1, sizeof *link);
    int done = -1;
    if (link == NULL) {
        diesel_error_nomem(err, "a proxy's connection");
        goto close;
    }
    link->options = options != NULL ? options : &usual;
    link->number = connection;
    link->client = client;
    link->server = server;
    size_t limit = link->options->max_message != 0 ? link->options->max_message
                                                   : USUAL_MESSAGE;
    struct way there = {.link = link, .to = server,
                        .frames = {.stream = client, .limit = limit}};
    struct way back = {.link = link, .to = client, .is_reply = true,
                       .frames = {.stream = server, .limit = limit}};
    link->scope = diesel_scope_open(&(diesel_scope_options){.label = "proxy"});
    diesel_go(link->scope, pass_all, &there);
    diesel_go(link->scope, pass_all, &back);
    done = diesel_scope_wait(link->scope, err);
    diesel_free(link);
close:
    diesel_stream_close(client);
    diesel_stream_close(server);
    return done;
}

/* Listening. */

struct address {
    char host[256]; /* or a path, if port is 0 */
    uint16_t port;
};

struct proxy {
    const dmongo_proxy_options *options;
    struct address server;
    uint64_t accepted;
};

struct accepted {
    const struct proxy *proxy;
    diesel_stream *client;
    uint64_t number;
};

/* "host:port", "[address]:port" or a path. */
static int read_address(const char *text, struct address *out,
                        diesel_error *err)
{
    const char *colon = strrchr(text, ':');
    bool is_path = strchr(text, '/') != NULL;
    size_t n = is_path || colon == NULL ? strlen(text) : (size_t)(colon - text);
    char *end = NULL;
    unsigned long port = is_path || colon == NULL ? 0 : strtoul(colon + 1, &end, 10);
    if (n == 0 || n >= sizeof out->host ||
        (!is_path && (port == 0 || port > 65535 || *end != 0)))
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_MONGO, 0,
                                "a proxy's server must be HOST:PORT or a path, "
                                "not %.80s", text);
    if (*text == '[' && text[n - 1] == ']') {
        text++;
        n -= 2;
    }
    memcpy(out->host, text, n);
    out->host[n] = 0;
    out->port = (uint16_t)port;
    return 0;
}

static diesel_stream *connect_to(const struct proxy *proxy, diesel_error *err)
{
    const struct address *a = &proxy->server;
    int64_t ms = proxy->options->connect_ms;
    int64_t deadline = diesel_now() + (ms > 0 ? ms : USUAL_CONNECT_MS);
    return a->port == 0 ? diesel_unix_connect(a->host, deadline, err)
                        : diesel_tcp_connect(a->host, a->port, NULL, deadline, err);
}

/* What goes wrong with one connection is seen by its client. */
static int proxy_one(void *arg)
{
    struct accepted one = *(struct accepted *)arg;
    diesel_error err;
    diesel_free(arg);
    diesel_stream *server = connect_to(one.proxy, &err);
    if (server == NULL) {
        diesel_stream_close(one.client);
        return 0;
    }
    int done = dmongo_proxy_streams(one.client, server, one.number,
                                    one.proxy->options, &err);
    (void)done;
    return 0;
}

static int accept_one(struct proxy *proxy, diesel_listener *listener,
                      diesel_scope *scope, diesel_error *err)
{
    diesel_stream *client = diesel_accept(listener, DIESEL_FOREVER, err);
    if (client == NULL)
        return -1;
    struct accepted *one = diesel_malloc(sizeof *one);
    if (one != NULL) {
        *one = (struct accepted){proxy, client, ++proxy->accepted};
        if (diesel_go(scope, proxy_one, one) == 0)
            return 0;
    }
    diesel_free(one);
    diesel_stream_close(client);
    return diesel_error_nomem(err, "a proxy's connection");
}

int dmongo_proxy(diesel_listener *listener, const char *server,
                 const dmongo_proxy_options *options, diesel_error *err)
{
    static const dmongo_proxy_options usual;
    struct proxy proxy = {.options = options != NULL ? options : &usual};
    diesel_error why, ended;
    if (read_address(server, &proxy.server, &why) == 0) {
        diesel_scope *scope = diesel_scope_open(
            &(diesel_scope_options){.label = "MongoDB proxy"});
        while (accept_one(&proxy, listener, scope, &why) == 0)
            continue;
        diesel_scope_cancel(scope);
        if (diesel_scope_wait(scope, &ended) < 0)
            why = ended;
    }
    diesel_listener_close(listener);
    if (err != NULL)
        *err = why;
    return -1;
}
