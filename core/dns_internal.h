/* SPDX-License-Identifier: MIT */
/*
 * Looking names up, in two steps, so that one fiber can wait for several answers
 * (A and AAAA records) at once.
 */
#ifndef DIESEL_DNS_INTERNAL_H
#define DIESEL_DNS_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include <diesel/dns.h>

#include "dns_message_internal.h"
#include "list_internal.h"

struct diesel__sched;
struct diesel_fiber;

/* What is asked for: a DIESEL__DNS_* type of record as the name servers have it,
 * or a host's addresses of one family, which /etc/hosts and search domains have a
 * say in. */
enum { DIESEL__DNS_HOST_V4 = 0x10000, DIESEL__DNS_HOST_V6 };

/* A query under way, shared by those who wait for it. */
typedef struct diesel__dns_query diesel__dns_query;

/* One fiber's wait for one answer. */
typedef struct diesel__dns_wait {
    diesel__link link; /* in query->waits */
    struct diesel_fiber *fiber;
    diesel__dns_query *query;   /* NULL: the answer was in the cache        */
    diesel__dns_answer *answer; /* once it has come; NULL: see status       */
    int status;                 /* an ARES_* status; -1: not yet known      */
    uint32_t age;               /* seconds that the answer lay in the cache */
} diesel__dns_wait;

/* The resolver that a call means: `dns`, or the scheduler's own, which is made on
 * first use. NULL and *err filled if that fails. */
diesel_dns *diesel__dns_pick(diesel_dns *dns, diesel_error *err);

/* Asks, or joins those who have asked already; the running fiber is woken when
 * wait->status is known, if it is not known at once. 0, or -1: NOMEM, INVAL. After
 * success diesel__dns_end() must follow, at any time. */
int diesel__dns_begin(diesel_dns *dns, int kind, const char *name,
                      diesel__dns_wait *wait, diesel_error *err);
void diesel__dns_end(diesel__dns_wait *wait);

/* Fills *err for a status that is no success; returns -1. */
int diesel__dns_failed(int status, int kind, const char *name,
                       diesel_error *err);

/* A source of random numbers that outlives its resolver. */
typedef struct diesel__dns_dice {
    uint32_t (*random)(void *arg); /* the program's; NULL: from `state` */
    void *arg;
    uint64_t state;
} diesel__dns_dice;

diesel__dns_dice diesel__dns_take_dice(diesel_dns *dns);
uint32_t diesel__dns_random(diesel__dns_dice *dice);

/* A record of an A or AAAA answer as an address. */
void diesel__dns_address(const diesel__dns_record *record, uint16_t port,
                         diesel_address *address);

/* Ends the scheduler's own resolver, if it has one. */
void diesel__dns_close(struct diesel__sched *s);

#endif
