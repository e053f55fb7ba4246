/* SPDX-License-Identifier: MIT */
/*
 * Certificates for tests, see tls_certs.h. Keys are of the curve P-256, which
 * takes a moment only.
 */
#include <check.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test_util.h"
#include "tls_certs.h"

enum { MOST_ISSUED = 16 };

struct issued {
    char subject[32];
    char path[128];
    long serial;
    bool revoked;
};

struct tls_ca {
    tls_ca *above; /* NULL: signed by itself */
    EVP_PKEY *key;
    X509 *cert;
    char path[128], crl[160];
    long serial;
    struct issued issued[MOST_ISSUED];
    int count;
};

#define need(call) ck_assert_msg((call) > 0, "%s failed", #call)

static EVP_PKEY *new_key(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    ck_assert_ptr_nonnull(key);
    return key;
}

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    ck_assert_msg(extension != NULL, "no extension %s", value);
    need(X509_add_ext(cert, extension, -1));
    X509_EXTENSION_free(extension);
}

static X509 *new_cert(EVP_PKEY *key, const char *subject, long serial, int from,
                      int to)
{
    X509 *cert = X509_new();
    ck_assert_ptr_nonnull(cert);
    need(X509_set_version(cert, X509_VERSION_3));
    need(ASN1_INTEGER_set(X509_get_serialNumber(cert), serial));
    ck_assert_ptr_nonnull(
        X509_time_adj_ex(X509_getm_notBefore(cert), from, 0, NULL));
    ck_assert_ptr_nonnull(
        X509_time_adj_ex(X509_getm_notAfter(cert), to, 0, NULL));
    need(X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN",
                                    MBSTRING_UTF8,
                                    (const unsigned char *)subject, -1, -1, 0));
    need(X509_set_pubkey(cert, key));
    return cert;
}

static void sign(X509 *cert, X509 *issuer, EVP_PKEY *key)
{
    need(X509_set_issuer_name(cert, X509_get_subject_name(issuer)));
    extend(cert, issuer, NID_subject_key_identifier, "hash");
    extend(cert, issuer, NID_authority_key_identifier, "keyid");
    need(X509_sign(cert, key, EVP_sha256()));
}

static FILE *create(char *path, size_t size, const char *name)
{
    char file[40];
    snprintf(file, sizeof file, "%.30s.pem", name);
    snprintf(path, size, "%s", test_path(file));
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    return out;
}

tls_ca *tls_ca_under(tls_ca *above, const char *name)
{
    tls_ca *ca = calloc(1, sizeof *ca);
    ck_assert_ptr_nonnull(ca);
    ca->above = above;
    ca->key = new_key();
    ca->serial = 100;
    ca->cert = new_cert(ca->key, name, above != NULL ? ++above->serial : 1, -1,
                        100);
    X509 *issuer = above != NULL ? above->cert : ca->cert;
    extend(ca->cert, issuer, NID_basic_constraints, "critical,CA:TRUE");
    extend(ca->cert, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
    sign(ca->cert, issuer, above != NULL ? above->key : ca->key);
    FILE *out = create(ca->path, sizeof ca->path, name);
    need(PEM_write_X509(out, ca->cert));
    fclose(out);
    snprintf(ca->crl, sizeof ca->crl, "%s.crl", ca->path);
    return ca;
}

tls_ca *tls_ca_new(const char *name)
{
    return tls_ca_under(NULL, name);
}

void tls_ca_free(tls_ca *ca)
{
    X509_free(ca->cert);
    EVP_PKEY_free(ca->key);
    free(ca);
}

const char *tls_ca_file(const tls_ca *ca)
{
    return ca->path;
}

static void write_key(FILE *out, EVP_PKEY *key, const char *password)
{
    need(PEM_write_PrivateKey(out, key,
                              password != NULL ? EVP_aes_128_cbc() : NULL, NULL,
                              0, NULL, (void *)(uintptr_t)password));
}

const char *tls_ca_issue(tls_ca *ca, const tls_cert *c)
{
    ck_assert_int_lt(ca->count, MOST_ISSUED);
    struct issued *issued = &ca->issued[ca->count++];
    snprintf(issued->subject, sizeof issued->subject, "%s", c->subject);
    issued->serial = ++ca->serial;
    bool usual = c->from == 0 && c->to == 0;
    EVP_PKEY *key = new_key();
    X509 *cert = new_cert(key, c->subject, issued->serial,
                          usual ? -1 : c->from, usual ? 100 : c->to);
    if (c->names != NULL)
        extend(cert, ca->cert, NID_subject_alt_name, c->names);
    if (c->usage != NULL)
        extend(cert, ca->cert, NID_ext_key_usage, c->usage);
    sign(cert, c->by_itself ? cert : ca->cert, c->by_itself ? key : ca->key);

    FILE *out = create(issued->path, sizeof issued->path, c->subject);
    need(PEM_write_X509(out, cert));
    if (ca->above != NULL)
        need(PEM_write_X509(out, ca->cert));
    if (c->alone) {
        char name[64], path[128];
        fclose(out);
        snprintf(name, sizeof name, "%s.key", c->subject);
        out = create(path, sizeof path, name);
    }
    write_key(out, key, c->password);
    fclose(out);
    X509_free(cert);
    EVP_PKEY_free(key);
    return issued->path;
}

static void add_revoked(X509_CRL *crl, long serial)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    ASN1_TIME *now = ASN1_TIME_adj(NULL, time(NULL), 0, 0);
    ck_assert(entry != NULL && number != NULL && now != NULL);
    need(ASN1_INTEGER_set(number, serial));
    need(X509_REVOKED_set_serialNumber(entry, number));
    need(X509_REVOKED_set_revocationDate(entry, now));
    need(X509_CRL_add0_revoked(crl, entry));
    ASN1_INTEGER_free(number);
    ASN1_TIME_free(now);
}

/* The list of those that are revoked, good for `days` from today. */
static const char *write_list(tls_ca *ca, int days)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *now = ASN1_TIME_adj(NULL, time(NULL), days < 0 ? days - 1 : 0, -60);
    ASN1_TIME *next = ASN1_TIME_adj(NULL, time(NULL), days, 0);
    ck_assert(crl != NULL && now != NULL && next != NULL);
    need(X509_CRL_set_version(crl, X509_CRL_VERSION_2));
    need(X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->cert)));
    need(X509_CRL_set1_lastUpdate(crl, now));
    need(X509_CRL_set1_nextUpdate(crl, next));
    for (int i = 0; i < ca->count; i++)
        if (ca->issued[i].revoked)
            add_revoked(crl, ca->issued[i].serial);
    need(X509_CRL_sort(crl));
    need(X509_CRL_sign(crl, ca->key, EVP_sha256()));
    FILE *out = fopen(ca->crl, "w");
    ck_assert_ptr_nonnull(out);
    need(PEM_write_X509_CRL(out, crl));
    fclose(out);
    X509_CRL_free(crl);
    ASN1_TIME_free(now);
    ASN1_TIME_free(next);
    return ca->crl;
}

const char *tls_ca_revoke(tls_ca *ca, const char *subject)
{
    for (int i = 0; i < ca->count; i++)
        if (subject != NULL && strcmp(ca->issued[i].subject, subject) == 0)
            ca->issued[i].revoked = true;
    return write_list(ca, 30);
}

const char *tls_ca_old_list(tls_ca *ca)
{
    return write_list(ca, -1);
}
