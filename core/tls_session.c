/* SPDX-License-Identifier: MIT */
/*
 * TLS: sessions that a client may resume, by host, newest first.
 *
 * A session stands for a verification of its host that was done with this
 * configuration, so it is only ever offered to that host. One of TLS 1.3 is
 * offered once (RFC 8446, C.4), since a server gives new ones at each connection;
 * one of TLS 1.2 stays. The oldest go when there are too many.
 *
 * A server keeps nothing: its sessions are in the tickets that clients hold.
 */
#include <string.h>

#include <diesel/memory.h>

#include "tls_internal.h"

#define MOST_SESSIONS 256

struct session {
    diesel__link link;
    SSL_SESSION *session;
    char host[];
};

static void forget(diesel_tls *tls, struct session *s)
{
    diesel__link_remove(&s->link);
    tls->session_count--;
    SSL_SESSION_free(s->session);
    diesel_free(s);
}

/* 1: the session is taken. Without memory it is not, and nobody minds. */
static int on_new_session(SSL *ssl, SSL_SESSION *session)
{
    struct diesel__tls_stream *t = diesel__tls_of(ssl);
    diesel_tls *tls = t->tls;
    size_t host_size = strlen(t->host) + 1;
    struct session *s = diesel_malloc(sizeof *s + host_size);
    if (s == NULL)
        return 0;
    s->session = session;
    memcpy(s->host, t->host, host_size);
    pthread_mutex_lock(&tls->lock);
    diesel__list_append(tls->sessions.next, &s->link); /* before the first */
    if (++tls->session_count > MOST_SESSIONS)
        forget(tls, DIESEL__HOLDER(tls->sessions.prev, struct session, link));
    pthread_mutex_unlock(&tls->lock);
    return 1;
}

void diesel__tls_sessions_use(diesel_tls *tls)
{
    SSL_CTX_set_session_cache_mode(
        tls->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(tls->ctx, on_new_session);
}

/* The newest session with the host that may be used; the caller's. */
static SSL_SESSION *take(diesel_tls *tls, const char *host)
{
    diesel__link *l = tls->sessions.next;
    while (l != &tls->sessions) {
        struct session *s = DIESEL__HOLDER(l, struct session, link);
        l = l->next;
        if (strcmp(s->host, host) != 0)
            continue;
        SSL_SESSION *session = s->session;
        bool usable = SSL_SESSION_is_resumable(session) == 1;
        if (usable)
            SSL_SESSION_up_ref(session);
        if (!usable || SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION)
            forget(tls, s);
        if (usable)
            return session;
    }
    return NULL;
}

void diesel__tls_session_offer(struct diesel__tls_stream *t)
{
    pthread_mutex_lock(&t->tls->lock);
    SSL_SESSION *session = take(t->tls, t->host);
    pthread_mutex_unlock(&t->tls->lock);
    if (session == NULL)
        return;
    (void)SSL_set_session(t->ssl, session); /* or a full handshake is made */
    SSL_SESSION_free(session);
}

void diesel__tls_sessions_free(diesel_tls *tls)
{
    while (!diesel__list_is_empty(&tls->sessions))
        forget(tls, DIESEL__HOLDER(tls->sessions.next, struct session, link));
}
