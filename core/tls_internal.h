/* SPDX-License-Identifier: MIT */
/*
 * TLS inside: what its files share, and the seam through which streams reach it.
 *
 * tls_config.c reads options; tls_session.c remembers sessions; tls_start.c does
 * the handshake; tls.c moves bytes; tls_error.c says what went wrong. OpenSSL is
 * known to these files only.
 */
#ifndef DIESEL_TLS_INTERNAL_H
#define DIESEL_TLS_INTERNAL_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <diesel/tls.h>

#include "list_internal.h"

struct diesel__tls_name {
    struct diesel__tls_name *next;
    diesel_tls *tls; /* counted */
    char pattern[];  /* in lower case */
};

struct diesel_tls {
    atomic_uint uses; /* the owner's, and one for each stream */
    SSL_CTX *ctx;
    bool server, verifies_names, verifies, resumes;
    int keylog; /* -1: none */
    unsigned char *alpn; /* in the form of RFC 7301 */
    unsigned alpn_size;
    struct diesel__tls_name *names;
    pthread_mutex_t lock; /* of the sessions */
    diesel__link sessions; /* the newest first */
    unsigned session_count;
};

/* What a stream has of its own when it speaks TLS. */
struct diesel__tls_stream {
    SSL *ssl;
    diesel_tls *tls;
    diesel_stream *stream;
    bool ready;  /* the handshake is done         */
    bool ended;  /* the peer has closed the connection, rightly or not     */
    bool closed; /* close_notify has been sent    */
    bool nomem;
    int errnum;  /* of the read that failed; 0    */
    bool failed; /* for good; `why` is the reason */
    diesel_error why;
    char *sealed; /* what the kernel did not take: from sealed_pos on,
                     stream->sealed bytes */
    size_t sealed_pos, sealed_room;
    char *alpn; /* the protocol chosen; NULL */
    char *peer; /* the subject of the peer's certificate; NULL */
    char host[]; /* "" for servers */
};

diesel_tls *diesel__tls_keep(diesel_tls *tls);

/* tls_start.c */
/* The SSL of an OpenSSL callback gives the stream it belongs to. */
struct diesel__tls_stream *diesel__tls_of(const SSL *ssl);

/* tls.c */
BIO *diesel__tls_bio(struct diesel__tls_stream *t);
/* Sends what OpenSSL has written since: 0; -1, and the stream has failed. */
int diesel__tls_settle(struct diesel__tls_stream *t);

/* tls_session.c */
void diesel__tls_sessions_use(diesel_tls *tls);
void diesel__tls_session_offer(struct diesel__tls_stream *t);
void diesel__tls_sessions_free(diesel_tls *tls);

/* tls_error.c */
/* From OpenSSL's queue of errors, which is emptied; returns -1. */
int diesel__tls_error(diesel_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Called while certificates are verified, for one that is not accepted. */
void diesel__tls_note_certificate(struct diesel__tls_stream *t,
                                  X509_STORE_CTX *ctx);
/* The subject of a certificate into `out`; returns it. */
char *diesel__tls_subject(X509 *cert, char *out, size_t size);
/* Finds out why a call on t->ssl has failed, and keeps it in t->why. */
void diesel__tls_fail(struct diesel__tls_stream *t, const char *doing);

#endif
