/* SPDX-License-Identifier: MIT */
/*
 * TLS: the handshake, which makes a plain stream a TLS stream in place.
 *
 * While it lasts the fiber holds the stream as its reader and its writer, so that
 * others who want to use it are told that it is in use, and what they append to
 * the output buffer waits until it can be sealed.
 */
#include <diesel/tls.h>

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include <diesel/memory.h>

#include "sched_internal.h"
#include "stream_internal.h"
#include "tls_internal.h"

struct diesel__tls_stream *diesel__tls_of(const SSL *ssl)
{
    return SSL_get_app_data(ssl);
}

static bool is_address(const char *host)
{
    unsigned char address[16];
    return inet_pton(AF_INET, host, address) == 1 ||
           inet_pton(AF_INET6, host, address) == 1;
}

/* Tells the server whom the client wants, and checks that it is. */
static bool set_host(struct diesel__tls_stream *t)
{
    bool address = is_address(t->host);
    if (t->host[0] == '\0')
        return true;
    if (!address && SSL_set_tlsext_host_name(t->ssl, t->host) != 1)
        return false;
    if (!t->tls->verifies_names)
        return true;
    SSL_set_hostflags(t->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (address)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl),
                                             t->host) == 1;
    return SSL_set1_host(t->ssl, t->host) == 1;
}

static bool make_ssl(struct diesel__tls_stream *t)
{
    t->ssl = SSL_new(t->tls->ctx);
    BIO *bio = t->ssl != NULL ? diesel__tls_bio(t) : NULL;
    if (bio == NULL)
        return false;
    SSL_set_bio(t->ssl, bio, bio);
    if (SSL_set_app_data(t->ssl, t) != 1)
        return false;
    if (t->tls->server)
        SSL_set_accept_state(t->ssl);
    else
        SSL_set_connect_state(t->ssl);
    if (!set_host(t))
        return false;
    if (!t->tls->server && t->tls->resumes)
        diesel__tls_session_offer(t);
    return true;
}

/* What the stream needs for TLS; NULL and *err filled: it stays as it was. */
static struct diesel__tls_stream *make(diesel_stream *stream, diesel_tls *tls,
                                       const char *host, diesel_error *err)
{
    size_t length = host != NULL && !tls->server ? strlen(host) : 0;
    if (length > 0 && host[length - 1] == '.')
        length--; /* the root's; certificates do not have it */
    if (diesel__tls_scratch_make(stream->sched, err) < 0)
        return NULL;
    struct diesel__tls_stream *t = diesel_calloc(1, sizeof *t + length + 1);
    if (t == NULL) {
        diesel_error_nomem(err, "TLS");
        return NULL;
    }
    memcpy(t->host, length > 0 ? host : "", length);
    t->stream = stream;
    t->tls = diesel__tls_keep(tls);
    ERR_clear_error();
    if (make_ssl(t))
        return t;
    diesel__tls_error(err, "%s: preparing TLS", stream->name);
    diesel__tls_stream_free(t);
    return NULL;
}

static int shake_hands(struct diesel__tls_stream *t, int64_t deadline,
                       diesel_error *err)
{
    diesel_stream *stream = t->stream;
    for (;;) {
        ERR_clear_error();
        int result = SSL_do_handshake(t->ssl);
        int why = result == 1 ? SSL_ERROR_NONE : SSL_get_error(t->ssl, result);
        if (why != SSL_ERROR_NONE && why != SSL_ERROR_WANT_READ)
            diesel__tls_fail(t, "TLS");
        int settled = diesel__tls_settle(t);
        if (t->failed || settled < 0)
            return diesel__stream_failed(stream, stream->failed, "TLS", err);
        if (why == SSL_ERROR_NONE)
            return 0;
        /* Also woken when the kernel takes output again. */
        if (diesel__stream_wait_readable(stream, deadline, err) < 0)
            return -1;
        stream->reader = stream->sched->current;
    }
}

/* What diesel_tls_info_of() tells and OpenSSL has not as a string. */
static int note_agreed(struct diesel__tls_stream *t, diesel_error *err)
{
    char text[512];
    const unsigned char *alpn;
    unsigned alpn_size;
    SSL_get0_alpn_selected(t->ssl, &alpn, &alpn_size);
    if (alpn_size > 0) {
        t->alpn = diesel_strndup((const char *)alpn, alpn_size);
        if (t->alpn == NULL)
            return diesel_error_nomem(err, "TLS");
    }
    X509 *cert = SSL_get0_peer_certificate(t->ssl);
    if (cert == NULL)
        return 0;
    diesel__tls_subject(cert, text, sizeof text);
    t->peer = diesel_strndup(text, strlen(text));
    return t->peer != NULL ? 0 : diesel_error_nomem(err, "TLS");
}

/* After a failure nothing can be made of the stream any more. */
static void give_up(struct diesel__tls_stream *t, diesel_error *why)
{
    if (!t->failed) {
        diesel_error_prefix(why, "TLS with %s",
                            t->host[0] != '\0' ? t->host : "a client");
        t->why = *why;
        t->failed = true;
    }
    if (t->stream->failed == 0)
        diesel__stream_fail(t->stream, EPROTO);
}

static int run(struct diesel__tls_stream *t, int64_t deadline,
               diesel_error *err)
{
    diesel_stream *stream = t->stream;
    diesel_error why;
    stream->reader = stream->writer = stream->sched->current;
    int result = shake_hands(t, deadline, &why);
    stream->reader = stream->writer = NULL;
    if (result == 0 && note_agreed(t, &why) < 0)
        result = -1;
    if (result == 0) {
        t->ready = true;
        diesel__stream_make_dirty(stream); /* what was appended meanwhile */
        return 0;
    }
    if (stream->fd >= 0)
        give_up(t, &why);
    if (err != NULL)
        *err = why;
    return -1;
}

int diesel_tls_start(diesel_stream *stream, diesel_tls *tls, const char *host,
                     int64_t deadline, diesel_error *err)
{
    if (!tls->server && tls->verifies_names && (host == NULL || host[0] == '\0'))
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "%s: TLS needs the host's name, to verify it",
                                stream->name);
    if (diesel_stream_drain(stream, 0, deadline, err) < 0)
        return -1;
    if (stream->tls != NULL)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "%s speaks TLS already", stream->name);
    if (stream->reader != NULL || stream->writer != NULL)
        return diesel_error_set(err, DIESEL_E_BUSY, DIESEL_DOM_CORE, 0,
                                "%s: another fiber is %s", stream->name,
                                stream->reader != NULL ? "reading" : "writing");
    if (stream->in_end > stream->in_pos) /* by whom would that be? */
        return diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_CORE, 0,
                                "%s: %zu bytes came in the clear before TLS",
                                stream->name, stream->in_end - stream->in_pos);
    struct diesel__tls_stream *t = make(stream, tls, host, err);
    if (t == NULL)
        return -1;
    stream->tls = t;
    diesel__stream_enter(stream);
    int result = run(t, deadline, err);
    diesel__stream_leave(stream);
    return result;
}

bool diesel_tls_info_of(const diesel_stream *stream, diesel_tls_info *info)
{
    const struct diesel__tls_stream *t = stream->tls;
    if (t == NULL || !t->ready)
        return false;
    *info = (diesel_tls_info){
        .version = SSL_get_version(t->ssl),
        .cipher = SSL_get_cipher_name(t->ssl),
        .alpn = t->alpn,
        .name = SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name),
        .peer = t->peer,
        .resumed = SSL_session_reused(t->ssl) == 1,
    };
    return true;
}
