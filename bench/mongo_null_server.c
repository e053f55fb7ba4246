/* SPDX-License-Identifier: MIT */
/*
 * A MongoDB server that does nothing, at once, so that what a benchmark
 * measures is the client.
 *
 *     mongo_null_server PATH      listens on a Unix socket
 *     mongo_null_server PORT      listens on 127.0.0.1; 0: a port of the
 * kernel's
 *
 * When it listens it prints "ready", or "ready PORT". It ends when it is
 * killed.
 *
 * To clients it is a standalone server of today (wire version 21) which has
 * whatever they look for. A find gives one document of about 200 bytes; a find
 * with a batchSize and without a limit gives a cursor that never ends, in
 * batches of as many documents of about 100 bytes. An insert has inserted all
 * that came.
 * --sessions as a second argument lets the server announce sessions, which
 * makes most drivers send an lsid with every command.
 *
 * Every reply is put together once and kept; what is sent is the kept bytes
 * with the message's two ids written into them, in one system call. Of a
 * request no more is looked at than the reply depends on, but lengths are
 * checked.
 */
#include <bson/bson.h>
#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench.h"

enum { OP_REPLY = 1, OP_QUERY = 2004, OP_MSG = 2013 };
enum { CHECKSUM_PRESENT = 1, MORE_TO_COME = 2 };
enum {
    HEADER_SIZE = 16,
    MSG_BODY_AT = HEADER_SIZE + 4 + 1, /* in a message with the body in front */
    MAX_MESSAGE = 48000000,
    MAX_BATCH = 100000,
    DEFAULT_BATCH = 101
};

static const int64_t cursor_id = 4711;

/* A whole message. */
struct reply {
    uint8_t *bytes;
    size_t size;
};

struct request {
    int32_t id;
    uint32_t operation;
    uint32_t flags;
    bson_t body; /* a view                     */
    const char *command;
    uint32_t documents; /* in its document sequences  */
};

/* A connection. While there is output that the kernel has not taken, no further
 * request is looked at. */
struct conn {
    int fd;
    uint8_t *in; /* the beginning of what has not been answered */
    size_t in_size;
    size_t in_room;
    uint8_t *out;
    size_t out_at;
    size_t out_size;
};

static int poller;
static bool sessions;

static uint32_t load32(const uint8_t *p)
{
    uint32_t u;
    memcpy(&u, p, sizeof u);
    return le32toh(u);
}

static uint8_t *store32(uint8_t *p, uint32_t u)
{
    u = htole32(u);
    memcpy(p, &u, sizeof u);
    return p + sizeof u;
}

static void *checked(void *memory)
{
    if (memory == NULL)
        bench_fail("out of memory");
    return memory;
}

/* --- Replies */

/* The document, which is destroyed, as a message of the operation. */
static struct reply *new_reply(bson_t *doc, uint32_t operation)
{
    size_t before = operation == OP_MSG ? 4 + 1 : 20;
    struct reply *reply = checked(malloc(sizeof *reply));
    reply->size = HEADER_SIZE + before + doc->len;
    reply->bytes = checked(calloc(1, reply->size));
    store32(reply->bytes, (uint32_t)reply->size);
    store32(reply->bytes + 12, operation);
    if (operation == OP_REPLY)
        store32(reply->bytes + HEADER_SIZE + 16, 1); /* one document */
    memcpy(reply->bytes + HEADER_SIZE + before, bson_get_data(doc), doc->len);
    bson_destroy(doc);
    return reply;
}

static bson_t *hello_doc(void)
{
    bson_t *doc = BCON_NEW(
        "helloOk", BCON_BOOL(true), "ismaster", BCON_BOOL(true),
        "isWritablePrimary", BCON_BOOL(true), "maxBsonObjectSize",
        BCON_INT32(16777216), "maxMessageSizeBytes", BCON_INT32(MAX_MESSAGE),
        "maxWriteBatchSize", BCON_INT32(100000), "localTime",
        BCON_DATE_TIME(1700000000000), "connectionId", BCON_INT32(1),
        "minWireVersion", BCON_INT32(0), "maxWireVersion", BCON_INT32(21),
        "readOnly", BCON_BOOL(false), "ok", BCON_DOUBLE(1));
    if (sessions)
        BSON_APPEND_INT32(doc, "logicalSessionTimeoutMinutes", 30);
    return doc;
}

static void append_oid(bson_t *doc, uint32_t n)
{
    bson_oid_t oid;
    char text[25];
    snprintf(text, sizeof text, "655f1c2a9d3e4b5a%08x", n);
    bson_oid_init_from_string(&oid, text);
    BSON_APPEND_OID(doc, "_id", &oid);
}

/* About 200 bytes. */
static void append_one(bson_t *batch)
{
    bson_t doc;
    bson_append_document_begin(batch, "0", 1, &doc);
    append_oid(&doc, 0);
    BCON_APPEND(&doc, "name", "Rudolf Diesel", "email",
                "rudolf.diesel@example.org", "visits", BCON_INT32(1893),
                "created", BCON_DATE_TIME(1700000000000), "active",
                BCON_BOOL(true), "address", "{", "street",
                "Maschinenstrasse 12", "city", "Augsburg", "zip", "86153", "}");
    bson_append_document_end(batch, &doc);
}

/* About 100 bytes each. */
static void append_many(bson_t *batch, uint32_t count)
{
    for (uint32_t n = 0; n < count; n++) {
        char room[16];
        const char *key;
        bson_t doc;
        size_t size = bson_uint32_to_string(n, &key, room, sizeof room);
        bson_append_document_begin(batch, key, (int)size, &doc);
        append_oid(&doc, n);
        BCON_APPEND(&doc, "name", "Rudolf Diesel", "city", "Augsburg", "visits",
                    BCON_INT32((int32_t)n), "score", BCON_DOUBLE(0.5));
        bson_append_document_end(batch, &doc);
    }
}

/* count 0: the one document of a find, without a cursor. */
static struct reply *new_batch(const char *name, uint32_t count)
{
    bson_t *doc = bson_new();
    bson_t cursor;
    bson_t batch;
    BSON_APPEND_DOCUMENT_BEGIN(doc, "cursor", &cursor);
    BSON_APPEND_ARRAY_BEGIN(&cursor, name, &batch);
    if (count == 0)
        append_one(&batch);
    else
        append_many(&batch, count);
    bson_append_array_end(&cursor, &batch);
    BSON_APPEND_INT64(&cursor, "id", count == 0 ? 0 : cursor_id);
    BSON_APPEND_UTF8(&cursor, "ns", "bench.users");
    bson_append_document_end(doc, &cursor);
    BSON_APPEND_DOUBLE(doc, "ok", 1);
    return new_reply(doc, OP_MSG);
}

/* The kept batch of that many documents: as a rule there is only one. */
static const struct reply *batch_of(const char *name, uint32_t count)
{
    static struct kept {
        struct kept *next;
        const char *name;
        uint32_t count;
        struct reply *reply;
    } * all;
    for (struct kept *k = all; k != NULL; k = k->next)
        if (k->count == count && k->name == name)
            return k->reply;
    struct kept *k = checked(malloc(sizeof *k));
    *k = (struct kept){all, name, count, new_batch(name, count)};
    all = k;
    return k->reply;
}

/* --- Commands: each gives the reply to a request */

static const struct reply *answer_hello(const struct request *request)
{
    static struct reply *to_msg;
    static struct reply *to_query;
    if (to_msg == NULL) {
        to_msg = new_reply(hello_doc(), OP_MSG);
        to_query = new_reply(hello_doc(), OP_REPLY);
    }
    return request->operation == OP_QUERY ? to_query : to_msg;
}

static const struct reply *answer_ok(const struct request *request)
{
    static struct reply *ok;
    (void)request;
    if (ok == NULL)
        ok = new_reply(BCON_NEW("ok", BCON_DOUBLE(1)), OP_MSG);
    return ok;
}

static const struct reply *answer_build_info(const struct request *request)
{
    static struct reply *info;
    (void)request;
    if (info == NULL)
        info = new_reply(BCON_NEW("version", "7.0.0", "versionArray", "[",
                                  BCON_INT32(7), BCON_INT32(0), BCON_INT32(0),
                                  BCON_INT32(0), "]", "bits", BCON_INT32(64),
                                  "maxBsonObjectSize", BCON_INT32(16777216),
                                  "ok", BCON_DOUBLE(1)),
                         OP_MSG);
    return info;
}

static const struct reply *answer_kill_cursors(const struct request *request)
{
    static struct reply *killed;
    (void)request;
    if (killed == NULL)
        killed = new_reply(BCON_NEW("cursorsKilled", "[", BCON_INT64(cursor_id),
                                    "]", "cursorsNotFound", "[", "]",
                                    "cursorsAlive", "[", "]", "cursorsUnknown",
                                    "[", "]", "ok", BCON_DOUBLE(1)),
                           OP_MSG);
    return killed;
}

/* {n: count, ok: 1}, with n written into the kept bytes. */
static const struct reply *answer_n(uint32_t n)
{
    static const size_t n_at = MSG_BODY_AT + 4 + 1 + sizeof "n";
    static struct reply *reply;
    if (reply == NULL)
        reply = new_reply(BCON_NEW("n", BCON_INT32(0), "ok", BCON_DOUBLE(1)),
                          OP_MSG);
    store32(reply->bytes + n_at, n);
    return reply;
}

static const struct reply *answer_insert(const struct request *request)
{
    bson_iter_t iter;
    bson_iter_t each;
    uint32_t n = request->documents;
    if (n == 0 && bson_iter_init_find(&iter, &request->body, "documents") &&
        bson_iter_recurse(&iter, &each))
        while (bson_iter_next(&each))
            n++;
    return answer_n(n);
}

static int64_t number(const bson_t *body, const char *key, int64_t fallback)
{
    bson_iter_t iter;
    return bson_iter_init_find(&iter, body, key) &&
                   BSON_ITER_HOLDS_NUMBER(&iter)
               ? bson_iter_as_int64(&iter)
               : fallback;
}

static uint32_t batch_size(const bson_t *body, int64_t fallback)
{
    int64_t size = number(body, "batchSize", fallback);
    return size < 0 ? 0 : size > MAX_BATCH ? MAX_BATCH : (uint32_t)size;
}

static const struct reply *answer_find(const struct request *request)
{
    static const char name[] = "firstBatch";
    bool endless = number(&request->body, "limit", 0) == 0;
    return batch_of(name, endless ? batch_size(&request->body, 0) : 0);
}

static const struct reply *answer_get_more(const struct request *request)
{
    static const char name[] = "nextBatch";
    return batch_of(name, batch_size(&request->body, DEFAULT_BATCH));
}

static const struct reply *answer_unknown(const struct request *request)
{
    static struct reply *unknown;
    (void)request;
    if (unknown == NULL)
        unknown = new_reply(BCON_NEW("ok", BCON_DOUBLE(0), "errmsg",
                                     "no such command", "code", BCON_INT32(59),
                                     "codeName", "CommandNotFound"),
                            OP_MSG);
    return unknown;
}

static const struct command {
    const char *name;
    const struct reply *(*answer)(const struct request *request);
} commands[] = {
    {"find", answer_find},
    {"insert", answer_insert},
    {"getMore", answer_get_more},
    {"hello", answer_hello},
    {"isMaster", answer_hello},
    {"ismaster", answer_hello},
    {"ping", answer_ok},
    {"endSessions", answer_ok},
    {"killCursors", answer_kill_cursors},
    {"buildInfo", answer_build_info},
    {"buildinfo", answer_build_info},
};

static const struct reply *answer(const struct request *request)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, request->command) == 0)
            return commands[i].answer(request);
    return answer_unknown(request);
}

/* --- Requests: what is wrong in any way ends the connection */

/* The size of the document at p, of which there may be `room` bytes; 0: none.
 */
static uint32_t document_size(const uint8_t *p, size_t room)
{
    uint32_t size = room >= 5 ? load32(p) : 0;
    return size >= 5 && size <= room ? size : 0;
}

static bool read_body(struct request *request, const uint8_t *p, size_t room)
{
    bson_iter_t iter;
    if (!bson_init_static(&request->body, p, document_size(p, room)) ||
        !bson_iter_init(&iter, &request->body) || !bson_iter_next(&iter))
        return false;
    request->command = bson_iter_key(&iter);
    return true;
}

/* Counts the documents of a sequence of n bytes. */
static bool read_sequence(struct request *request, const uint8_t *p, size_t n)
{
    const uint8_t *zero = memchr(p + 4, 0, n - 4);
    if (zero == NULL)
        return false;
    const uint8_t *end = p + n;
    uint32_t size;
    for (p = zero + 1; p < end; p += size) {
        size = document_size(p, (size_t)(end - p));
        if (size == 0)
            return false;
        request->documents++;
    }
    return true;
}

static bool read_msg(struct request *request, const uint8_t *p, size_t n)
{
    const uint8_t *end = p + n;
    if (n < MSG_BODY_AT)
        return false;
    request->flags = load32(p + HEADER_SIZE);
    if (request->flags & CHECKSUM_PRESENT)
        end -= 4;
    for (p += HEADER_SIZE + 4; p < end;) {
        uint8_t kind = *p++;
        uint32_t size = document_size(p, (size_t)(end - p));
        if (size == 0 || !(kind == 1 ? read_sequence(request, p, size)
                                     : read_body(request, p, size)))
            return false;
        p += size;
    }
    return request->command != NULL;
}

static bool read_query(struct request *request, const uint8_t *p, size_t n)
{
    const uint8_t *end = p + n;
    if (n < HEADER_SIZE + 4)
        return false;
    p += HEADER_SIZE + 4;
    const uint8_t *zero = memchr(p, 0, (size_t)(end - p));
    if (zero == NULL || end - zero < 1 + 8)
        return false;
    p = zero + 1 + 8;
    return read_body(request, p, (size_t)(end - p)) &&
           (strcmp(request->command, "isMaster") == 0 ||
            strcmp(request->command, "ismaster") == 0);
}

static bool read_request(struct request *request, const uint8_t *p, size_t n)
{
    request->id = (int32_t)load32(p + 4);
    request->operation = load32(p + 12);
    request->flags = 0;
    request->command = NULL;
    request->documents = 0;
    return request->operation == OP_MSG     ? read_msg(request, p, n)
           : request->operation == OP_QUERY ? read_query(request, p, n)
                                            : false;
}

/* --- Connections */

static void watch(struct conn *conn, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data = {.ptr = conn}};
    if (epoll_ctl(poller, operation, conn->fd, &event) < 0)
        bench_fail("epoll_ctl: %s", strerror(errno));
}

static void close_conn(struct conn *conn)
{
    close(conn->fd);
    free(conn->in);
    free(conn->out);
    free(conn);
}

/* Sends, and keeps what the kernel does not take. False: the client has gone.
 */
static bool send_bytes(struct conn *conn, const uint8_t *bytes, size_t n)
{
    ssize_t sent = send(conn->fd, bytes, n, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN)
        return false;
    size_t done = sent < 0 ? 0 : (size_t)sent;
    if (done < n) {
        conn->out = checked(malloc(n - done));
        conn->out_at = 0;
        conn->out_size = n - done;
        memcpy(conn->out, bytes + done, n - done);
        watch(conn, EPOLL_CTL_MOD, EPOLLOUT);
    }
    return true;
}

static bool send_reply(struct conn *conn, const struct reply *reply,
                       int32_t response_to)
{
    static uint32_t last_id;
    store32(store32(reply->bytes + 4, ++last_id), (uint32_t)response_to);
    return send_bytes(conn, reply->bytes, reply->size);
}

/* Answers the whole messages among n bytes, until output has to wait. Returns
 * how many bytes they had, or -1 to close. */
static ssize_t serve_bytes(struct conn *conn, const uint8_t *bytes, size_t n)
{
    size_t at = 0;
    while (conn->out == NULL && n - at >= HEADER_SIZE) {
        uint32_t size = load32(bytes + at);
        if (size < HEADER_SIZE || size > MAX_MESSAGE)
            return -1;
        if (size > n - at)
            break;
        struct request request;
        if (!read_request(&request, bytes + at, size))
            return -1;
        if (!(request.flags & MORE_TO_COME) &&
            !send_reply(conn, answer(&request), request.id))
            return -1;
        at += size;
    }
    return (ssize_t)at;
}

/* Makes room for a whole message, or for a piece of whatever comes. */
static void make_room(struct conn *conn)
{
    size_t want = conn->in_size + 65536;
    if (conn->in_size >= 4 && load32(conn->in) <= MAX_MESSAGE &&
        load32(conn->in) > want)
        want = load32(conn->in);
    if (conn->in_room < want) {
        conn->in = checked(realloc(conn->in, want));
        conn->in_room = want;
    }
}

static bool serve_kept(struct conn *conn)
{
    ssize_t used = serve_bytes(conn, conn->in, conn->in_size);
    if (used < 0)
        return false;
    conn->in_size -= (size_t)used;
    memmove(conn->in, conn->in + used, conn->in_size);
    return true;
}

static void keep(struct conn *conn, const uint8_t *bytes, size_t n)
{
    make_room(conn);
    if (conn->in_room < n) {
        conn->in = checked(realloc(conn->in, n));
        conn->in_room = n;
    }
    memcpy(conn->in, bytes, n);
    conn->in_size = n;
}

/* False: the connection is to be closed. Requests that come whole, which is
 * nearly all of them, are answered out of a buffer that all connections share.
 */
static bool on_readable(struct conn *conn)
{
    static uint8_t shared[256 * 1024];
    if (conn->in_size > 0) {
        make_room(conn);
        ssize_t n = read(conn->fd, conn->in + conn->in_size,
                         conn->in_room - conn->in_size);
        if (n <= 0)
            return n < 0 && errno == EAGAIN;
        conn->in_size += (size_t)n;
        return serve_kept(conn);
    }
    ssize_t n = read(conn->fd, shared, sizeof shared);
    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    ssize_t used = serve_bytes(conn, shared, (size_t)n);
    if (used >= 0 && used < n)
        keep(conn, shared + used, (size_t)(n - used));
    return used >= 0;
}

static bool on_writable(struct conn *conn)
{
    ssize_t sent = send(conn->fd, conn->out + conn->out_at,
                        conn->out_size - conn->out_at, MSG_NOSIGNAL);
    if (sent < 0)
        return errno == EAGAIN;
    conn->out_at += (size_t)sent;
    if (conn->out_at < conn->out_size)
        return true;
    free(conn->out);
    conn->out = NULL;
    watch(conn, EPOLL_CTL_MOD, EPOLLIN);
    return serve_kept(conn);
}

/* --- The server */

static void accept_all(int listener)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >=
           0) {
        int on = 1; /* fails on a Unix socket, which needs it not */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct conn *conn = checked(calloc(1, sizeof *conn));
        conn->fd = fd;
        watch(conn, EPOLL_CTL_ADD, EPOLLIN);
    }
    if (errno != EAGAIN && errno != ECONNABORTED)
        bench_fail("accept: %s", strerror(errno));
}

static int listen_on(const char *address)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct sockaddr_in in = {.sin_family = AF_INET};
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bool tcp = strspn(address, "0123456789") == strlen(address);
    in.sin_port = htons((uint16_t)strtoul(address, NULL, 10));
    if (!tcp && strlen(address) >= sizeof un.sun_path)
        bench_fail("%s: the path is too long", address);
    strcpy(un.sun_path, tcp ? "" : address);

    const struct sockaddr *name = tcp ? (void *)&in : (void *)&un;
    socklen_t size = tcp ? sizeof in : sizeof un;
    int fd =
        socket(name->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd < 0 || bind(fd, name, size) < 0 || listen(fd, SOMAXCONN) < 0)
        bench_fail("%s: %s", address, strerror(errno));
    if (tcp && getsockname(fd, (struct sockaddr *)&in, &size) == 0)
        printf("ready %u\n", ntohs(in.sin_port));
    else
        printf("ready\n");
    fflush(stdout);
    return fd;
}

static void serve(int listener)
{
    struct epoll_event events[256];
    int n;
    while ((n = epoll_wait(poller, events, 256, -1)) >= 0 || errno == EINTR) {
        for (int i = 0; i < n; i++) {
            struct conn *conn = events[i].data.ptr;
            if (conn == NULL)
                accept_all(listener);
            else if (!(conn->out != NULL ? on_writable : on_readable)(conn))
                close_conn(conn);
        }
    }
    bench_fail("epoll_wait: %s", strerror(errno));
}

int main(int argc, char **argv)
{
    sessions = argc == 3 && strcmp(argv[2], "--sessions") == 0;
    if (argc != 2 && !sessions) {
        fputs("usage: mongo_null_server PATH|PORT [--sessions]\n", stderr);
        return 2;
    }
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    poller = epoll_create1(EPOLL_CLOEXEC);
    int listener = listen_on(argv[1]);
    struct epoll_event event = {.events = EPOLLIN};
    if (poller < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event) < 0)
        bench_fail("epoll: %s", strerror(errno));
    serve(listener);
}
