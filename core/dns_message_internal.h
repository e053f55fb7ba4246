/* SPDX-License-Identifier: MIT */
/*
 * Answers of the DNS, as values: read from a name server's message (RFC 1035, 4),
 * kept by the cache, shared by those who asked.
 */
#ifndef DIESEL_DNS_MESSAGE_INTERNAL_H
#define DIESEL_DNS_MESSAGE_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

enum {
    DIESEL__DNS_A = 1,
    DIESEL__DNS_CNAME = 5,
    DIESEL__DNS_SOA = 6,
    DIESEL__DNS_TXT = 16,
    DIESEL__DNS_AAAA = 28,
    DIESEL__DNS_SRV = 33
};

typedef struct diesel__dns_record {
    uint16_t port, priority, weight; /* of SRV */
    uint32_t ttl;                    /* seconds */
    size_t length;
    const char *data; /* A, AAAA: 4 or 16 bytes; SRV: the target; TXT: the text.
                         A zero byte follows. */
} diesel__dns_record;

/* One block of memory, records and their data; freed by the last user. */
typedef struct diesel__dns_answer {
    unsigned users;
    int status;   /* an ARES_* status: success, or why there are no records    */
    uint32_t ttl; /* seconds: the least of all in the answer; or, without
                     records, what the zone's SOA record says, UINT32_MAX if
                     there is none                                             */
    size_t count;
    diesel__dns_record records[];
} diesel__dns_answer;

/* An answer with room for `count` records and `bytes` of data, which begins at
 * *data. NULL without memory. */
diesel__dns_answer *diesel__dns_answer_new(size_t count, size_t bytes,
                                           char **data);
diesel__dns_answer *diesel__dns_answer_ref(diesel__dns_answer *answer);
void diesel__dns_answer_unref(diesel__dns_answer *answer); /* NULL: nothing */

/* Reads the records of `type` that a message has for its question's name, or for
 * the name that this one is an alias of. ARES_SUCCESS with records in *answer;
 * ARES_ENODATA with an answer without records; ARES_EBADRESP or ARES_ENOMEM without
 * any answer. Never reads outside the message, whatever is in it. */
int diesel__dns_read(const uint8_t *message, size_t size, uint16_t type,
                     diesel__dns_answer **answer);

#endif
