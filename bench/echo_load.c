/* SPDX-License-Identifier: MIT */
/*
 * Loads an echo server, whichever it is; see echo.h. Not measured, but it should
 * take as little as possible.
 *
 *     echo_load plain NAME WIDTH COUNT    WIDTH connections, COUNT requests
 *     echo_load tls   NAME WIDTH COUNT
 *     echo_load cert  NAME FILE  0        writes a certificate with its key
 *
 * Each connection has one request under way: when its echo has come, it sends the
 * next.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sched.h>
#include <sys/epoll.h>

#include "echo.h"

struct connection {
    int fd;
    SSL *ssl; /* NULL: plain */
    unsigned got;
};

static uint64_t to_send, to_come;
static SSL_CTX *ctx;

/* Moves to the processors that the server does not run on. */
static void leave_processor(void)
{
    cpu_set_t own, others;
    CPU_ZERO(&others);
    if (sched_getaffinity(0, sizeof own, &own) < 0)
        return;
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    for (int i = 0; i < count && i < CPU_SETSIZE; i++)
        if (!CPU_ISSET(i, &own))
            CPU_SET(i, &others);
    if (CPU_COUNT(&others) > 0)
        (void)sched_setaffinity(0, sizeof others, &others);
}

static void request(struct connection *c)
{
    static const char bytes[ECHO_BYTES] = "the same bytes as ever";
    ssize_t sent = c->ssl != NULL ? SSL_write(c->ssl, bytes, ECHO_BYTES)
                                  : write(c->fd, bytes, ECHO_BYTES);
    if (sent != ECHO_BYTES)
        bench_fail("echo_load: cannot send");
    to_send--;
    c->got = 0;
}

/* What came; 0: nothing for now. */
static size_t receive(struct connection *c)
{
    char buf[ECHO_BYTES];
    ssize_t got = c->ssl != NULL
                      ? SSL_read(c->ssl, buf, (int)(ECHO_BYTES - c->got))
                      : read(c->fd, buf, ECHO_BYTES - c->got);
    if (got > 0)
        return (size_t)got;
    if (c->ssl != NULL ? SSL_get_error(c->ssl, (int)got) == SSL_ERROR_WANT_READ
                       : got < 0 && errno == EAGAIN)
        return 0;
    bench_fail("echo_load: the server has gone");
}

static void on_input(struct connection *c)
{
    size_t got;
    while (c->got < ECHO_BYTES && (got = receive(c)) > 0)
        c->got += (unsigned)got;
    if (c->got < ECHO_BYTES)
        return;
    c->got = ECHO_BYTES;
    to_come--;
    if (to_send > 0)
        request(c);
}

static void connect_one(struct connection *c, const struct echo_bench *b)
{
    struct sockaddr_un un;
    socklen_t size = echo_address(b, &un);
    c->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&un, size) < 0)
        bench_fail("echo_load: cannot connect: %s", strerror(errno));
    if (ctx != NULL) {
        c->ssl = SSL_new(ctx);
        SSL_set_fd(c->ssl, c->fd);
        if (SSL_connect(c->ssl) != 1)
            bench_fail("echo_load: no TLS");
    }
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
}

static void turn(int epoll)
{
    static struct epoll_event events[1024];
    int n = epoll_wait(epoll, events, 1024, -1);
    for (int i = 0; i < n; i++)
        on_input(events[i].data.ptr);
}

/* Sends on each connection and hears from it, `count` times in all. */
static void load(struct connection *all, unsigned width, int epoll,
                 uint64_t count)
{
    to_send = to_come = count;
    for (unsigned i = 0; i < width && to_send > 0; i++)
        request(&all[i]);
    while (to_come > 0)
        turn(epoll);
}

static void run(const struct echo_bench *b, unsigned width, uint64_t count)
{
    struct connection *all = calloc(width, sizeof *all);
    int epoll = epoll_create1(0);
    char byte = 's';
    for (unsigned i = 0; i < width; i++) {
        connect_one(&all[i], b);
        struct epoll_event event = {.events = EPOLLIN,
                                    .data.ptr = &all[i]};
        epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].fd, &event);
    }
    load(all, width, epoll, width); /* so that all are known to the server */
    if (write(STDIN_FILENO, &byte, 1) != 1 || read(STDIN_FILENO, &byte, 1) != 1)
        bench_fail("echo_load: the server has gone");
    load(all, width, epoll, count);
    byte = 'e';
    if (write(STDIN_FILENO, &byte, 1) != 1)
        bench_fail("echo_load: the server has gone");
}

static void make_cert(const char *path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 36000);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    X509_set_pubkey(cert, key);
    FILE *out = fopen(path, "w");
    if (X509_sign(cert, key, EVP_sha256()) <= 0 || out == NULL ||
        PEM_write_X509(out, cert) != 1 ||
        PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) != 1)
        bench_fail("echo_load: cannot make a certificate");
    fclose(out);
}

int main(int argc, char **argv)
{
    struct echo_bench b = {.control = 0};
    if (argc != 5)
        bench_fail("usage: echo_load plain|tls|cert NAME WIDTH COUNT");
    if (strcmp(argv[1], "cert") == 0) {
        make_cert(argv[3]);
        return 0;
    }
    leave_processor();
    snprintf(b.name, sizeof b.name, "%s", argv[2]);
    unsigned width = bench_width(argv[3]);
    echo_need_descriptors(width);
    if (strcmp(argv[1], "tls") == 0) {
        ctx = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
        SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256");
        SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    }
    run(&b, width, strtoull(argv[4], NULL, 10));
    return 0;
}
