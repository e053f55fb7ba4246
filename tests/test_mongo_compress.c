/* SPDX-License-Identifier: MIT */
/*
 * Compressed messages: every compressor there and back, and every way in which one
 * may lie about what is in it. A compressor that was left out at configure is not
 * tested, which is said.
 */
#include <stdint.h>

#include "mongo/compress_internal.h"
#include "mongo/element_internal.h"
#include "test_util.h"

#define LIMIT ((size_t)1 << 20)

static const enum dmongo__compressor all[] = {DMONGO__NOOP, DMONGO__SNAPPY,
                                              DMONGO__ZLIB, DMONGO__ZSTD};

/* Sizes of what is compressed: nothing, little, much. */
static const size_t sizes[] = {0, 1, 15, 16, 17, 1000, 65536, 700000};

/* Whether the compressor was built; if not, says so once. */
static bool is_there(enum dmongo__compressor compressor)
{
    if (dmongo__compressor_name(compressor) != NULL)
        return true;
    fprintf(stderr, "compressor %d: not built, not tested\n", compressor);
    return false;
}

/* A message with a body of n bytes, which repeat themselves unless `noisy`. */
static uint8_t *message_of(size_t n, bool noisy)
{
    uint32_t state = 1;
    uint8_t *message = malloc(DMONGO__HEADER_SIZE + n);
    dmongo__header_write(message, 7, 5, DMONGO__OP_MSG);
    dmongo__message_end(message, DMONGO__HEADER_SIZE + n);
    for (size_t i = 0; i < n; i++) {
        state = state * 1103515245 + 12345;
        message[DMONGO__HEADER_SIZE + i] =
            (uint8_t)(noisy ? state >> 16 : i / 7);
    }
    return message;
}

/* Packs n bytes of body; *packed is what a receiver reads of it. */
static void pack(enum dmongo__compressor compressor, const uint8_t *message,
                 size_t n, struct dmongo__buffer *out,
                 struct dmongo__message *packed)
{
    diesel_error err;
    const char *why = "";
    struct dmongo__packing how = {.compressor = compressor, .zlib_level = -1};
    int64_t size = dmongo__pack(&how, message, DMONGO__HEADER_SIZE + n, out, &err);
    ck_assert_msg(size > 0, "%s", err.message);
    ck_assert_msg(dmongo__message_read(packed, out->data, (size_t)size, LIMIT * 2,
                                       &why) == size,
                  "%s", why);
    ck_assert_uint_eq(packed->operation, DMONGO__OP_COMPRESSED);
}

START_TEST(message_comes_back_as_it_was)
{
    enum dmongo__compressor compressor = all[_i];
    if (!is_there(compressor))
        return;
    for (size_t i = 0; i < TEST_COUNT(sizes) * 2; i++) {
        size_t n = sizes[i / 2];
        struct dmongo__buffer out = {0}, back = {0};
        struct dmongo__message packed;
        diesel_error err;
        uint8_t *message = message_of(n, i % 2);
        pack(compressor, message, n, &out, &packed);
        ck_assert_uint_eq(packed.request_id, 7);
        ck_assert_uint_eq(packed.response_to, 5);
        ck_assert_uint_eq(packed.original, DMONGO__OP_MSG);
        ck_assert_uint_eq(packed.unpacked_size, n);
        ck_assert_uint_eq(packed.compressor, (unsigned)compressor);
        int64_t size = dmongo__unpack(&packed, LIMIT, &back, &err);
        ck_assert_msg(size == (int64_t)(DMONGO__HEADER_SIZE + n), "%s",
                      size < 0 ? err.message : "another size");
        ck_assert_mem_eq(back.data, message, (size_t)size);
        dmongo__buffer_clear(&out);
        dmongo__buffer_clear(&back);
        free(message);
    }
}
END_TEST

static void assert_refused(const struct dmongo__message *packed, size_t limit,
                           const char *why)
{
    diesel_error err;
    struct dmongo__buffer back = {0};
    ck_assert_int_eq(dmongo__unpack(packed, limit, &back, &err), -1);
    ck_assert_int_eq(err.code, DIESEL_E_PROTOCOL);
    assert_contains(err.message, why);
    ck_assert_uint_le(back.room, limit); /* whatever the message claims */
    dmongo__buffer_clear(&back);
}

START_TEST(lies_about_the_size_are_found)
{
    if (!is_there(all[_i]))
        return;
    struct dmongo__buffer out = {0};
    struct dmongo__message packed;
    uint8_t *message = message_of(5000, false);
    pack(all[_i], message, 5000, &out, &packed);
    packed.unpacked_size = 4999;
    assert_refused(&packed, LIMIT, "larger than it says");
    packed.unpacked_size = 0;
    assert_refused(&packed, LIMIT, "larger than it says");
    packed.unpacked_size = 5001;
    assert_refused(&packed, LIMIT, "smaller than it says");
    packed.unpacked_size = INT32_MAX;
    assert_refused(&packed, LIMIT, "larger than the limit");
    dmongo__buffer_clear(&out);
    free(message);
}
END_TEST

START_TEST(limit_itself_is_allowed)
{
    diesel_error err;
    struct dmongo__buffer out = {0}, back = {0};
    struct dmongo__message packed;
    uint8_t *message = message_of(1000, false);
    pack(DMONGO__NOOP, message, 1000, &out, &packed);
    ck_assert_int_eq(dmongo__unpack(&packed, 1016, &back, &err), 1016);
    assert_refused(&packed, 1015, "larger than the limit");
    dmongo__buffer_clear(&out);
    dmongo__buffer_clear(&back);
    free(message);
}
END_TEST

/* A megabyte of zeros in a thousand bytes or so: only what the message admits to
 * is unpacked, and only up to the limit. */
START_TEST(bomb_is_bounded)
{
    if (!is_there(all[_i]) || all[_i] == DMONGO__NOOP)
        return;
    size_t n = LIMIT - DMONGO__HEADER_SIZE;
    struct dmongo__buffer out = {0};
    struct dmongo__message packed;
    uint8_t *message = message_of(n, false);
    memset(message + DMONGO__HEADER_SIZE, 0, n);
    pack(all[_i], message, n, &out, &packed);
    ck_assert_uint_lt(packed.body_size, n / 20);
    assert_refused(&packed, LIMIT / 2, "larger than the limit");
    packed.unpacked_size = 1000; /* it admits to little and has much */
    assert_refused(&packed, LIMIT / 2, "larger than it says");
    dmongo__buffer_clear(&out);
    free(message);
}
END_TEST

START_TEST(damage_does_no_harm)
{
    if (!is_there(all[_i]))
        return;
    struct dmongo__buffer out = {0};
    struct dmongo__message packed;
    uint8_t *message = message_of(300, false);
    pack(all[_i], message, 300, &out, &packed);
    for (size_t bit = 0; bit < (size_t)packed.body_size * 8; bit++) {
        diesel_error err;
        struct dmongo__buffer back = {0};
        struct dmongo__message damaged = packed;
        uint8_t *bytes = malloc(packed.body_size);
        memcpy(bytes, packed.body, packed.body_size);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        damaged.body = bytes;
        int64_t got = dmongo__unpack(&damaged, LIMIT, &back, &err);
        ck_assert(got == -1 ? err.code == DIESEL_E_PROTOCOL
                            : got == DMONGO__HEADER_SIZE + 300);
        dmongo__buffer_clear(&back);
        free(bytes);
    }
    for (uint32_t n = 0; n < packed.body_size; n++) {
        struct dmongo__message cut = packed;
        cut.body_size = n;
        assert_refused(&cut, LIMIT, "than it says");
    }
    dmongo__buffer_clear(&out);
    free(message);
}
END_TEST

START_TEST(unknown_compressors_are_refused)
{
    struct dmongo__message packed = {.body = (const uint8_t *)"abc",
                                     .body_size = 3,
                                     .original = DMONGO__OP_MSG,
                                     .unpacked_size = 3};
    packed.compressor = 4;
    assert_refused(&packed, LIMIT, "4");
    packed.compressor = 255;
    assert_refused(&packed, LIMIT, "255");
    packed.compressor = DMONGO__NOOP;
    packed.original = DMONGO__OP_COMPRESSED;
    assert_refused(&packed, LIMIT, "another one in it");
}
END_TEST

START_TEST(names_and_numbers_belong_together)
{
    ck_assert_int_eq(dmongo__compressor_find("noop"), DMONGO__NOOP);
    ck_assert_int_eq(dmongo__compressor_find("lz4"), DMONGO__NO_COMPRESSOR);
    ck_assert_ptr_null(dmongo__compressor_name(-1));
    ck_assert_ptr_null(dmongo__compressor_name(4));
    for (size_t i = 0; i < TEST_COUNT(all); i++)
        if (is_there(all[i]))
            ck_assert_int_eq(
                dmongo__compressor_find(dmongo__compressor_name(all[i])),
                all[i]);
}
END_TEST

START_TEST(commands_with_secrets_are_not_compressed)
{
    static const char *const never[] = {"hello", "isMaster", "saslStart",
                                        "saslContinue", "createUser"};
    for (size_t i = 0; i < TEST_COUNT(never); i++)
        ck_assert(dmongo__is_never_packed(never[i], strlen(never[i])));
    ck_assert(!dmongo__is_never_packed("find", 4));
    ck_assert(!dmongo__is_never_packed("hell", 4));
    ck_assert(!dmongo__is_never_packed("helloo", 6));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mongo_compress");
    int n = TEST_COUNT(all);
    test_case_rows(suite, "back", message_comes_back_as_it_was, n);
    test_case_rows(suite, "lies", lies_about_the_size_are_found, n);
    test_case_rows(suite, "bomb", bomb_is_bounded, n);
    test_case_rows(suite, "damage", damage_does_no_harm, n);
    test_case(suite, "rest", limit_itself_is_allowed,
              unknown_compressors_are_refused, names_and_numbers_belong_together,
              commands_with_secrets_are_not_compressed);
    return test_suite_run(suite);
}
