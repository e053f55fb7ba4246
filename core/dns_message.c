/* SPDX-License-Identifier: MIT */
/*
 * Reading a name server's answer (RFC 1035, 4.1): pure, no I/O.
 *
 *     header  id, flags, and the counts of:             12 bytes
 *     question: name, type, class
 *     answer, authority, additional: records of
 *         name, type, class, ttl, length, data
 *
 * c-ares has sent the question, found the message that belongs to it and looked
 * at its header; its own readers give no times to live for SRV and TXT records.
 *
 * Invariants: `pos` never exceeds `size`; a read beyond sets `bad`, and everything
 * read from then on is 0. A pointer in a name leads backwards only, so that names
 * end.
 */
#include "dns_message_internal.h"

#include <ares.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <diesel/memory.h>

#define CLASS_IN 1
#define MOST_ALIASES 16
#define MOST_NAME 255 /* octets of a name in a message: RFC 1035, 2.3.4 */
/* As text each octet may take four characters, as in "\000". */
#define NAME_TEXT (4 * MOST_NAME + 1)
#define MOST_TTL 0x7FFFFFFF /* RFC 2181, 8: more than that counts as 0 */

struct reader {
    const uint8_t *message;
    size_t size, pos;
    bool bad;
};

struct record {
    char owner[NAME_TEXT];
    uint16_t type, class;
    uint32_t ttl;
    size_t data, length; /* where its data is in the message */
};

static uint8_t read_8(struct reader *r)
{
    if (r->bad || r->pos >= r->size) {
        r->bad = true;
        return 0;
    }
    return r->message[r->pos++];
}

static uint16_t read_16(struct reader *r)
{
    unsigned high = read_8(r);
    return (uint16_t)(high << 8 | read_8(r));
}

static uint32_t read_32(struct reader *r)
{
    uint32_t high = read_16(r);
    return high << 16 | read_16(r);
}

static void skip(struct reader *r, size_t n)
{
    if (n > r->size - r->pos)
        r->bad = true;
    else
        r->pos += n;
}

/* Appends one octet of a label as text; returns the new length. */
static size_t show_octet(char *out, size_t length, uint8_t c)
{
    if (c == '.' || c == '\\') {
        out[length++] = '\\';
        out[length++] = (char)c;
    } else if (c > ' ' && c < 0x7F) {
        out[length++] = (char)c;
    } else {
        length += (size_t)snprintf(out + length, 5, "\\%03u", c);
    }
    return length;
}

/* Goes where a compression pointer leads (RFC 1035, 4.1.4): to before the labels
 * read so far. *back is where reading goes on after the name. */
static void follow(struct reader *r, uint8_t high, size_t *start, size_t *back)
{
    size_t to = (size_t)(high & 0x3F) << 8 | read_8(r);
    if (*back == 0)
        *back = r->pos;
    if (to >= *start) {
        r->bad = true;
        return;
    }
    *start = r->pos = to;
}

/* Reads a name as text without the last dot; "." for the root. Returns the
 * text's length. */
static size_t read_name(struct reader *r, char *out)
{
    size_t length = 0, octets = 0, start = r->pos, back = 0;
    while (!r->bad) {
        uint8_t n = read_8(r);
        if (r->bad || n == 0)
            break;
        if ((n & 0xC0) == 0xC0) {
            follow(r, n, &start, &back);
            continue;
        }
        octets += n + 1u;
        if (n > 63 || octets >= MOST_NAME) {
            r->bad = true;
            break;
        }
        if (length > 0)
            out[length++] = '.';
        for (; n > 0; n--)
            length = show_octet(out, length, read_8(r));
    }
    if (back != 0 && !r->bad)
        r->pos = back;
    if (length == 0)
        out[length++] = '.';
    out[length] = '\0';
    return length;
}

static void read_record(struct reader *r, struct record *record)
{
    read_name(r, record->owner);
    record->type = read_16(r);
    record->class = read_16(r);
    record->ttl = read_32(r);
    if (record->ttl > MOST_TTL)
        record->ttl = 0;
    record->length = read_16(r);
    record->data = r->pos;
    skip(r, record->length);
}

/* The same message, to be read within one record's data. */
static struct reader in_data(const struct reader *r, const struct record *record)
{
    return (struct reader){.message = r->message,
                           .size = record->data + record->length,
                           .pos = record->data,
                           .bad = r->bad};
}

static void least(uint32_t *ttl, uint32_t other)
{
    if (other < *ttl)
        *ttl = other;
}

/* Follows the name through its aliases (CNAME); `r` is at the answers. */
static void follow_aliases(struct reader r, size_t answers, char *name,
                           uint32_t *ttl)
{
    struct record record;
    struct reader begin = r;
    for (int i = 0; i < MOST_ALIASES; i++) {
        bool found = false;
        r = begin;
        for (size_t n = 0; n < answers && !r.bad && !found; n++) {
            read_record(&r, &record);
            found = !r.bad && record.type == DIESEL__DNS_CNAME &&
                    record.class == CLASS_IN &&
                    strcasecmp(record.owner, name) == 0;
        }
        if (!found)
            return;
        struct reader data = in_data(&r, &record);
        read_name(&data, name);
        least(ttl, record.ttl);
    }
}

/* Reads a record's data to `out`, unless it is NULL, and into *to; returns its
 * length as kept. Sets r->bad for data that is not of its type. */
static size_t read_data(struct reader *r, const struct record *record, char *out,
                        diesel__dns_record *to)
{
    char target[NAME_TEXT];
    struct reader data = in_data(r, record);
    size_t length = record->length, have = 0;
    switch (record->type) {
    case DIESEL__DNS_SRV:
        to->priority = read_16(&data);
        to->weight = read_16(&data);
        to->port = read_16(&data);
        length = read_name(&data, target);
        if (out != NULL)
            memcpy(out, target, length);
        break;
    case DIESEL__DNS_TXT:
        for (length = 0; data.pos < data.size && !data.bad; length += have) {
            have = read_8(&data);
            size_t from = data.pos;
            skip(&data, have);
            if (out != NULL && !data.bad)
                memcpy(out + length, r->message + from, have);
        }
        break;
    default: /* A, AAAA */
        data.bad |= length != (record->type == DIESEL__DNS_A ? 4 : 16);
        if (out != NULL)
            memcpy(out, r->message + record->data, length);
    }
    r->bad |= data.bad;
    return length;
}

/* Goes through the answers once: counts what is wanted, and fills it into
 * `answer` unless that is NULL. Returns the bytes of data. */
static size_t collect(struct reader r, size_t answers, uint16_t type,
                      const char *name, diesel__dns_answer *answer, char *data,
                      size_t *count, bool *bad)
{
    struct record record;
    size_t bytes = 0;
    *count = 0;
    for (size_t n = 0; n < answers && !r.bad; n++) {
        diesel__dns_record one = {0};
        read_record(&r, &record);
        if (r.bad || record.type != type || record.class != CLASS_IN ||
            strcasecmp(record.owner, name) != 0)
            continue;
        char *to = answer != NULL ? data + bytes : NULL;
        one.ttl = record.ttl;
        one.length = read_data(&r, &record, to, &one);
        one.data = to;
        if (answer != NULL) {
            to[one.length] = '\0';
            answer->records[*count] = one;
            least(&answer->ttl, one.ttl);
        }
        bytes += one.length + 1;
        ++*count;
    }
    *bad = r.bad;
    return bytes;
}

/* RFC 2308, 5: how long it may be kept that there is nothing. */
static uint32_t negative_ttl(struct reader r, size_t answers, size_t authorities)
{
    struct record record;
    char name[NAME_TEXT];
    for (size_t n = 0; n < answers + authorities && !r.bad; n++) {
        read_record(&r, &record);
        if (r.bad || n < answers || record.type != DIESEL__DNS_SOA)
            continue;
        struct reader data = in_data(&r, &record);
        read_name(&data, name); /* the zone's server, its keeper,          */
        read_name(&data, name);
        skip(&data, 16);        /* serial, refresh, retry, expire          */
        uint32_t ttl = read_32(&data);
        least(&ttl, record.ttl);
        return data.bad ? UINT32_MAX : ttl;
    }
    return UINT32_MAX;
}

diesel__dns_answer *diesel__dns_answer_new(size_t count, size_t bytes,
                                           char **data)
{
    size_t head = sizeof(diesel__dns_answer) + count * sizeof(diesel__dns_record);
    diesel__dns_answer *answer = diesel_malloc(head + bytes);
    if (answer == NULL)
        return NULL;
    *answer = (diesel__dns_answer){.users = 1, .ttl = UINT32_MAX, .count = count};
    *data = (char *)answer + head;
    return answer;
}

diesel__dns_answer *diesel__dns_answer_ref(diesel__dns_answer *answer)
{
    answer->users++;
    return answer;
}

void diesel__dns_answer_unref(diesel__dns_answer *answer)
{
    if (answer != NULL && --answer->users == 0)
        diesel_free(answer);
}

int diesel__dns_read(const uint8_t *message, size_t size, uint16_t type,
                     diesel__dns_answer **answer)
{
    struct reader r = {.message = message, .size = size};
    char name[NAME_TEXT], *data;
    size_t count;
    bool bad;
    *answer = NULL;
    skip(&r, 4);
    uint16_t questions = read_16(&r), answers = read_16(&r);
    uint16_t authorities = read_16(&r);
    skip(&r, 2);
    read_name(&r, name);
    skip(&r, 4);
    if (r.bad || questions != 1)
        return ARES_EBADRESP;
    uint32_t ttl = UINT32_MAX;
    follow_aliases(r, answers, name, &ttl);
    size_t bytes = collect(r, answers, type, name, NULL, NULL, &count, &bad);
    if (bad)
        return ARES_EBADRESP;
    diesel__dns_answer *made = diesel__dns_answer_new(count, bytes, &data);
    if (made == NULL)
        return ARES_ENOMEM;
    made->status = count > 0 ? ARES_SUCCESS : ARES_ENODATA;
    made->ttl = count > 0 ? ttl : negative_ttl(r, answers, authorities);
    collect(r, answers, type, name, made, data, &count, &bad);
    *answer = made;
    return made->status;
}
