/* SPDX-License-Identifier: MIT */
/*
 * Host names and other records of the DNS, by c-ares: without blocking the
 * thread, with a cache.
 *
 *     size_t n;
 *     diesel_dns_srv *found = diesel_dns_find_srv(
 *         NULL, "_mongodb._tcp.example.com", &n, DIESEL_FOREVER, &err);
 *     if (found == NULL)
 *         return diesel_fail(&err);
 *     for (size_t i = 0; i < n; i++)
 *         printf("%s:%u\n", found[i].target, found[i].port);
 *     diesel_free(found);
 *
 * Every result is one block of memory, strings included, owned by the caller:
 * diesel_free(). A result has at least one element; that there is none is an
 * error.
 *
 * Answers are kept for as long as their time to live says, but at most a day;
 * that a name or its records do not exist, for some seconds. Fibers that ask the
 * same at the same time share one query. A fiber that gives up leaves the query
 * to the others, and to the cache.
 *
 * Errors: RESOLVE (no such name or records, refused, a failing server: `domain` is
 * DNS and `detail` an ARES_* status, DIESEL_EF_RETRYABLE where a later try may
 * succeed), TIMEDOUT, CANCELLED, CLOSED (the resolver has been), INVAL, NOMEM,
 * LIMIT. The message names what was asked.
 */
#ifndef DIESEL_DNS_H
#define DIESEL_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/address.h>
#include <diesel/error.h>
#include <diesel/time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A resolver: servers, a cache, queries under way. */
typedef struct diesel_dns diesel_dns;

typedef struct diesel_dns_options {
    const char *servers;  /* "192.0.2.1,[2001:db8::1]:5353"; NULL: the system's */
    const char *search;   /* domains for names with few dots, "a.example
                             b.example"; NULL: the system's; "": none          */
    int timeout_ms;       /* of the first try of each server; 0: 2000           */
    int tries;            /* of each server; 0: 3                               */
    bool no_cache;
    size_t cache_entries; /* at most that many answers are kept; 0: 1024        */
    int negative_ms;      /* at most so long it is known that there is nothing;
                             0: 5000                                            */
    uint32_t (*random)(void *arg); /* for the weights of SRV records; NULL: ours */
    void *random_arg;
} diesel_dns_options;

/* Makes a resolver; the options (NULL: all defaults) are copied, but for
 * random_arg. NULL: INVAL (servers), NOMEM, RESOLVE. Never switches fibers, but
 * reads the system's configuration. */
diesel_dns *diesel_dns_open(const diesel_dns_options *options,
                            diesel_error *err)
    __attribute__((warn_unused_result));

/* Closes and frees it; waiting fibers get CLOSED. NULL does nothing. Never
 * switches fibers. */
void diesel_dns_close(diesel_dns *dns);

/* Makes it the one that this thread's scheduler uses where none is named, as in
 * diesel_tcp_connect(); borrowed until it is closed or another one is named. NULL:
 * back to one of the system's configuration. Never switches fibers. */
void diesel_dns_use(diesel_dns *dns);

/* Forgets all answers. Never switches fibers. */
void diesel_dns_flush(diesel_dns *dns);

/* In all calls below `dns` may be NULL, which is the scheduler's resolver. They
 * switch fibers unless the answer is in the cache, and check for cancellation
 * always. A fiber's deadline cuts its waiting off, not the query. */

/* A service's server, by RFC 2782. */
typedef struct diesel_dns_srv {
    const char *target; /* a host name, without the last dot */
    uint16_t port;
    uint16_t priority, weight;
    uint32_t ttl; /* seconds that it will be valid for */
} diesel_dns_srv;

/* The SRV records of `name`, in the order in which RFC 2782 has them tried: by
 * priority, and in equal priority at random by weight, anew at each call. The
 * one target "." that says that there is no such service is an error. */
diesel_dns_srv *diesel_dns_find_srv(diesel_dns *dns, const char *name,
                                    size_t *count, int64_t deadline,
                                    diesel_error *err)
    __attribute__((warn_unused_result));

typedef struct diesel_dns_txt {
    const char *text; /* the record's strings, one after the other; zero bytes
                         may be in it, and one is behind it                  */
    size_t length;
    uint32_t ttl; /* seconds that it will be valid for */
} diesel_dns_txt;

/* The TXT records of `name`, in the server's order. */
diesel_dns_txt *diesel_dns_find_txt(diesel_dns *dns, const char *name,
                                    size_t *count, int64_t deadline,
                                    diesel_error *err)
    __attribute__((warn_unused_result));

typedef struct diesel_dns_host {
    diesel_address address; /* with port 0 */
    uint32_t ttl; /* seconds that it will be valid for */
} diesel_dns_host;

/* The A or AAAA records of `name`, as the name servers have them. */
diesel_dns_host *diesel_dns_find_a(diesel_dns *dns, const char *name,
                                   size_t *count, int64_t deadline,
                                   diesel_error *err)
    __attribute__((warn_unused_result));
diesel_dns_host *diesel_dns_find_aaaa(diesel_dns *dns, const char *name,
                                      size_t *count, int64_t deadline,
                                      diesel_error *err)
    __attribute__((warn_unused_result));

/* A host's addresses as getaddrinfo(3) finds them: a numeric address is itself;
 * then /etc/hosts; then the name servers, with search domains. `family` is
 * AF_INET, AF_INET6, or AF_UNSPEC for both, which are asked for at once. Each
 * family is in the order of RFC 6724, and they take turns, IPv6 first, as RFC
 * 8305, 4 has it. One family's failure is an error only if the other has nothing,
 * or for want of memory. */
diesel_address *diesel_dns_resolve(diesel_dns *dns, const char *host,
                                   uint16_t port, int family, size_t *count,
                                   int64_t deadline, diesel_error *err)
    __attribute__((warn_unused_result));

#ifdef __cplusplus
}
#endif
#endif
