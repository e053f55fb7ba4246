/* SPDX-License-Identifier: MIT */
/*
 * TLS: what went wrong, in words.
 *
 * OpenSSL tells its errors in a queue per thread, and those of certificates by a
 * callback in the middle of the handshake. Both are made into one error here, which
 * names the host and says what is wrong with which certificate. What a peer has
 * written into its certificate is shown with its control characters escaped.
 */
#include <diesel/tls.h>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "stream_internal.h"
#include "tls_internal.h"

/* Entries that say why the others are there. */
static bool is_cause(unsigned long error)
{
    int reason = ERR_GET_REASON(error);
    return reason == ERR_R_MALLOC_FAILURE ||
           (ERR_GET_LIB(error) == ERR_LIB_SSL &&
            reason == SSL_R_CERTIFICATE_VERIFY_FAILED);
}

/* Empties the queue. The oldest entry comes from where it went wrong; the
 * newer ones say what could not be done because of that. */
static unsigned long take_errors(void)
{
    unsigned long oldest = 0, error;
    while ((error = ERR_get_error()) != 0)
        if (oldest == 0 || (is_cause(error) && !is_cause(oldest)))
            oldest = error;
    return oldest;
}

static const char *reason_of(unsigned long error, char *buf, size_t size)
{
    const char *reason = ERR_reason_error_string(error);
    if (reason != NULL)
        return reason;
    if (error == 0)
        return "no reason given";
    snprintf(buf, size, "error %lx", error);
    return buf;
}

static void set_error(diesel_error *err, unsigned long error,
                      const char *context, const char *hint)
{
    char buf[32];
    if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE) {
        diesel_error_nomem(err, "TLS");
        diesel_error_prefix(err, "%s", context);
        return;
    }
    diesel_error_set(err, DIESEL_E_TLS, DIESEL_DOM_TLS, ERR_GET_REASON(error),
                     "%s: %s%s", context, reason_of(error, buf, sizeof buf),
                     hint);
}

int diesel__tls_error(diesel_error *err, const char *format, ...)
{
    diesel_error context;
    va_list args;
    va_start(args, format);
    diesel_error_setv(&context, DIESEL_E_TLS, DIESEL_DOM_TLS, 0, format, args);
    va_end(args);
    set_error(err, take_errors(), context.message, "");
    return -1;
}

/* --- Certificates that are not accepted. */

static const char *objection(int code)
{
    switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "it has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "it is not valid yet";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "it is for another host";
    case X509_V_ERR_CERT_REVOKED:
        return "it has been revoked";
    case X509_V_ERR_UNABLE_TO_GET_CRL:
        return "there is no revocation list of its issuer";
    case X509_V_ERR_CRL_HAS_EXPIRED:
        return "the revocation list of its issuer has expired";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return "it is signed by itself, and not trusted";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return "its issuer is not trusted";
    case X509_V_ERR_INVALID_PURPOSE:
        return "it is for another purpose";
    default:
        return X509_verify_cert_error_string(code);
    }
}

/* A text of `n` bytes that a peer has written, behind what `out` holds. */
static void append_foreign(char *out, size_t size, const unsigned char *text,
                           size_t n)
{
    size_t at = strlen(out);
    for (size_t i = 0; i < n && at + 1 < size; i++)
        out[at++] = text[i] > ' ' && text[i] < 0x7f ? (char)text[i] : '?';
    out[at] = '\0';
}

/* A name of a host, or an address, behind what `out` holds. */
static void append_host(char *out, size_t size, const GENERAL_NAME *name)
{
    bool is_name = name->type == GEN_DNS;
    const ASN1_STRING *value = is_name ? name->d.dNSName : name->d.iPAddress;
    const unsigned char *bytes = ASN1_STRING_get0_data(value);
    size_t n = (size_t)ASN1_STRING_length(value);
    char address[INET6_ADDRSTRLEN] = "?";
    if (is_name) {
        append_foreign(out, size, bytes, n);
        return;
    }
    if (n == 4 || n == 16)
        inet_ntop(n == 4 ? AF_INET : AF_INET6, bytes, address, sizeof address);
    append_foreign(out, size, (const unsigned char *)address, strlen(address));
}

/* The hosts that a certificate is for. */
static void show_names(X509 *cert, char *out, size_t size)
{
    GENERAL_NAMES *names =
        X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    out[0] = '\0';
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS && name->type != GEN_IPADD)
            continue;
        if (strlen(out) + 30 > size) {
            append_foreign(out, size, (const unsigned char *)",(more)", 7);
            break;
        }
        if (out[0] != '\0')
            append_foreign(out, size, (const unsigned char *)",", 1);
        append_host(out, size, name);
    }
    GENERAL_NAMES_free(names);
}

char *diesel__tls_subject(X509 *cert, char *out, size_t size)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int n = 0;
    if (bio != NULL &&
        X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0,
                           XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0)
        n = BIO_read(bio, out, (int)size - 1);
    out[n > 0 ? n : 0] = '\0';
    BIO_free(bio);
    return out;
}

static void show_date(const ASN1_TIME *time, char *out, size_t size)
{
    struct tm tm;
    out[0] = '\0';
    if (ASN1_TIME_to_tm(time, &tm) == 1)
        strftime(out, size, "%Y-%m-%d", &tm);
}

void diesel__tls_note_certificate(struct diesel__tls_stream *t,
                                  X509_STORE_CTX *ctx)
{
    int code = X509_STORE_CTX_get_error(ctx);
    X509 *cert = X509_STORE_CTX_get_current_cert(ctx);
    char about[80] = "", more[64] = "";
    if (cert != NULL)
        diesel__tls_subject(cert, about, sizeof about);
    if (cert != NULL && code == X509_V_ERR_CERT_HAS_EXPIRED)
        show_date(X509_get0_notAfter(cert), more, sizeof more);
    else if (cert != NULL && code == X509_V_ERR_CERT_NOT_YET_VALID)
        show_date(X509_get0_notBefore(cert), more, sizeof more);
    else if (cert != NULL && (code == X509_V_ERR_HOSTNAME_MISMATCH ||
                              code == X509_V_ERR_IP_ADDRESS_MISMATCH))
        show_names(cert, more, sizeof more);
    diesel_error_set(&t->why, DIESEL_E_TLS, DIESEL_DOM_TLS, code,
                     "the certificate %s is not accepted: %s%s%s", about,
                     objection(code), more[0] != '\0' ? ": " : "", more);
}

/* --- Calls on a connection that fail. */

static const char *hint(unsigned long error)
{
    switch (ERR_GET_REASON(error)) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
        return " (does the peer speak TLS at all?)";
    default:
        return "";
    }
}

static void explain(struct diesel__tls_stream *t, const char *context)
{
    unsigned long error = take_errors();
    if (t->nomem) {
        set_error(&t->why, ERR_R_MALLOC_FAILURE, context, "");
    } else if (t->errnum != 0) {
        diesel_error_sys(&t->why, t->errnum, "%s", context);
    } else if (t->ended) {
        diesel_error_set(&t->why, DIESEL_E_CLOSED, DIESEL_DOM_TLS,
                         SSL_R_UNEXPECTED_EOF_WHILE_READING, "%s: %s", context,
                         t->ready ? "the connection was cut: it ended without "
                                    "the end of TLS"
                                  : "the peer closed the connection");
    } else if (ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED &&
               t->why.code == DIESEL_E_TLS) {
        diesel_error_prefix(&t->why, "%s", context);
    } else {
        set_error(&t->why, error, context, hint(error));
    }
}

void diesel__tls_fail(struct diesel__tls_stream *t, const char *doing)
{
    char context[128];
    const char *name = t->stream->name;
    if (t->failed)
        return;
    if (t->ready)
        snprintf(context, sizeof context, "%s: %s", name, doing);
    else if (t->host[0] == '\0' || strstr(name, t->host) != NULL)
        snprintf(context, sizeof context, "TLS with %s", name);
    else
        snprintf(context, sizeof context, "TLS with %s (%s)", t->host, name);
    explain(t, context);
    t->failed = true;
}

bool diesel__tls_report(const diesel_stream *stream, diesel_error *err)
{
    const struct diesel__tls_stream *t = stream->tls;
    if (!t->failed)
        return false;
    if (err != NULL)
        *err = t->why;
    return true;
}
