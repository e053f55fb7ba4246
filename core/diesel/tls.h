/* SPDX-License-Identifier: MIT */
/*
 * TLS over streams, by OpenSSL: a configuration, made once, and the upgrade of a
 * stream in place. All calls of <diesel/stream.h> then go through TLS.
 *
 *     diesel_tls *tls = diesel_tls_new(NULL, &err);
 *     diesel_stream *s = diesel_tcp_connect(host, 443, NULL, DIESEL_FOREVER, &err);
 *     if (s == NULL || diesel_tls_start(s, tls, host, DIESEL_FOREVER, &err) < 0)
 *         return diesel_fail(&err);
 *
 * A client verifies the server's certificate and its name unless it is told
 * otherwise, and resumes earlier sessions with the same host. TLS 1.2 and 1.3
 * are spoken.
 *
 * The end of the stream is what the peer has said is the end (close_notify, RFC
 * 8446, 6.1): a connection that ends without it fails with CLOSED in the domain
 * DIESEL_DOM_TLS, because somebody may have cut it.
 */
#ifndef DIESEL_TLS_H
#define DIESEL_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include <diesel/error.h>
#include <diesel/stream.h>
#include <diesel/time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* For min_version and max_version. */
enum { DIESEL_TLS_1_2 = 12, DIESEL_TLS_1_3 = 13 };

/* What a server wants to know of its clients. */
enum {
    DIESEL_TLS_ANY_CLIENT,    /* asks for no certificate                    */
    DIESEL_TLS_ASK_CLIENT,    /* one that is given must be valid            */
    DIESEL_TLS_VERIFY_CLIENT, /* who has none is refused                    */
};

typedef struct diesel_tls_options {
    bool server;
    const char *ca_file;  /* PEM: who is trusted; with neither of the two a  */
    const char *ca_dir;   /* client trusts whom the system does              */
    const char *crl_file; /* PEM: certificates that are revoked              */
    const char *cert_file; /* PEM: one's own, with the chain behind it       */
    const char *key_file;  /* PEM; NULL: the key is in cert_file             */
    const char *key_password; /* of an encrypted key                         */
    bool allow_invalid_certificates; /* verifies nothing: for tests          */
    bool allow_invalid_hostnames;    /* the name may be another one          */
    int client_certificates; /* of a server: DIESEL_TLS_ANY_CLIENT ...       */
    const char *alpn; /* protocols, the preferred first: "h2,http/1.1"       */
    const char *ciphers;      /* of TLS 1.2, in OpenSSL's notation           */
    const char *ciphersuites; /* of TLS 1.3                                  */
    int min_version; /* 0: 1.2 */
    int max_version; /* 0: the newest */
    bool no_resumption; /* every handshake is a full one                     */
    const char *keylog_file; /* secrets are appended to it, so that Wireshark
                                can read the traffic: for debugging only     */
} diesel_tls_options;

typedef struct diesel_tls diesel_tls;

/* Reads the files and makes a configuration. NULL options: a client that trusts
 * whom the system trusts. Owned by the caller: diesel_tls_free(). INVAL (an
 * option that makes no sense), IO (a file that cannot be read), TLS (a file that
 * does not hold what it should; detail is OpenSSL's reason), NOMEM. Streams of
 * any thread may use it. Never switches fibers. */
diesel_tls *diesel_tls_new(const diesel_tls_options *options, diesel_error *err)
    __attribute__((warn_unused_result));

/* Streams that use it may live on. NULL does nothing. Never switches fibers. */
void diesel_tls_free(diesel_tls *tls);

/* A server of several names: clients that ask for `name` (RFC 6066, 3; a name
 * "*.example.org" stands for all names of one more label) are served with the
 * certificates of `other`, all others with those of `tls`. `other` is kept until
 * `tls` is freed, and may be freed itself. 0, or -1: INVAL, NOMEM. Call it before
 * the first connection. Never switches fibers. */
int diesel_tls_add_name(diesel_tls *tls, const char *name, diesel_tls *other,
                        diesel_error *err) __attribute__((warn_unused_result));

/* Makes the stream a TLS stream, by a handshake with the peer; what its output
 * buffer holds leaves before. `host` is whom a client wants to talk to: a name
 * or a numeric address, which the certificate must be for; NULL for servers.
 * 0, or -1: TLS (what is wrong with the certificate or the peer; detail is an
 * SSL_R_* of OpenSSL, or an X509_V_ERR_* below 100 for the certificate), CLOSED,
 * TIMEDOUT, CANCELLED, PROTOCOL (bytes came before the handshake), BUSY, NOMEM,
 * IO. After a failure the stream can only be closed. Switches fibers; checks for
 * cancellation always. */
int diesel_tls_start(diesel_stream *stream, diesel_tls *tls, const char *host,
                     int64_t deadline, diesel_error *err)
    __attribute__((warn_unused_result));

/* What was agreed on. The strings are borrowed for the stream's life. */
typedef struct diesel_tls_info {
    const char *version; /* "TLSv1.3"                                        */
    const char *cipher;  /* "TLS_AES_256_GCM_SHA384"                         */
    const char *alpn;    /* the protocol chosen; NULL: none                  */
    const char *name;    /* of a server: what the client asked for; NULL     */
    const char *peer;    /* the certificate's subject (RFC 2253); NULL: none */
    bool resumed;        /* an earlier session                               */
} diesel_tls_info;

/* False, and nothing is written, if the stream does not speak TLS. Never
 * switches fibers. */
bool diesel_tls_info_of(const diesel_stream *stream, diesel_tls_info *info);

#ifdef __cplusplus
}
#endif
#endif
