/* SPDX-License-Identifier: MIT */
/*
 * The public calls of the resolver: asking, waiting, and making one block of
 * memory of what has come, with the array first and the strings behind it.
 */
#define CARES_NO_DEPRECATED
#include <ares.h>
#include <string.h>

#include <diesel/memory.h>

#include "dns_internal.h"
#include "sched_internal.h"

/* Waits until the status of each of `count` waits is known. */
static int wait_for(const diesel__dns_wait *waits, int count, const char *name,
                    int64_t deadline, diesel_error *err)
{
    for (int i = 0; i < count; i++)
        while (waits[i].status == -1) {
            int woken = diesel__park(diesel__current, "an answer of the DNS",
                                     diesel__deadline_ns(deadline));
            if (woken < 0 && waits[i].status == -1) {
                diesel__park_failed(woken, "an answer of the DNS", err);
                diesel_error_prefix(err, "resolving %s", name);
                return -1;
            }
        }
    return 0;
}

/* What every call does first: it checks for cancellation and finds the resolver. */
static diesel_dns *begin(diesel_dns *dns, const char *name, diesel_error *err)
{
    diesel__sched *s = diesel__sched_need("diesel_dns_find");
    if (diesel__is_cut(s)) {
        diesel__cut(s, "an answer of the DNS", err);
        diesel_error_prefix(err, "resolving %s", name);
        return NULL;
    }
    return diesel__dns_pick(dns, err);
}

/* Asks and waits; on success diesel__dns_end() must follow. */
static int ask(diesel_dns *dns, int kind, const char *name, int64_t deadline,
               diesel__dns_wait *wait, diesel_error *err)
{
    dns = begin(dns, name, err);
    if (dns == NULL || diesel__dns_begin(dns, kind, name, wait, err) < 0)
        return -1;
    int result = wait_for(wait, 1, name, deadline, err);
    if (result == 0 && wait->status != ARES_SUCCESS)
        result = diesel__dns_failed(wait->status, kind, name, err);
    if (result < 0)
        diesel__dns_end(wait);
    return result;
}

/* A block for `count` elements of `size` bytes and the records' data behind
 * them, at *data if it is wanted. */
static void *block_for(const diesel__dns_answer *answer, size_t size, char **data,
                       diesel_error *err)
{
    size_t bytes = 0;
    for (size_t i = 0; i < answer->count && data != NULL; i++)
        bytes += answer->records[i].length + 1;
    char *block = diesel_malloc(answer->count * size + bytes);
    if (block == NULL)
        diesel_error_nomem(err, "an answer of the DNS");
    else if (data != NULL)
        *data = block + answer->count * size;
    return block;
}

/* Copies a record's data with its zero byte; moves *data behind it. */
static const char *copy_data(const diesel__dns_record *record, char **data)
{
    char *copy = *data;
    memcpy(copy, record->data, record->length + 1);
    *data += record->length + 1;
    return copy;
}

/* How long a record of a cached answer will still be valid. */
static uint32_t ttl_left(const diesel__dns_record *record,
                         const diesel__dns_wait *wait)
{
    return record->ttl > wait->age ? record->ttl - wait->age : 0;
}

/* Takes the next of `count` records of one priority to the front: each is drawn
 * with a chance in proportion to its weight, by a number from 0 to the sum of
 * weights (RFC 2782, "Weight"). */
static void draw(diesel_dns_srv *list, size_t count, diesel__dns_dice *dice)
{
    uint64_t sum = 0, upto = 0;
    for (size_t i = 0; i < count; i++)
        sum += list[i].weight;
    uint64_t drawn = diesel__dns_random(dice) % (sum + 1);
    size_t i = 0;
    for (; i < count - 1; i++) {
        upto += list[i].weight;
        if (upto >= drawn)
            break;
    }
    diesel_dns_srv first = list[i];
    memmove(list + 1, list, i * sizeof *list);
    list[0] = first;
}

/* By priority; in equal priority those with weight 0 first, which is where RFC
 * 2782 wants them before it draws. Insertion, since the lists are short. */
static void sort_srv(diesel_dns_srv *list, size_t count, diesel__dns_dice *dice)
{
    for (size_t i = 1; i < count; i++) {
        diesel_dns_srv one = list[i];
        size_t at = i;
        for (; at > 0 && (list[at - 1].priority > one.priority ||
                          (list[at - 1].priority == one.priority &&
                           one.weight == 0 && list[at - 1].weight != 0));
             at--)
            list[at] = list[at - 1];
        list[at] = one;
    }
    for (size_t i = 0; i < count; i++) {
        size_t same = 1;
        while (i + same < count && list[i + same].priority == list[i].priority)
            same++;
        if (same > 1)
            draw(list + i, same, dice);
    }
}

static diesel_dns_srv *make_srv(const diesel__dns_wait *wait,
                                diesel__dns_dice *dice, diesel_error *err)
{
    const diesel__dns_answer *answer = wait->answer;
    char *data;
    diesel_dns_srv *list = block_for(answer, sizeof *list, &data, err);
    for (size_t i = 0; list != NULL && i < answer->count; i++) {
        const diesel__dns_record *record = &answer->records[i];
        list[i] = (diesel_dns_srv){.target = copy_data(record, &data),
                                   .port = record->port,
                                   .priority = record->priority,
                                   .weight = record->weight,
                                   .ttl = ttl_left(record, wait)};
    }
    if (list != NULL)
        sort_srv(list, answer->count, dice);
    return list;
}

diesel_dns_srv *diesel_dns_find_srv(diesel_dns *dns, const char *name,
                                    size_t *count, int64_t deadline,
                                    diesel_error *err)
{
    diesel__dns_wait wait;
    diesel_dns_srv *list = NULL;
    dns = begin(dns, name, err);
    if (dns == NULL)
        return NULL;
    /* Taken now, as the resolver may be closed by the time of the answer. */
    diesel__dns_dice dice = diesel__dns_take_dice(dns);
    if (ask(dns, DIESEL__DNS_SRV, name, deadline, &wait, err) < 0)
        return NULL;
    const diesel__dns_answer *answer = wait.answer;
    if (answer->count == 1 && strcmp(answer->records[0].data, ".") == 0)
        diesel_error_set(err, DIESEL_E_RESOLVE, DIESEL_DOM_DNS, ARES_ENODATA,
                         "resolving SRV %s: there is no such service", name);
    else
        list = make_srv(&wait, &dice, err);
    *count = answer->count;
    diesel__dns_end(&wait);
    return list;
}

diesel_dns_txt *diesel_dns_find_txt(diesel_dns *dns, const char *name,
                                    size_t *count, int64_t deadline,
                                    diesel_error *err)
{
    diesel__dns_wait wait;
    char *data;
    if (ask(dns, DIESEL__DNS_TXT, name, deadline, &wait, err) < 0)
        return NULL;
    const diesel__dns_answer *answer = wait.answer;
    diesel_dns_txt *list = block_for(answer, sizeof *list, &data, err);
    for (size_t i = 0; list != NULL && i < answer->count; i++) {
        const diesel__dns_record *record = &answer->records[i];
        list[i] = (diesel_dns_txt){.text = copy_data(record, &data),
                                   .length = record->length,
                                   .ttl = ttl_left(record, &wait)};
    }
    *count = answer->count;
    diesel__dns_end(&wait);
    return list;
}

void diesel__dns_address(const diesel__dns_record *record, uint16_t port,
                         diesel_address *address)
{
    memset(address, 0, sizeof *address);
    if (record->length == 4) {
        address->size = sizeof address->v4;
        address->v4.sin_family = AF_INET;
        memcpy(&address->v4.sin_addr, record->data, 4);
    } else {
        address->size = sizeof address->v6;
        address->v6.sin6_family = AF_INET6;
        memcpy(&address->v6.sin6_addr, record->data, 16);
    }
    diesel_address_set_port(address, port);
}

static diesel_dns_host *find_hosts(diesel_dns *dns, int kind, const char *name,
                                   size_t *count, int64_t deadline,
                                   diesel_error *err)
{
    diesel__dns_wait wait;
    if (ask(dns, kind, name, deadline, &wait, err) < 0)
        return NULL;
    const diesel__dns_answer *answer = wait.answer;
    diesel_dns_host *list = block_for(answer, sizeof *list, NULL, err);
    for (size_t i = 0; list != NULL && i < answer->count; i++) {
        diesel__dns_address(&answer->records[i], 0, &list[i].address);
        list[i].ttl = ttl_left(&answer->records[i], &wait);
    }
    *count = answer->count;
    diesel__dns_end(&wait);
    return list;
}

diesel_dns_host *diesel_dns_find_a(diesel_dns *dns, const char *name,
                                   size_t *count, int64_t deadline,
                                   diesel_error *err)
{
    return find_hosts(dns, DIESEL__DNS_A, name, count, deadline, err);
}

diesel_dns_host *diesel_dns_find_aaaa(diesel_dns *dns, const char *name,
                                      size_t *count, int64_t deadline,
                                      diesel_error *err)
{
    return find_hosts(dns, DIESEL__DNS_AAAA, name, count, deadline, err);
}

/* Families take turns, the first answer's addresses first. */
static diesel_address *interleave(const diesel__dns_wait waits[2], uint16_t port,
                                  size_t *count, diesel_error *err)
{
    size_t have[2] = {0, 0}, total, n = 0;
    for (int f = 0; f < 2; f++)
        if (waits[f].status == ARES_SUCCESS)
            have[f] = waits[f].answer->count;
    total = have[0] + have[1];
    diesel_address *list = diesel_realloc_array(NULL, total, sizeof *list);
    if (list == NULL) {
        diesel_error_nomem(err, "a host's addresses");
        return NULL;
    }
    for (size_t i = 0; n < total; i++)
        for (int f = 0; f < 2; f++)
            if (i < have[f])
                diesel__dns_address(&waits[f].answer->records[i], port,
                                    &list[n++]);
    *count = total;
    return list;
}

/* The error of two answers that are no success: the one that says more than that
 * there is nothing. */
static int worse_status(const diesel__dns_wait waits[2])
{
    bool empty = waits[0].status == ARES_ENODATA ||
                 waits[0].status == ARES_ENOTFOUND;
    return empty ? waits[1].status : waits[0].status;
}

static diesel_address *from_both(const diesel__dns_wait waits[2],
                                 const char *host, uint16_t port, size_t *count,
                                 diesel_error *err)
{
    bool nomem = waits[0].status == ARES_ENOMEM || waits[1].status == ARES_ENOMEM;
    if (nomem) {
        diesel_error_nomem(err, "a host's addresses");
        return NULL;
    }
    if (waits[0].status == ARES_SUCCESS || waits[1].status == ARES_SUCCESS)
        return interleave(waits, port, count, err);
    diesel__dns_failed(worse_status(waits), DIESEL__DNS_HOST_V4, host, err);
    return NULL;
}

static diesel_address *numeric(const diesel_address *address, size_t *count,
                               diesel_error *err)
{
    diesel_address *list = diesel_malloc(sizeof *list);
    if (list == NULL) {
        diesel_error_nomem(err, "an address");
        return NULL;
    }
    *list = *address;
    *count = 1;
    return list;
}

diesel_address *diesel_dns_resolve(diesel_dns *dns, const char *host,
                                   uint16_t port, int family, size_t *count,
                                   int64_t deadline, diesel_error *err)
{
    diesel_address address, *list = NULL;
    dns = begin(dns, host, err);
    if (dns == NULL)
        return NULL;
    if (diesel_address_parse(host, port, &address, NULL) == 0 &&
        (family == AF_UNSPEC || family == address.any.sa_family))
        return numeric(&address, count, err);
    /* What is not asked for has no data. */
    diesel__dns_wait waits[2] = {{.status = ARES_ENODATA},
                                 {.status = ARES_ENODATA}};
    int result = 0;
    if (family != AF_INET)
        result = diesel__dns_begin(dns, DIESEL__DNS_HOST_V6, host, &waits[0], err);
    if (result == 0 && family != AF_INET6)
        result = diesel__dns_begin(dns, DIESEL__DNS_HOST_V4, host, &waits[1], err);
    if (result == 0)
        result = wait_for(waits, 2, host, deadline, err);
    if (result == 0)
        list = from_both(waits, host, port, count, err);
    diesel__dns_end(&waits[0]);
    diesel__dns_end(&waits[1]);
    return list;
}
