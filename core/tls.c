/* SPDX-License-Identifier: MIT */
/*
 * TLS: moving bytes.
 *
 *     write:  plaintext -> SSL_write -> our BIO -> sealed bytes -> sendmsg
 *     read:   read -> our BIO -> OpenSSL's buffer -> SSL_read -> caller's memory
 *
 * The BIO that OpenSSL writes to never blocks: sealed bytes gather in a scratch
 * buffer of the scheduler, from which they are sent at once, many records in
 * one call. Only what the kernel does not take is kept with the stream, and
 * the next plaintext waits until it has left. So a write that is cancelled never
 * leaves half a record behind that a later call would have to repeat exactly.
 *
 * Small pieces of a gather write are put together in one record; large ones are
 * sealed from where they are.
 *
 * No call here switches fibers, and so the scratch buffer is empty between them.
 */
#include <openssl/err.h>
#include <errno.h>
#include <string.h>

#include <diesel/memory.h>

#include "sched_internal.h"
#include "stream_internal.h"
#include "tls_internal.h"

#define RECORD SSL3_RT_MAX_PLAIN_LENGTH
/* So much plaintext is sealed before it is sent. */
#define BATCH ((size_t)4 * RECORD)
#define OVERHEAD 1024 /* of the records of a batch */

struct diesel__tls_scratch {
    size_t used;
    char stage[RECORD];
    char sealed[BATCH + OVERHEAD];
};

int diesel__tls_scratch_make(diesel__sched *s, diesel_error *err)
{
    if (s->tls_scratch != NULL)
        return 0;
    s->tls_scratch = diesel_malloc(sizeof *s->tls_scratch);
    if (s->tls_scratch == NULL)
        return diesel_error_nomem(err, "TLS");
    s->tls_scratch->used = 0;
    return 0;
}

void diesel__tls_scratch_free(diesel__sched *s)
{
    diesel_free(s->tls_scratch);
    s->tls_scratch = NULL;
}

/* OpenSSL asks the queue of errors whether a call has failed, so nothing may be
 * left in there; but emptying it takes longer than looking. */
static void forget_errors(void)
{
    if (ERR_peek_error() != 0)
        ERR_clear_error();
}

/* --- The BIO. */

static int bio_read(BIO *bio, char *buf, int n)
{
    struct diesel__tls_stream *t = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t got = -1;
    errno = EAGAIN;
    if (t->stream->readable)
        got = diesel__stream_raw_read(t->stream, buf, (size_t)n);
    if (got > 0)
        return (int)got;
    if (got == 0)
        t->ended = true;
    else if (errno == EAGAIN)
        BIO_set_retry_read(bio);
    else
        t->errnum = errno;
    return got == 0 ? 0 : -1;
}

/* Keeps bytes with the stream, behind those that it holds. */
static bool keep(struct diesel__tls_stream *t, const void *bytes, size_t n)
{
    diesel_stream *stream = t->stream;
    size_t have = stream->sealed;
    if (t->sealed == NULL || t->sealed_room - have < n) {
        size_t room = have + n + (have > 0 ? RECORD : 0);
        char *more = diesel_malloc(room);
        if (more == NULL)
            return false;
        if (have > 0)
            memcpy(more, t->sealed + t->sealed_pos, have);
        diesel_free(t->sealed);
        t->sealed = more;
        t->sealed_room = room;
        t->sealed_pos = 0;
    } else if (t->sealed_room - t->sealed_pos - have < n) {
        memmove(t->sealed, t->sealed + t->sealed_pos, have);
        t->sealed_pos = 0;
    }
    memcpy(t->sealed + t->sealed_pos + have, bytes, n);
    stream->sealed += n;
    return true;
}

static int bio_write(BIO *bio, const char *bytes, int n)
{
    struct diesel__tls_stream *t = BIO_get_data(bio);
    struct diesel__tls_scratch *scratch = t->stream->sched->tls_scratch;
    size_t size = (size_t)n;
    BIO_clear_retry_flags(bio);
    if (t->stream->sealed == 0 && size <= sizeof scratch->sealed - scratch->used) {
        memcpy(scratch->sealed + scratch->used, bytes, size);
        scratch->used += size;
        return n;
    }
    bool kept = scratch->used == 0 || keep(t, scratch->sealed, scratch->used);
    scratch->used = 0;
    if (kept && keep(t, bytes, size))
        return n;
    t->nomem = true;
    return -1;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)number, (void)pointer;
    const struct diesel__tls_stream *t = BIO_get_data(bio);
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_EOF:
        return t->ended;
    default:
        return 0;
    }
}

static BIO_METHOD *method;

static void make_method(void)
{
    BIO_METHOD *made =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "diesel");
    if (made == NULL)
        return;
    if (BIO_meth_set_read(made, bio_read) == 1 &&
        BIO_meth_set_write(made, bio_write) == 1 &&
        BIO_meth_set_ctrl(made, bio_ctrl) == 1)
        method = made;
    else
        BIO_meth_free(made);
}

BIO *diesel__tls_bio(struct diesel__tls_stream *t)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    if (method == NULL)
        make_method(); /* once more after a lack of memory */
    pthread_mutex_unlock(&lock);
    BIO *bio = method != NULL ? BIO_new(method) : NULL;
    if (bio == NULL)
        return NULL;
    BIO_set_data(bio, t);
    BIO_set_init(bio, 1);
    return bio;
}

/* --- Sending what is sealed. */

static ssize_t send_bytes(diesel_stream *stream, const char *bytes, size_t n)
{
    size_t done = 0;
    while (done < n) {
        struct iovec piece = {.iov_base = (void *)(uintptr_t)(bytes + done),
                              .iov_len = n - done};
        ssize_t sent = diesel__stream_raw_write(stream, &piece, 1);
        if (sent < 0)
            break;
        done += (size_t)sent;
    }
    return (ssize_t)done;
}

/* Sends what the stream and the scratch buffer hold: 0, or -1 with errno, and
 * with EAGAIN and its like the stream holds the rest. */
static int send_sealed(struct diesel__tls_stream *t)
{
    diesel_stream *stream = t->stream;
    struct diesel__tls_scratch *scratch = stream->sched->tls_scratch;
    if (stream->sealed > 0) {
        ssize_t sent =
            send_bytes(stream, t->sealed + t->sealed_pos, stream->sealed);
        t->sealed_pos += (size_t)sent;
        stream->sealed -= (size_t)sent;
        if (stream->sealed > 0)
            return -1;
        diesel_free(t->sealed);
        t->sealed = NULL;
        t->sealed_pos = t->sealed_room = 0;
    }
    size_t used = scratch->used;
    if (used == 0)
        return 0;
    scratch->used = 0;
    size_t sent = (size_t)send_bytes(stream, scratch->sealed, used);
    if (sent == used)
        return 0;
    int errnum = errno;
    bool kept = keep(t, scratch->sealed + sent, used - sent);
    errno = kept ? errnum : ENOMEM;
    return -1;
}

int diesel__tls_settle(struct diesel__tls_stream *t)
{
    diesel_stream *stream = t->stream;
    struct diesel__tls_scratch *scratch = stream->sched->tls_scratch;
    if (stream->failed != 0) {
        scratch->used = 0;
        return -1;
    }
    if (scratch->used == 0 && (stream->sealed == 0 || stream->blocked))
        return 0;
    if (send_sealed(t) == 0)
        return 0;
    if (diesel__would_block(errno) && diesel__stream_await_room(stream) == 0)
        return 0;
    diesel__stream_fail(stream, errno);
    return -1;
}

/* --- What streams call. */

ssize_t diesel__tls_read(diesel_stream *stream, void *buf, size_t n)
{
    struct diesel__tls_stream *t = stream->tls;
    size_t got = 0, more;
    int result = 1;
    if (n == 0)
        return 0;
    if (t->failed) {
        errno = EPROTO;
        return -1;
    }
    forget_errors();
    do {
        result = SSL_read_ex(t->ssl, (char *)buf + got, n - got, &more);
        got += result == 1 ? more : 0;
    } while (result == 1 && got < n && SSL_has_pending(t->ssl));
    int why = result == 1 ? SSL_ERROR_NONE : SSL_get_error(t->ssl, result);
    if (why != SSL_ERROR_NONE && why != SSL_ERROR_WANT_READ &&
        why != SSL_ERROR_ZERO_RETURN)
        diesel__tls_fail(t, "reading");
    (void)diesel__tls_settle(t); /* an answer to a new key, or an alert */
    if (got > 0 || why == SSL_ERROR_ZERO_RETURN)
        return (ssize_t)got;
    errno = why == SSL_ERROR_WANT_READ ? EAGAIN : EPROTO;
    return -1;
}

static bool seal(struct diesel__tls_stream *t, const char *bytes, size_t n)
{
    size_t written;
    forget_errors();
    return SSL_write_ex(t->ssl, bytes, n, &written) == 1;
}

/* Seals about a batch of the pieces. How many bytes, or -1: OpenSSL refused. */
static ssize_t seal_pieces(struct diesel__tls_stream *t,
                           const struct iovec *pieces, int count)
{
    char *stage = t->stream->sched->tls_scratch->stage;
    size_t done = 0, staged = 0;
    for (int i = 0; i < count && done + staged < BATCH; i++) {
        const char *at = pieces[i].iov_base;
        size_t left = pieces[i].iov_len, n;
        for (; left > 0 && done + staged < BATCH; at += n, left -= n) {
            if (staged == 0 && (left >= RECORD || i == count - 1)) {
                n = left >= RECORD ? left - left % RECORD : left;
                n = n < BATCH - done ? n : BATCH - done;
                if (!seal(t, at, n))
                    return -1;
                done += n;
                continue;
            }
            n = left < RECORD - staged ? left : RECORD - staged;
            memcpy(stage + staged, at, n);
            staged += n;
            if (staged == RECORD) {
                if (!seal(t, stage, staged))
                    return -1;
                done += staged;
                staged = 0;
            }
        }
    }
    if (staged > 0 && !seal(t, stage, staged))
        return -1;
    return (ssize_t)(done + staged);
}

static bool has_bytes(const struct iovec *pieces, int count)
{
    for (int i = 0; i < count; i++)
        if (pieces[i].iov_len > 0)
            return true;
    return false;
}

ssize_t diesel__tls_write(diesel_stream *stream, const struct iovec *pieces,
                          int count)
{
    struct diesel__tls_stream *t = stream->tls;
    if (t->failed) {
        errno = EPROTO;
        return -1;
    }
    if (stream->sealed > 0 && send_sealed(t) < 0)
        return -1;
    if (t->closed && has_bytes(pieces, count)) {
        errno = EPIPE;
        return -1;
    }
    ssize_t done = seal_pieces(t, pieces, count);
    if (done < 0)
        diesel__tls_fail(t, "writing");
    bool sent = send_sealed(t) == 0;
    if (done < 0)
        errno = EPROTO;
    return done >= 0 && (sent || diesel__would_block(errno)) ? done : -1;
}

void diesel__tls_say_end(diesel_stream *stream)
{
    struct diesel__tls_stream *t = stream->tls;
    if (!t->ready || t->failed || t->closed)
        return;
    t->closed = true;
    forget_errors();
    SSL_shutdown(t->ssl);
    (void)diesel__tls_settle(t);
}

bool diesel__tls_is_readable(diesel_stream *stream)
{
    struct diesel__tls_stream *t = stream->tls;
    char byte;
    size_t got;
    if (t->failed)
        return true;
    if (!stream->readable && !SSL_has_pending(t->ssl))
        return false;
    forget_errors();
    int result = SSL_peek_ex(t->ssl, &byte, 1, &got);
    int why = result == 1 ? SSL_ERROR_NONE : SSL_get_error(t->ssl, result);
    if (why != SSL_ERROR_NONE && why != SSL_ERROR_WANT_READ &&
        why != SSL_ERROR_ZERO_RETURN)
        diesel__tls_fail(t, "reading");
    (void)diesel__tls_settle(t);
    return why != SSL_ERROR_WANT_READ;
}

/* The kernel answers with a reset, which may take away what the peer has not yet
 * read, when a socket is closed that holds input; a server's session tickets,
 * for one, that nobody waits for. So they are read before. */
static void discard_input(diesel_stream *stream)
{
    char *scrap = stream->sched->tls_scratch->stage;
    for (int i = 0; i < 4 && stream->is_socket; i++)
        if (diesel__stream_raw_read(stream, scrap, RECORD) < (ssize_t)RECORD)
            break;
}

void diesel__tls_close(diesel_stream *stream)
{
    diesel__tls_say_end(stream);
    discard_input(stream);
}

void diesel__tls_stream_free(struct diesel__tls_stream *t)
{
    if (t == NULL)
        return;
    SSL_free(t->ssl);
    diesel_tls_free(t->tls);
    diesel_free(t->sealed);
    diesel_free(t->alpn);
    diesel_free(t->peer);
    diesel_free(t);
}
