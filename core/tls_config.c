/* SPDX-License-Identifier: MIT */
/*
 * TLS: configurations, from options to an SSL_CTX.
 *
 * Each group of options is one function of the table at the end; the first that
 * fails ends the whole. Messages name the option and the file, never a password.
 */
#include <diesel/tls.h>

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <diesel/memory.h>

#include "sys_internal.h"
#include "tls_internal.h"

typedef int setter(diesel_tls *tls, const diesel_tls_options *o,
                   diesel_error *err);

static int invalid(diesel_error *err, const char *what, const char *value)
{
    ERR_clear_error();
    return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                            "TLS: %s: %s", what, value);
}

/* OpenSSL says of a missing file little that helps. */
static int check_file(const char *option, const char *path, diesel_error *err)
{
    if (access(path, R_OK) < 0)
        return diesel_error_sys(err, errno, "TLS: %s %s", option, path);
    return 0;
}

static int set_versions(diesel_tls *tls, const diesel_tls_options *o,
                        diesel_error *err)
{
    const int asked[] = {o->min_version != 0 ? o->min_version : DIESEL_TLS_1_2,
                         o->max_version};
    int versions[2];
    for (int i = 0; i < 2; i++) {
        if (asked[i] != DIESEL_TLS_1_2 && asked[i] != DIESEL_TLS_1_3 &&
            !(i == 1 && asked[i] == 0))
            return invalid(err, "min_version, max_version",
                           "neither DIESEL_TLS_1_2 nor DIESEL_TLS_1_3");
        versions[i] = asked[i] == DIESEL_TLS_1_2   ? TLS1_2_VERSION
                      : asked[i] == DIESEL_TLS_1_3 ? TLS1_3_VERSION
                                                   : 0;
    }
    if (asked[1] != 0 && asked[1] < asked[0])
        return invalid(err, "max_version", "below min_version");
    SSL_CTX_set_min_proto_version(tls->ctx, versions[0]);
    SSL_CTX_set_max_proto_version(tls->ctx, versions[1]);
    return 0;
}

static int set_ciphers(diesel_tls *tls, const diesel_tls_options *o,
                       diesel_error *err)
{
    if (o->ciphers != NULL && SSL_CTX_set_cipher_list(tls->ctx, o->ciphers) != 1)
        return invalid(err, "ciphers", o->ciphers);
    if (o->ciphersuites != NULL &&
        SSL_CTX_set_ciphersuites(tls->ctx, o->ciphersuites) != 1)
        return invalid(err, "ciphersuites", o->ciphersuites);
    return 0;
}

/* Never asks at a terminal, as OpenSSL would without a callback. */
static int give_password(char *buf, int size, int writing, void *arg)
{
    const char *password = arg;
    (void)writing;
    size_t n = password != NULL ? strlen(password) : 0;
    if (n == 0 || n > (size_t)size)
        return -1;
    memcpy(buf, password, n);
    return (int)n;
}

static int load_key(diesel_tls *tls, const diesel_tls_options *o,
                    const char *path, diesel_error *err)
{
    SSL_CTX_set_default_passwd_cb(tls->ctx, give_password);
    SSL_CTX_set_default_passwd_cb_userdata(
        tls->ctx, (void *)(uintptr_t)o->key_password);
    int loaded = SSL_CTX_use_PrivateKey_file(tls->ctx, path, SSL_FILETYPE_PEM);
    SSL_CTX_set_default_passwd_cb_userdata(tls->ctx, NULL);
    if (loaded != 1)
        return diesel__tls_error(
            err, "TLS: key_file %s%s", path,
            o->key_password == NULL ? "" : " (with key_password)");
    if (SSL_CTX_check_private_key(tls->ctx) != 1)
        return diesel__tls_error(err, "TLS: key_file %s", path);
    return 0;
}

static int set_certificate(diesel_tls *tls, const diesel_tls_options *o,
                           diesel_error *err)
{
    const char *key = o->key_file != NULL ? o->key_file : o->cert_file;
    if (o->cert_file == NULL) {
        if (o->key_file != NULL)
            return invalid(err, "key_file", "given without a cert_file");
        return o->server ? invalid(err, "cert_file", "a server needs one") : 0;
    }
    if (check_file("cert_file", o->cert_file, err) < 0 ||
        check_file("key_file", key, err) < 0)
        return -1;
    if (SSL_CTX_use_certificate_chain_file(tls->ctx, o->cert_file) != 1)
        return diesel__tls_error(err, "TLS: cert_file %s", o->cert_file);
    return load_key(tls, o, key, err);
}

static int set_revoked(diesel_tls *tls, const diesel_tls_options *o,
                       diesel_error *err)
{
    X509_STORE *store = SSL_CTX_get_cert_store(tls->ctx);
    if (o->crl_file == NULL)
        return 0;
    if (check_file("crl_file", o->crl_file, err) < 0)
        return -1;
    X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    if (lookup == NULL ||
        X509_load_crl_file(lookup, o->crl_file, X509_FILETYPE_PEM) < 1)
        return diesel__tls_error(err, "TLS: crl_file %s", o->crl_file);
    X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
    return 0;
}

/* The names that a server tells its clients, of whose certificates it wants. */
static int name_authorities(diesel_tls *tls, const diesel_tls_options *o,
                            diesel_error *err)
{
    STACK_OF(X509_NAME) *names =
        o->ca_file != NULL ? SSL_load_client_CA_file(o->ca_file) : NULL;
    if (o->ca_file != NULL && names == NULL)
        return diesel__tls_error(err, "TLS: ca_file %s", o->ca_file);
    SSL_CTX_set_client_CA_list(tls->ctx, names);
    return 0;
}

static int set_authorities(diesel_tls *tls, const diesel_tls_options *o,
                           diesel_error *err)
{
    if (o->ca_file != NULL) {
        if (check_file("ca_file", o->ca_file, err) < 0)
            return -1;
        if (SSL_CTX_load_verify_file(tls->ctx, o->ca_file) != 1)
            return diesel__tls_error(err, "TLS: ca_file %s", o->ca_file);
    }
    if (o->ca_dir != NULL) {
        if (check_file("ca_dir", o->ca_dir, err) < 0)
            return -1;
        if (SSL_CTX_load_verify_dir(tls->ctx, o->ca_dir) != 1)
            return diesel__tls_error(err, "TLS: ca_dir %s", o->ca_dir);
    }
    if (o->ca_file == NULL && o->ca_dir == NULL && !o->server &&
        !o->allow_invalid_certificates &&
        SSL_CTX_set_default_verify_paths(tls->ctx) != 1)
        return diesel__tls_error(err, "TLS: the system's authorities");
    return o->server ? name_authorities(tls, o, err) : 0;
}

static int on_verified(int good, X509_STORE_CTX *ctx)
{
    const SSL *ssl =
        X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
    if (!good)
        diesel__tls_note_certificate(diesel__tls_of(ssl), ctx);
    return good;
}

static int set_verification(diesel_tls *tls, const diesel_tls_options *o,
                            diesel_error *err)
{
    int mode = SSL_VERIFY_PEER;
    if (o->client_certificates < DIESEL_TLS_ANY_CLIENT ||
        o->client_certificates > DIESEL_TLS_VERIFY_CLIENT)
        return invalid(err, "client_certificates",
                       "none of DIESEL_TLS_ANY_CLIENT, _ASK_CLIENT, "
                       "_VERIFY_CLIENT");
    if (o->server && o->client_certificates == DIESEL_TLS_ANY_CLIENT)
        mode = SSL_VERIFY_NONE;
    else if (o->server && o->ca_file == NULL && o->ca_dir == NULL)
        return invalid(err, "client_certificates",
                       "neither ca_file nor ca_dir says who may sign them");
    if (o->server && o->client_certificates == DIESEL_TLS_VERIFY_CLIENT)
        mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    if (o->allow_invalid_certificates && !o->server)
        mode = SSL_VERIFY_NONE;
    tls->verifies = mode != SSL_VERIFY_NONE;
    tls->verifies_names =
        tls->verifies && !o->server && !o->allow_invalid_hostnames;
    SSL_CTX_set_verify(tls->ctx, mode, on_verified);
    return 0;
}

/* "h2,http/1.1" as OpenSSL wants it: each with its length before it. */
static int read_alpn(diesel_tls *tls, const char *list, diesel_error *err)
{
    size_t n = strlen(list);
    if (n == 0 || n > 1000)
        return invalid(err, "alpn", list);
    tls->alpn = diesel_malloc(n + 1);
    if (tls->alpn == NULL)
        return diesel_error_nomem(err, "TLS");
    unsigned char *out = tls->alpn;
    for (const char *at = list;; at++) {
        size_t length = strcspn(at, ",");
        if (length == 0 || length > 255)
            return invalid(err, "alpn", list);
        *out++ = (unsigned char)length;
        memcpy(out, at, length);
        out += length;
        at += length;
        if (*at == '\0')
            break;
    }
    tls->alpn_size = (unsigned)(out - tls->alpn);
    return 0;
}

static int on_alpn(SSL *ssl, const unsigned char **chosen, unsigned char *size,
                   const unsigned char *offered, unsigned offered_size,
                   void *arg)
{
    const diesel_tls *tls = arg;
    unsigned char *pick;
    (void)ssl;
    if (SSL_select_next_proto(&pick, size, tls->alpn, tls->alpn_size, offered,
                              offered_size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301, 3.2 */
    *chosen = pick;
    return SSL_TLSEXT_ERR_OK;
}

static int set_alpn(diesel_tls *tls, const diesel_tls_options *o,
                    diesel_error *err)
{
    if (o->alpn == NULL)
        return 0;
    if (read_alpn(tls, o->alpn, err) < 0)
        return -1;
    if (o->server)
        SSL_CTX_set_alpn_select_cb(tls->ctx, on_alpn, tls);
    else if (SSL_CTX_set_alpn_protos(tls->ctx, tls->alpn, tls->alpn_size) != 0)
        return diesel__tls_error(err, "TLS: alpn");
    return 0;
}

/* One write(2) for each line, so that lines of several threads do not mix. */
static void on_secret(const SSL *ssl, const char *line)
{
    const diesel_tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    const struct iovec pieces[] = {
        {.iov_base = (void *)(uintptr_t)line, .iov_len = strlen(line)},
        {.iov_base = (void *)(uintptr_t) "\n", .iov_len = 1}};
    while (diesel__sys.writev(tls->keylog, pieces, 2) < 0 && errno == EINTR)
        ;
}

static int set_keylog(diesel_tls *tls, const diesel_tls_options *o,
                      diesel_error *err)
{
    if (o->keylog_file == NULL)
        return 0;
    tls->keylog =
        diesel__sys.open(o->keylog_file,
                         O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (tls->keylog < 0)
        return diesel_error_sys(err, errno, "TLS: keylog_file %s",
                                o->keylog_file);
    SSL_CTX_set_keylog_callback(tls->ctx, on_secret);
    return 0;
}

static int set_sessions(diesel_tls *tls, const diesel_tls_options *o,
                        diesel_error *err)
{
    static const unsigned char id[] = "diesel";
    SSL_CTX_set_session_cache_mode(tls->ctx, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_set_session_id_context(tls->ctx, id, sizeof id - 1) != 1)
        return diesel__tls_error(err, "TLS: sessions");
    tls->resumes = !o->no_resumption;
    if (o->no_resumption) {
        SSL_CTX_set_options(tls->ctx, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(tls->ctx, 0);
    } else if (!o->server) {
        diesel__tls_sessions_use(tls);
    }
    return 0;
}

static setter *const setters[] = {
    set_versions,     set_ciphers, set_certificate, set_authorities,
    set_verification, set_revoked, set_alpn,        set_keylog,
    set_sessions,
};

/* --- Names of a server. */

/* The configuration for a name that a client asks for. */
static diesel_tls *find_name(diesel_tls *tls, const char *name)
{
    for (struct diesel__tls_name *n = tls->names; n != NULL; n = n->next) {
        const char *rest = strchr(name, '.');
        if (strcasecmp(n->pattern, name) == 0 ||
            (n->pattern[0] == '*' && rest != NULL &&
             strcasecmp(n->pattern + 1, rest) == 0))
            return n->tls;
    }
    return NULL;
}

static int on_name(SSL *ssl, int *alert, void *arg)
{
    (void)alert;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    diesel_tls *other = name != NULL ? find_name(arg, name) : NULL;
    if (other == NULL)
        return SSL_TLSEXT_ERR_OK;
    SSL_set_SSL_CTX(ssl, other->ctx);
    SSL_set_verify(ssl, SSL_CTX_get_verify_mode(other->ctx), on_verified);
    return SSL_TLSEXT_ERR_OK;
}

int diesel_tls_add_name(diesel_tls *tls, const char *name, diesel_tls *other,
                        diesel_error *err)
{
    if (!tls->server || !other->server || name[0] == '\0' || tls == other)
        return invalid(err, name, "a name is added to a server, of another");
    size_t size = strlen(name) + 1;
    struct diesel__tls_name *n = diesel_malloc(sizeof *n + size);
    if (n == NULL)
        return diesel_error_nomem(err, "TLS");
    memcpy(n->pattern, name, size);
    n->tls = diesel__tls_keep(other);
    n->next = tls->names;
    tls->names = n;
    SSL_CTX_set_tlsext_servername_callback(tls->ctx, on_name);
    SSL_CTX_set_tlsext_servername_arg(tls->ctx, tls);
    return 0;
}

/* --- Their life. */

static int make(diesel_tls *tls, const diesel_tls_options *o, diesel_error *err)
{
    tls->ctx = SSL_CTX_new(TLS_method());
    if (tls->ctx == NULL || SSL_CTX_set_app_data(tls->ctx, tls) != 1)
        return diesel__tls_error(err, "TLS");
    SSL_CTX_set_options(tls->ctx, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(tls->ctx, SSL_MODE_RELEASE_BUFFERS);
    /* One read for a record or several, instead of two for each. */
    SSL_CTX_set_read_ahead(tls->ctx, 1);
    for (size_t i = 0; i < sizeof setters / sizeof setters[0]; i++)
        if (setters[i](tls, o, err) < 0)
            return -1;
    return 0;
}

diesel_tls *diesel_tls_new(const diesel_tls_options *options, diesel_error *err)
{
    static const diesel_tls_options client;
    const diesel_tls_options *o = options != NULL ? options : &client;
    diesel_tls *tls = diesel_calloc(1, sizeof *tls);
    if (tls == NULL) {
        diesel_error_nomem(err, "TLS");
        return NULL;
    }
    atomic_init(&tls->uses, 1);
    pthread_mutex_init(&tls->lock, NULL);
    diesel__link_init(&tls->sessions);
    tls->keylog = -1;
    tls->server = o->server;
    ERR_clear_error();
    if (make(tls, o, err) == 0)
        return tls;
    diesel_tls_free(tls);
    return NULL;
}

diesel_tls *diesel__tls_keep(diesel_tls *tls)
{
    atomic_fetch_add(&tls->uses, 1);
    return tls;
}

void diesel_tls_free(diesel_tls *tls)
{
    if (tls == NULL || atomic_fetch_sub(&tls->uses, 1) != 1)
        return;
    while (tls->names != NULL) {
        struct diesel__tls_name *n = tls->names;
        tls->names = n->next;
        diesel_tls_free(n->tls);
        diesel_free(n);
    }
    diesel__tls_sessions_free(tls);
    SSL_CTX_free(tls->ctx);
    if (tls->keylog >= 0)
        diesel__sys.close(tls->keylog);
    pthread_mutex_destroy(&tls->lock);
    diesel_free(tls->alpn);
    diesel_free(tls);
}
