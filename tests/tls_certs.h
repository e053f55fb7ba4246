/* SPDX-License-Identifier: MIT */
/*
 * Certificates for tests, made when they run: an authority signs what a test asks
 * for, valid or not. All files are PEM, in the test's own folder (test_path()).
 *
 *     tls_ca *ca = tls_ca_new("ca");
 *     const char *server = tls_ca_issue(ca, &(tls_cert){.subject = "server",
 *                                            .names = "DNS:localhost"});
 *     diesel_tls *tls = diesel_tls_new(&(diesel_tls_options){
 *         .server = true, .cert_file = server}, &err);
 *
 * What fails here fails the test, so nothing returns errors.
 */
#ifndef TESTS_TLS_CERTS_H
#define TESTS_TLS_CERTS_H

#include <stdbool.h>

typedef struct tls_ca tls_ca;

/* A new authority, and one that another has signed. `name` is its subject and
 * its file's. Freed by tls_ca_free(). */
tls_ca *tls_ca_new(const char *name);
tls_ca *tls_ca_under(tls_ca *above, const char *name);
void tls_ca_free(tls_ca *ca);

/* The file of its certificate; the path is borrowed for its life. */
const char *tls_ca_file(const tls_ca *ca);

typedef struct tls_cert {
    const char *subject; /* the common name, and the file's name           */
    const char *names;   /* "DNS:localhost,IP:127.0.0.1"; NULL: none       */
    int from, to;        /* days from today; both 0: from yesterday on     */
    const char *password; /* of the key; NULL: it is not encrypted         */
    bool alone;          /* the key goes to SUBJECT.key.pem                */
    const char *usage;   /* what for, as "clientAuth"; NULL: for anything  */
    bool by_itself;      /* signed with its own key                        */
} tls_cert;

/* Issues a certificate. The file holds it, the authority's if another signed
 * that, and the key. The path is the authority's and lives as long. */
const char *tls_ca_issue(tls_ca *ca, const tls_cert *cert);

/* Revokes what it issued with this subject, and writes the list of all that it
 * has revoked; with NULL just the list. Returns the list's path, as above. */
const char *tls_ca_revoke(tls_ca *ca, const char *subject);

/* The same list, which has not been renewed in time. */
const char *tls_ca_old_list(tls_ca *ca);

#endif
