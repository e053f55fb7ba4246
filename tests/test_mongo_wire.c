/* SPDX-License-Identifier: MIT */
/*
 * The wire protocol: messages as bytes. Each row of the table is a message as it
 * stands on the wire and what must become of it; the rows that are well-formed are
 * also read in every split, as a message comes in any number of pieces.
 */
#include "mongo/element_internal.h"
#include "mongo/wire_internal.h"
#include "test_util.h"

#define LIMIT 4096

/* clang-format off */

#define MSG(length) length "\0\0\0" "\x07\0\0\0" "\x05\0\0\0" "\xDD\x07\0\0"
#define REPLY(length) length "\0\0\0" "\x07\0\0\0" "\x05\0\0\0" "\1\0\0\0"
#define QUERY(length) length "\0\0\0" "\x07\0\0\0" "\0\0\0\0" "\xD4\x07\0\0"
#define PACKED(length) length "\0\0\0" "\x07\0\0\0" "\x05\0\0\0" "\xDC\x07\0\0"
#define NO_FLAGS "\0\0\0\0"
#define EMPTY "\x05\0\0\0\0"
#define NUMBER "\x0C\0\0\0\x10n\0\1\0\0\0\0" /* {n: 1} */
#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *claim;
    const char *bytes;
    size_t size;
    const char *why; /* part of the reason why it is refused; NULL: it is not */
    uint32_t operation;
    uint32_t flags;
    uint32_t body_at, body_size;
    int sections;
} rows[] = {
    {"the smallest message", BYTES(MSG("\x1A") NO_FLAGS "\0" EMPTY),
     NULL, 2013, 0, 21, 5, 0},
    {"a body with a field", BYTES(MSG("\x21") NO_FLAGS "\0" NUMBER),
     NULL, 2013, 0, 21, 12, 0},
    {"a sequence of two behind the body",
     BYTES(MSG("\x2E") NO_FLAGS "\0" EMPTY "\1" "\x13\0\0\0" "docs\0" EMPTY EMPTY),
     NULL, 2013, 0, 21, 5, 1},
    {"a sequence of one behind the body",
     BYTES(MSG("\x28") NO_FLAGS "\0" EMPTY "\1" "\x0D\0\0\0" "ids\0" EMPTY),
     NULL, 2013, 0, 21, 5, 1},
    {"a sequence before the body",
     BYTES(MSG("\x28") NO_FLAGS "\1" "\x0D\0\0\0" "ids\0" EMPTY "\0" EMPTY),
     NULL, 2013, 0, 35, 5, 1},
    {"two sequences, one of them empty",
     BYTES(MSG("\x2F") NO_FLAGS "\1" "\x0D\0\0\0" "ids\0" EMPTY "\0" EMPTY
           "\1" "\x06\0\0\0" "x\0"),
     NULL, 2013, 0, 35, 5, 2},
    {"flags that may be ignored", BYTES(MSG("\x1A") "\2\0\1\x80" "\0" EMPTY),
     NULL, 2013, 0x80010002, 21, 5, 0},
    {"a checksum", BYTES(MSG("\x1E") "\1\0\0\0" "\0" EMPTY "\x10\xB0\x41\x89"),
     NULL, 2013, 1, 21, 5, 0},
    {"a reply", BYTES(REPLY("\x30") "\x08\0\0\0" "\0\0\0\0\0\0\0\0" "\0\0\0\0"
                      "\1\0\0\0" NUMBER),
     NULL, 1, 8, 36, 12, 0},
    {"a query",
     BYTES(QUERY("\x2C") "\4\0\0\0" "admin.$cmd\0" "\0\0\0\0" "\xFF\xFF\xFF\xFF"
           EMPTY),
     NULL, 2004, 4, 39, 5, 0},

    {"a compressed message", BYTES(PACKED("\x1C") "\xDD\x07\0\0" "\x0A\0\0\0" "\1abc"),
     NULL, 2012, 0, 25, 3, 0},
    {"a compressed message of nothing", BYTES(PACKED("\x19") "\xDD\x07\0\0" "\0\0\0\0" "\0"),
     NULL, 2012, 0, 25, 0, 0},

    {"a compressed message without a compressor",
     BYTES(PACKED("\x18") "\xDD\x07\0\0" "\x0A\0\0\0"),
     "too short for its numbers", 0, 0, 0, 0, 0},
    {"a compressed message of a negative size",
     BYTES(PACKED("\x1A") "\xDD\x07\0\0" "\0\0\0\x80" "\1a"),
     "negative", 0, 0, 0, 0, 0},
    {"no room for a header", BYTES("\x0F\0\0\0" "\x07\0\0\0\0\0\0\0\0\0\0\0"),
     "less than its header", 0, 0, 0, 0, 0},
    {"length zero", BYTES("\0\0\0\0"), "less than its header", 0, 0, 0, 0, 0},
    {"a negative length", BYTES("\xFF\xFF\xFF\xFF"), "larger", 0, 0, 0, 0, 0},
    {"the smallest negative length", BYTES("\0\0\0\x80"), "larger", 0, 0, 0, 0, 0},
    {"a length over the limit", BYTES("\1\x10\0\0"), "larger", 0, 0, 0, 0, 0},
    {"an unknown operation",
     BYTES("\x1A\0\0\0" "\x07\0\0\0" "\0\0\0\0" "\xDB\x07\0\0" NO_FLAGS "\0" EMPTY),
     "operation", 0, 0, 0, 0, 0},
    {"no room for the flags", BYTES(MSG("\x12") "\0\0"), "flags", 0, 0, 0, 0, 0},
    {"an unknown required flag", BYTES(MSG("\x1A") "\4\0\0\0" "\0" EMPTY),
     "required flag", 0, 0, 0, 0, 0},
    {"no section at all", BYTES(MSG("\x14") NO_FLAGS), "no body", 0, 0, 0, 0, 0},
    {"no body", BYTES(MSG("\x22") NO_FLAGS "\1" "\x0D\0\0\0" "ids\0" EMPTY),
     "no body", 0, 0, 0, 0, 0},
    {"two bodies", BYTES(MSG("\x20") NO_FLAGS "\0" EMPTY "\0" EMPTY),
     "two bodies", 0, 0, 0, 0, 0},
    {"a section of kind 2", BYTES(MSG("\x1A") NO_FLAGS "\2" EMPTY),
     "unknown kind", 0, 0, 0, 0, 0},
    {"a section's kind and no more", BYTES(MSG("\x1B") NO_FLAGS "\0" EMPTY "\1"),
     "ends behind", 0, 0, 0, 0, 0},
    {"a body of four bytes", BYTES(MSG("\x19") NO_FLAGS "\0" "\4\0\0\0"),
     "ends behind", 0, 0, 0, 0, 0},
    {"a body that is too short", BYTES(MSG("\x1A") NO_FLAGS "\0" "\4\0\0\0\0"),
     "does not fit", 0, 0, 0, 0, 0},
    {"a body that is too long", BYTES(MSG("\x1A") NO_FLAGS "\0" "\6\0\0\0\0"),
     "does not fit", 0, 0, 0, 0, 0},
    {"a body of negative length", BYTES(MSG("\x1A") NO_FLAGS "\0" "\xFF\xFF\xFF\xFF\0"),
     "does not fit", 0, 0, 0, 0, 0},
    {"a body without its zero byte", BYTES(MSG("\x1A") NO_FLAGS "\0" "\5\0\0\0\1"),
     "zero byte", 0, 0, 0, 0, 0},
    {"a sequence that is too long",
     BYTES(MSG("\x28") NO_FLAGS "\0" EMPTY "\1" "\x0E\0\0\0" "ids\0" EMPTY),
     "does not fit", 0, 0, 0, 0, 0},
    {"a sequence of negative length",
     BYTES(MSG("\x28") NO_FLAGS "\0" EMPTY "\1" "\xFE\xFF\xFF\xFF" "ids\0" EMPTY),
     "does not fit", 0, 0, 0, 0, 0},
    {"a sequence without room for a name",
     BYTES(MSG("\x1F") NO_FLAGS "\0" EMPTY "\1" "\4\0\0\0"),
     "does not fit", 0, 0, 0, 0, 0},
    {"a sequence whose name does not end",
     BYTES(MSG("\x23") NO_FLAGS "\0" EMPTY "\1" "\x08\0\0\0" "idso"),
     "no name", 0, 0, 0, 0, 0},
    {"a document that crosses its sequence's end",
     BYTES(MSG("\x2E") NO_FLAGS "\1" "\x0C\0\0\0" "ids\0" EMPTY "\0" EMPTY EMPTY "\0\0"),
     "document", 0, 0, 0, 0, 0},
    {"a checksum that is wrong",
     BYTES(MSG("\x1E") "\1\0\0\0" "\0" EMPTY "\x10\xB0\x41\x8A"),
     "checksum is wrong", 0, 0, 0, 0, 0},
    {"a checksum without room", BYTES(MSG("\x16") "\1\0\0\0" "\0\0"),
     "too short for its checksum", 0, 0, 0, 0, 0},
    {"a checksum that eats the body", BYTES(MSG("\x1A") "\1\0\0\0" "\0" EMPTY),
     "checksum is wrong", 0, 0, 0, 0, 0},
    {"a reply without a document",
     BYTES(REPLY("\x24") "\0\0\0\0" "\0\0\0\0\0\0\0\0" "\0\0\0\0" "\0\0\0\0"),
     "not one document", 0, 0, 0, 0, 0},
    {"a reply that claims two",
     BYTES(REPLY("\x2E") "\0\0\0\0" "\0\0\0\0\0\0\0\0" "\0\0\0\0" "\2\0\0\0" EMPTY EMPTY),
     "not one document", 0, 0, 0, 0, 0},
    {"a reply with bytes behind",
     BYTES(REPLY("\x2E") "\0\0\0\0" "\0\0\0\0\0\0\0\0" "\0\0\0\0" "\1\0\0\0" EMPTY EMPTY),
     "bytes behind", 0, 0, 0, 0, 0},
    {"a reply that is too short", BYTES(REPLY("\x14") "\0\0\0\0"),
     "too short", 0, 0, 0, 0, 0},
    {"a query with bytes behind",
     BYTES(QUERY("\x2F") "\4\0\0\0" "admin.$cmd\0" "\0\0\0\0" "\xFF\xFF\xFF\xFF"
           EMPTY "\0\0\0"),
     "bytes behind", 0, 0, 0, 0, 0},
    {"a query without flags", BYTES(QUERY("\x12") "\0\0"), "flags", 0, 0, 0, 0, 0},
    {"a query whose collection does not end", BYTES(QUERY("\x16") "\0\0\0\0" "ab"),
     "no end", 0, 0, 0, 0, 0},
    {"a query without its numbers", BYTES(QUERY("\x17") "\0\0\0\0" "ab\0"),
     "too short", 0, 0, 0, 0, 0},
};

/* clang-format on */

/* A copy of exactly n bytes, so that a sanitizer sees a read behind it. */
static uint8_t *exact(const char *bytes, size_t n)
{
    uint8_t *copy = malloc(n != 0 ? n : 1);
    memcpy(copy, bytes, n);
    return copy;
}

static int count_sections(const struct dmongo__message *m, const uint8_t *end)
{
    const uint8_t *at = NULL;
    struct dmongo__section section;
    int count = 0;
    while (dmongo__next_section(m, &at, &section) > 0) {
        ck_assert(section.documents + section.size <= end);
        ck_assert_uint_lt(strlen(section.name), 16);
        count++;
    }
    return count;
}

START_TEST(message_is_read_or_refused)
{
    struct dmongo__message m;
    const char *why = NULL;
    size_t size = rows[_i].size;
    uint8_t *bytes = exact(rows[_i].bytes, size);
    ssize_t got = dmongo__message_read(&m, bytes, size, LIMIT, &why);
    if (rows[_i].why != NULL) {
        ck_assert_msg(got == -1, "%s: read as %zd bytes", rows[_i].claim, got);
        ck_assert_msg(strstr(why, rows[_i].why) != NULL, "%s: \"%s\"",
                      rows[_i].claim, why);
    } else {
        ck_assert_msg(got == (ssize_t)size, "%s: %zd, %s", rows[_i].claim, got,
                      why != NULL ? why : "no reason");
        ck_assert_uint_eq(m.operation, rows[_i].operation);
        ck_assert_uint_eq(m.flags, rows[_i].flags);
        ck_assert_uint_eq(m.request_id, 7);
        ck_assert_uint_eq((uint32_t)(m.body - bytes), rows[_i].body_at);
        ck_assert_uint_eq(m.body_size, rows[_i].body_size);
        ck_assert_int_eq(count_sections(&m, bytes + size), rows[_i].sections);
    }
    free(bytes);
}
END_TEST

START_TEST(message_in_pieces_is_waited_for)
{
    for (size_t n = 0; rows[_i].why == NULL && n < rows[_i].size; n++) {
        struct dmongo__message m;
        const char *why;
        uint8_t *bytes = exact(rows[_i].bytes, n);
        ck_assert_int_eq(dmongo__message_read(&m, bytes, n, LIMIT, &why), 0);
        ck_assert_uint_eq(m.length, n < 4 ? 0 : rows[_i].size);
        free(bytes);
    }
}
END_TEST

START_TEST(what_follows_a_message_is_left_alone)
{
    struct dmongo__message m;
    const char *why;
    size_t size = rows[_i].size;
    if (rows[_i].why != NULL)
        return;
    uint8_t *bytes = malloc(size + 3);
    memcpy(bytes, rows[_i].bytes, size);
    memset(bytes + size, 0xEE, 3);
    ck_assert_int_eq(dmongo__message_read(&m, bytes, size + 3, LIMIT, &why),
                     (ssize_t)size);
    free(bytes);
}
END_TEST

/* Every single bit wrong: refused or read, but never beyond its end. */
START_TEST(damaged_message_does_no_harm)
{
    for (size_t bit = 0; bit < rows[_i].size * 8; bit++) {
        struct dmongo__message m;
        const char *why;
        uint8_t *bytes = exact(rows[_i].bytes, rows[_i].size);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ssize_t got =
            dmongo__message_read(&m, bytes, rows[_i].size, LIMIT, &why);
        ck_assert_int_le(got, (ssize_t)rows[_i].size);
        if (got > 0) {
            ck_assert(m.body + m.body_size <= bytes + rows[_i].size);
            count_sections(&m, bytes + rows[_i].size);
        }
        free(bytes);
    }
}
END_TEST

START_TEST(limit_itself_is_allowed)
{
    struct dmongo__message m;
    const char *why = NULL;
    const char *bytes = rows[0].bytes;
    ck_assert_int_eq(dmongo__message_read(&m, (const uint8_t *)bytes, 26, 26, &why), 26);
    ck_assert_int_eq(dmongo__message_read(&m, (const uint8_t *)bytes, 26, 25, &why), -1);
}
END_TEST

START_TEST(msg_is_written_as_it_is_read)
{
    uint8_t out[128];
    uint8_t *at = dmongo__msg_begin(out, 7, 5, 0);
    ck_assert_int_eq(at - out, DMONGO__MSG_PREFIX_SIZE);
    memcpy(at, EMPTY, 5);
    at = dmongo__section_begin(at + 5, "ids", 5);
    memcpy(at, EMPTY, 5);
    size_t size = (size_t)(at + 5 - out);
    dmongo__message_end(out, size);
    static const char want[] =
        MSG("\x28") NO_FLAGS "\0" EMPTY "\1" "\x0D\0\0\0" "ids\0" EMPTY;
    ck_assert_uint_eq(size, sizeof want - 1);
    ck_assert_mem_eq(out, want, size);
    ck_assert_uint_eq(dmongo__section_prefix_size("ids"), 1 + 4 + 4);
}
END_TEST

START_TEST(query_is_written_as_it_is_read)
{
    uint8_t out[128];
    uint8_t *at = dmongo__query_begin(out, 7, "admin.$cmd");
    ck_assert_uint_eq((size_t)(at - out),
                      dmongo__query_prefix_size("admin.$cmd"));
    memcpy(at, EMPTY, 5);
    dmongo__message_end(out, (size_t)(at - out) + 5);
    static const char want[] = QUERY("\x2C") "\4\0\0\0" "admin.$cmd\0"
                               "\0\0\0\0" "\xFF\xFF\xFF\xFF" EMPTY;
    ck_assert_mem_eq(out, want, sizeof want - 1);
}
END_TEST

/* The vectors of RFC 3720, B.4, and the usual check value. */
START_TEST(crc32c_is_castagnoli)
{
    uint8_t bytes[32];
    ck_assert_uint_eq(dmongo__crc32c(0, (const uint8_t *)"123456789", 9),
                      0xE3069283);
    ck_assert_uint_eq(dmongo__crc32c(0, bytes, 0), 0);
    memset(bytes, 0, 32);
    ck_assert_uint_eq(dmongo__crc32c(0, bytes, 32), 0x8A9136AA);
    memset(bytes, 0xFF, 32);
    ck_assert_uint_eq(dmongo__crc32c(0, bytes, 32), 0x62A8AB43);
    for (int i = 0; i < 32; i++)
        bytes[i] = (uint8_t)i;
    ck_assert_uint_eq(dmongo__crc32c(0, bytes, 32), 0x46DD794E);
    ck_assert_uint_eq(dmongo__crc32c(dmongo__crc32c(0, bytes, 7), bytes + 7, 25),
                      0x46DD794E);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mongo_wire");
    test_case_rows(suite, "read", message_is_read_or_refused, TEST_COUNT(rows));
    test_case_rows(suite, "pieces", message_in_pieces_is_waited_for,
                   TEST_COUNT(rows));
    test_case_rows(suite, "behind", what_follows_a_message_is_left_alone,
                   TEST_COUNT(rows));
    test_case_rows(suite, "damage", damaged_message_does_no_harm,
                   TEST_COUNT(rows));
    test_case(suite, "write", limit_itself_is_allowed,
              msg_is_written_as_it_is_read, query_is_written_as_it_is_read,
              crc32c_is_castagnoli);
    return test_suite_run(suite);
}
