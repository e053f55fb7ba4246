/* SPDX-License-Identifier: MIT */
/*
 * Reading answers of name servers, from bytes; and keeping them in the cache, by a
 * clock of the test's own. No network, no fibers.
 */
#include <ares.h>
#include <stdint.h>

#include "core/dns_cache_internal.h"
#include "core/dns_message_internal.h"
#include "test_util.h"

#define HEAD(answers, authorities)                                             \
    "\x12\x34\x81\x80\0\1\0" answers "\0" authorities "\0\0"
/* The question "a.b" begins at 12; "b" at 14. */
#define ASK(type) "\1a\1b\0\0" type "\0\1"
#define SAME "\xC0\x0C"
#define RR(owner, type, ttl, length) owner "\0" type "\0\1\0\0\0" ttl "\0" length
#define BYTES(text) text, sizeof(text) - 1

/* "records" shows for each: ttl, length, data; for SRV its numbers first. */
static const struct {
    const char *what;
    const char *message;
    size_t size;
    int type, status;
    uint32_t ttl;
    const char *records;
} rows[] = {
    {"one address", BYTES(HEAD("\1", "\0") ASK("\1") RR(SAME, "\1", "\x3C", "\4")
     "\300\0\2\1"), DIESEL__DNS_A, ARES_SUCCESS, 60, "60 4 c0000201;"},
    {"the name in upper case", BYTES(HEAD("\1", "\0") ASK("\1")
     RR("\1A\1B\0", "\1", "\x3C", "\4") "\300\0\2\1"),
     DIESEL__DNS_A, ARES_SUCCESS, 60, "60 4 c0000201;"},
    {"another name's address", BYTES(HEAD("\1", "\0") ASK("\1")
     RR("\1x\xC0\x0E", "\1", "\x3C", "\4") "\300\0\2\1"),
     DIESEL__DNS_A, ARES_ENODATA, UINT32_MAX, ""},
    {"another type", BYTES(HEAD("\1", "\0") ASK("\x1C") RR(SAME, "\1", "\x3C", "\4")
     "\300\0\2\1"), DIESEL__DNS_AAAA, ARES_ENODATA, UINT32_MAX, ""},
    {"an address of three bytes", BYTES(HEAD("\1", "\0") ASK("\1")
     RR(SAME, "\1", "\x3C", "\3") "\300\0\2"), DIESEL__DNS_A, ARES_EBADRESP, 0, ""},
    {"an alias, after its target", BYTES(HEAD("\2", "\0") ASK("\1")
     RR("\1c\0", "\1", "\x3C", "\4") "\300\0\2\1"
     RR(SAME, "\5", "\x0A", "\3") "\1c\0"),
     DIESEL__DNS_A, ARES_SUCCESS, 10, "60 4 c0000201;"},
    {"an alias of itself", BYTES(HEAD("\1", "\0") ASK("\1")
     RR(SAME, "\5", "\x0A", "\2") SAME), DIESEL__DNS_A, ARES_ENODATA, UINT32_MAX, ""},
    {"a service", BYTES(HEAD("\1", "\0") ASK("\x21") RR(SAME, "\x21", "\x3C", "\x0A")
     "\0\1\0\2\x69\x89\1h\xC0\x0E"),
     DIESEL__DNS_SRV, ARES_SUCCESS, 60, "1 2 27017 60 3 682e62;"},
    {"no service", BYTES(HEAD("\1", "\0") ASK("\x21") RR(SAME, "\x21", "\x3C", "\7")
     "\0\0\0\0\0\0\0"), DIESEL__DNS_SRV, ARES_SUCCESS, 60, "0 0 0 60 1 2e;"},
    {"a service's record that ends early", BYTES(HEAD("\1", "\0") ASK("\x21")
     RR(SAME, "\x21", "\x3C", "\5") "\0\0\0\0\0"),
     DIESEL__DNS_SRV, ARES_EBADRESP, 0, ""},
    {"a name that goes on beyond its record", BYTES(HEAD("\1", "\0") ASK("\x21")
     RR(SAME, "\x21", "\x3C", "\x08") "\0\0\0\0\0\0\1h\0"),
     DIESEL__DNS_SRV, ARES_EBADRESP, 0, ""},
    {"odd characters in a name", BYTES(HEAD("\1", "\0") ASK("\x21")
     RR(SAME, "\x21", "\x3C", "\x0C") "\0\0\0\0\0\0\4.\\\0 \0"),
     DIESEL__DNS_SRV, ARES_SUCCESS, 60, "0 0 0 60 12 5c2e5c5c5c3030305c303332;"},
    {"strings", BYTES(HEAD("\1", "\0") ASK("\x10") RR(SAME, "\x10", "\x3C", "\7")
     "\2hi\0\2\0!"), DIESEL__DNS_TXT, ARES_SUCCESS, 60, "60 4 68690021;"},
    {"no strings at all", BYTES(HEAD("\1", "\0") ASK("\x10")
     RR(SAME, "\x10", "\x3C", "\0")), DIESEL__DNS_TXT, ARES_SUCCESS, 60, "60 0 ;"},
    {"a string longer than its record", BYTES(HEAD("\1", "\0") ASK("\x10")
     RR(SAME, "\x10", "\x3C", "\2") "\2h"), DIESEL__DNS_TXT, ARES_EBADRESP, 0, ""},
    {"two records, the least time of both", BYTES(HEAD("\2", "\0") ASK("\x10")
     RR(SAME, "\x10", "\x3C", "\2") "\1x" RR(SAME, "\x10", "\x0A", "\2") "\1y"),
     DIESEL__DNS_TXT, ARES_SUCCESS, 10, "60 1 78;10 1 79;"},
    {"a time to live beyond 2^31", BYTES(HEAD("\1", "\0") ASK("\1") SAME
     "\0\1\0\1\x80\0\0\0\0\4" "\300\0\2\1"),
     DIESEL__DNS_A, ARES_SUCCESS, 0, "0 4 c0000201;"},
    {"another class", BYTES(HEAD("\1", "\0") ASK("\1") SAME
     "\0\1\0\3\0\0\0\x3C\0\4" "\300\0\2\1"),
     DIESEL__DNS_A, ARES_ENODATA, UINT32_MAX, ""},
    {"nothing, for as long as the zone's minimum", BYTES(HEAD("\0", "\1") ASK("\1")
     RR(SAME, "\6", "\x3C", "\x16") "\0\0" "\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1"
     "\0\0\0\x0A"), DIESEL__DNS_A, ARES_ENODATA, 10, ""},
    {"nothing, for as long as the SOA record itself", BYTES(HEAD("\0", "\1")
     ASK("\1") RR(SAME, "\6", "\5", "\x16") "\0\0"
     "\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1" "\0\0\0\x0A"),
     DIESEL__DNS_A, ARES_ENODATA, 5, ""},
    {"nothing, and an SOA record that ends early", BYTES(HEAD("\0", "\1") ASK("\1")
     RR(SAME, "\6", "\x3C", "\4") "\0\0\0\1"),
     DIESEL__DNS_A, ARES_ENODATA, UINT32_MAX, ""},
    {"fewer answers than it says", BYTES(HEAD("\2", "\0") ASK("\1")
     RR(SAME, "\1", "\x3C", "\4") "\300\0\2\1"), DIESEL__DNS_A, ARES_EBADRESP, 0, ""},
    {"a pointer to itself", BYTES(HEAD("\1", "\0") "\xC0\x0C\0\1\0\1"),
     DIESEL__DNS_A, ARES_EBADRESP, 0, ""},
    {"a pointer forwards", BYTES(HEAD("\1", "\0") ASK("\1")
     RR("\xC0\x30", "\1", "\x3C", "\4") "\300\0\2\1"),
     DIESEL__DNS_A, ARES_EBADRESP, 0, ""},
    {"a label of unknown kind", BYTES(HEAD("\1", "\0") "\x40\0\0\1\0\1"),
     DIESEL__DNS_A, ARES_EBADRESP, 0, ""},
    {"two questions", BYTES("\x12\x34\x81\x80\0\2\0\0\0\0\0\0" ASK("\1") ASK("\1")),
     DIESEL__DNS_A, ARES_EBADRESP, 0, ""},
    {"no message", BYTES(""), DIESEL__DNS_A, ARES_EBADRESP, 0, ""},
};

static void show(const diesel__dns_answer *answer, int type, char *out)
{
    out[0] = '\0';
    for (size_t i = 0; i < answer->count; i++) {
        const diesel__dns_record *r = &answer->records[i];
        if (type == DIESEL__DNS_SRV)
            out += sprintf(out, "%u %u %u ", r->priority, r->weight, r->port);
        out += sprintf(out, "%u %zu ", r->ttl, r->length);
        for (size_t j = 0; j < r->length; j++)
            out += sprintf(out, "%02x", (unsigned char)r->data[j]);
        out += sprintf(out, ";");
        ck_assert_int_eq(r->data[r->length], 0);
    }
}

/* Reads a copy without a byte to spare, so that a sanitizer sees what is read
 * beyond the end. */
static int read_copy(const char *message, size_t size, int type,
                     diesel__dns_answer **answer)
{
    uint8_t *copy = malloc(size + (size == 0));
    memcpy(copy, message, size);
    int status = diesel__dns_read(copy, size, (uint16_t)type, answer);
    free(copy);
    return status;
}

START_TEST(messages_are_read)
{
    diesel__dns_answer *answer;
    char shown[400];
    int status = read_copy(rows[_i].message, rows[_i].size, rows[_i].type, &answer);
    ck_assert_msg(status == rows[_i].status, "%s: %s", rows[_i].what,
                  ares_strerror(status));
    if (rows[_i].status == ARES_EBADRESP) {
        ck_assert_ptr_null(answer);
    } else {
        show(answer, rows[_i].type, shown);
        ck_assert_str_eq(shown, rows[_i].records);
        ck_assert_uint_eq(answer->ttl, rows[_i].ttl);
    }
    diesel__dns_answer_unref(answer);
}
END_TEST

START_TEST(a_message_cut_short_is_refused)
{
    diesel__dns_answer *answer;
    if (rows[_i].status != ARES_SUCCESS)
        return;
    for (size_t n = 0; n < rows[_i].size; n++) {
        int status = read_copy(rows[_i].message, n, rows[_i].type, &answer);
        ck_assert_msg(status == ARES_EBADRESP, "%s: cut at %zu", rows[_i].what, n);
        ck_assert_ptr_null(answer);
    }
}
END_TEST

START_TEST(any_byte_may_be_wrong)
{
    diesel__dns_answer *answer;
    char message[128];
    for (size_t at = 0; at < rows[_i].size; at++)
        for (int byte = 0; byte < 256; byte++) {
            memcpy(message, rows[_i].message, rows[_i].size);
            message[at] = (char)byte;
            read_copy(message, rows[_i].size, rows[_i].type, &answer);
            diesel__dns_answer_unref(answer);
        }
}
END_TEST

/* A label for each octet up to the limit of 255, and one more. */
START_TEST(a_name_has_at_most_255_octets)
{
    for (int labels = 126; labels <= 128; labels++) {
        char message[600] = HEAD("\0", "\0");
        size_t size = 12;
        for (int i = 0; i < labels; i++) {
            message[size++] = 1;
            message[size++] = 'x';
        }
        memcpy(message + size, "\0\0\1\0\1", 5);
        diesel__dns_answer *answer;
        int status = read_copy(message, size + 5, DIESEL__DNS_A, &answer);
        ck_assert_int_eq(status, labels <= 127 ? ARES_ENODATA : ARES_EBADRESP);
        diesel__dns_answer_unref(answer);
    }
}
END_TEST

/* --- The cache. */

#define SECOND 1000000000LL

static diesel__dns_answer *an_answer(void)
{
    char *data;
    diesel__dns_answer *answer = diesel__dns_answer_new(0, 0, &data);
    ck_assert_ptr_nonnull(answer);
    return answer;
}

static void put(diesel__dns_cache *cache, const char *name, int64_t now,
                int64_t until)
{
    diesel__dns_answer *answer = an_answer();
    diesel__dns_cache_put(cache, DIESEL__DNS_A, name, answer, now, until);
    diesel__dns_answer_unref(answer);
}

static bool has(diesel__dns_cache *cache, int kind, const char *name, int64_t now,
                uint32_t *age)
{
    diesel__dns_answer *answer =
        diesel__dns_cache_find(cache, kind, name, now, age);
    diesel__dns_answer_unref(answer);
    return answer != NULL;
}

START_TEST(an_answer_is_kept_until_its_time_is_over)
{
    uint32_t age = 99;
    diesel__dns_cache *cache = diesel__dns_cache_new(4);
    put(cache, "a.example", 5 * SECOND, 15 * SECOND);
    ck_assert(has(cache, DIESEL__DNS_A, "a.example", 5 * SECOND, &age));
    ck_assert_uint_eq(age, 0);
    ck_assert(has(cache, DIESEL__DNS_A, "A.Example", 15 * SECOND - 1, &age));
    ck_assert_uint_eq(age, 9);
    ck_assert(!has(cache, DIESEL__DNS_AAAA, "a.example", 6 * SECOND, &age));
    ck_assert(!has(cache, DIESEL__DNS_A, "b.example", 6 * SECOND, &age));
    ck_assert(!has(cache, DIESEL__DNS_A, "a.example", 15 * SECOND, &age));
    ck_assert_uint_eq(diesel__dns_cache_count(cache), 0);
    put(cache, "a.example", 5 * SECOND, 5 * SECOND); /* over at once */
    ck_assert_uint_eq(diesel__dns_cache_count(cache), 0);
    diesel__dns_cache_free(cache);
    diesel__dns_cache_free(NULL);
}
END_TEST

START_TEST(a_new_answer_takes_the_place_of_the_old_one)
{
    uint32_t age;
    diesel__dns_cache *cache = diesel__dns_cache_new(4);
    put(cache, "a", 0, 10);
    put(cache, "a", 5, 20);
    ck_assert_uint_eq(diesel__dns_cache_count(cache), 1);
    ck_assert(has(cache, DIESEL__DNS_A, "a", 15, &age));
    diesel__dns_cache_clear(cache);
    ck_assert(!has(cache, DIESEL__DNS_A, "a", 15, &age));
    diesel__dns_cache_free(cache);
}
END_TEST

START_TEST(what_was_used_the_longest_time_ago_makes_room)
{
    uint32_t age;
    char name[16];
    diesel__dns_cache *cache = diesel__dns_cache_new(100);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "host%d", i);
        put(cache, name, 0, SECOND);
    }
    ck_assert(has(cache, DIESEL__DNS_A, "host0", 1, &age));
    for (int i = 100; i < 199; i++) {
        snprintf(name, sizeof name, "host%d", i);
        put(cache, name, 0, SECOND);
        ck_assert_uint_eq(diesel__dns_cache_count(cache), 100);
    }
    for (int i = 0; i < 199; i++) {
        snprintf(name, sizeof name, "host%d", i);
        ck_assert_int_eq(has(cache, DIESEL__DNS_A, name, 1, &age),
                         i == 0 || i >= 100);
    }
    diesel__dns_cache_free(cache);
}
END_TEST

START_TEST(an_answer_lives_on_with_who_found_it)
{
    uint32_t age;
    diesel__dns_cache *cache = diesel__dns_cache_new(1);
    put(cache, "a", 0, 10);
    diesel__dns_answer *mine =
        diesel__dns_cache_find(cache, DIESEL__DNS_A, "a", 1, &age);
    diesel__dns_cache_free(cache);
    ck_assert_uint_eq(mine->count, 0);
    diesel__dns_answer_unref(mine);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dns_message");
    test_case_rows(suite, "messages", messages_are_read, TEST_COUNT(rows));
    test_case_rows(suite, "cut", a_message_cut_short_is_refused, TEST_COUNT(rows));
    test_case_rows(suite, "wrong", any_byte_may_be_wrong, TEST_COUNT(rows));
    test_case(suite, "names", a_name_has_at_most_255_octets);
    test_case(suite, "cache", an_answer_is_kept_until_its_time_is_over,
              a_new_answer_takes_the_place_of_the_old_one,
              what_was_used_the_longest_time_ago_makes_room,
              an_answer_lives_on_with_who_found_it);
    return test_suite_run(suite);
}
