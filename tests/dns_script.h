/* SPDX-License-Identifier: MIT */
/*
 * A name server in the test's own process: a fiber that answers over UDP, and one
 * that does so over TCP, from a table of records.
 *
 *     static const dns_record zone[] = {
 *         {"www.example", DNS_CNAME, 60, "host.example"},
 *         {"host.example", DNS_A, 60, "192.0.2.1"},
 *         {"_x._tcp.example", DNS_SRV, 60, "10 5 27017 host.example"},
 *         {"host.example", DNS_TXT, 60, "one string|another"},
 *     };
 *     dns_script *server = dns_script_open(zone, TEST_COUNT(zone));
 *     diesel_dns *dns = dns_script_resolver(server, NULL);
 *
 * A name without records does not exist (NXDOMAIN). Failures of the server itself
 * fail the test, so nothing here returns errors.
 */
#ifndef TESTS_DNS_SCRIPT_H
#define TESTS_DNS_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/dns.h>

enum {
    DNS_A = 1,
    DNS_CNAME = 5,
    DNS_SOA = 6,
    DNS_TXT = 16,
    DNS_AAAA = 28,
    DNS_SRV = 33
};

typedef struct dns_record {
    const char *name;
    int type;
    uint32_t ttl;
    const char *data; /* of SOA: the minimum, which with `ttl` says how long a
                         "no" may be kept; `name` does not matter then     */
} dns_record;

typedef struct dns_script dns_script;

/* Starts to serve; the records are borrowed. Within a fiber. */
dns_script *dns_script_open(const dns_record *records, size_t count);

/* Ends it. Queries that are held are never answered. Switches fibers. */
void dns_script_close(dns_script *server);

/* A resolver that asks this server only; NULL: one with short time-outs. The
 * options' `servers` is filled in. Owned by the caller: diesel_dns_close(). */
diesel_dns *dns_script_resolver(dns_script *server,
                                const diesel_dns_options *options);

/* "127.0.0.1:12345", borrowed. */
const char *dns_script_address(const dns_script *server);

/* Answers every query with this code of RFC 1035 (2: SERVFAIL); 0: no more. */
void dns_script_fail(dns_script *server, int code);

/* Leaves the next n queries unanswered. */
void dns_script_ignore(dns_script *server, int n);

/* Has answers over UDP say that they are truncated, and give nothing. */
void dns_script_truncate(dns_script *server, bool on);

/* Holds the answers to queries of a type back, up to 8 at a time, or lets them
 * go. */
void dns_script_hold(dns_script *server, int type);
void dns_script_release(dns_script *server);

/* Sends these bytes as the rest of each message, after its id, in the place of an
 * answer; borrowed; NULL: no more. */
void dns_script_garble(dns_script *server, const void *bytes, size_t n);

/* How many queries of a type there have been; 0: of any. */
int dns_script_asked(const dns_script *server, int type);

/* Waits until there have been `n` of them. */
void dns_script_await(const dns_script *server, int type, int n);

#endif
