/* SPDX-License-Identifier: MIT */
/*
 * redis/dict.c and redis/hash.c: order, and what strangers' keys cannot do.
 */
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/params.h>

#include "redis/dict_internal.h"
#include "redis/hash_internal.h"
#include "test_util.h"

static dredis__span name_of(int i, char text[16])
{
    return (dredis__span){text, (size_t)snprintf(text, 16, "key%d", i)};
}

START_TEST(a_dictionary_keeps_what_was_put_in_order)
{
    dredis__dict dict = {0};
    char text[16];
    bool added;
    for (int i = 0; i < 5000; i++) {
        dredis__entry *entry = dredis__dict_add(&dict, name_of(i, text), &added);
        ck_assert(entry != NULL && added);
        entry->score = i;
        if (i % 3 != 0)
            dredis__dict_remove(&dict, entry);
    }
    ck_assert_uint_eq(dict.count, 1667);
    size_t at = 0;
    for (int i = 0; i < 5000; i += 3) {
        dredis__entry *entry = dredis__dict_next(&dict, &at);
        ck_assert_ptr_eq(entry, dredis__dict_find(&dict, name_of(i, text)));
        ck_assert(entry->score == i);
        ck_assert_uint_eq(dredis__dict_seek(&dict, entry->number), at - 1);
        ck_assert_ptr_null(dredis__dict_find(&dict, name_of(i + 1, text)));
    }
    ck_assert_ptr_null(dredis__dict_next(&dict, &at));
    dredis__dict_clear(&dict, NULL);
}
END_TEST

/* The same by libcrypto. */
static uint64_t their_siphash(dredis__hash_key key, const void *bytes, size_t n)
{
    unsigned char in[16], out[8];
    size_t size = sizeof out, length;
    int one = 1, three = 3;
    for (unsigned i = 0; i < 16; i++)
        in[i] = (unsigned char)((i < 8 ? key.k0 : key.k1) >> 8 * (i % 8));
    OSSL_PARAM params[] = {OSSL_PARAM_construct_size_t("size", &size),
                           OSSL_PARAM_construct_int("c-rounds", &one),
                           OSSL_PARAM_construct_int("d-rounds", &three),
                           OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
    ck_assert_int_eq(EVP_MAC_init(context, in, sizeof in, params), 1);
    ck_assert_int_eq(EVP_MAC_update(context, bytes, n), 1);
    ck_assert_int_eq(EVP_MAC_final(context, out, &length, sizeof out), 1);
    ck_assert_uint_eq(length, sizeof out);
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(mac);
    uint64_t hash = 0;
    for (unsigned i = 0; i < sizeof out; i++)
        hash |= (uint64_t)out[i] << 8 * i;
    return hash;
}

START_TEST(hashes_are_siphash_1_3)
{
    unsigned char bytes[70];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(200 + 7 * i);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        dredis__hash_key key = {0x0123456789ABCDEFu * (n + 1), ~(uint64_t)n};
        ck_assert_uint_eq(dredis__siphash(key, bytes, n),
                          their_siphash(key, bytes, n));
    }
}
END_TEST

/* The hash of this program in a process of its own. */
static uint64_t hash_elsewhere(void)
{
    int ends[2];
    uint64_t hash = 0;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        hash = dredis__hash("key", 3);
        _exit(write(ends[1], &hash, sizeof hash) != sizeof hash);
    }
    ck_assert_int_eq(read(ends[0], &hash, sizeof hash), sizeof hash);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    close(ends[0]);
    close(ends[1]);
    return hash;
}

START_TEST(each_process_hashes_with_a_key_of_its_own)
{
    uint64_t first = hash_elsewhere(); /* before we have drawn a key */
    ck_assert_uint_ne(first, hash_elsewhere());
    ck_assert_uint_eq(dredis__hash("key", 3), dredis__hash("key", 3));
}
END_TEST

/* FNV-1a, as a table without a key might use it. */
static uint64_t fnv(dredis__span key)
{
    uint64_t hash = 0xCBF29CE484222325u;
    for (size_t i = 0; i < key.len; i++)
        hash = (hash ^ (unsigned char)key.at[i]) * 0x100000001B3u;
    return hash;
}

/* Keys that meet in one slot of a table without a key are spread here. */
START_TEST(keys_chosen_to_meet_do_not_meet)
{
    enum { KEYS = 1024, SLOTS = 4096 };
    dredis__dict dict = {0};
    char text[16];
    bool added;
    for (int i = 0; dict.count < KEYS; i++)
        if (fnv(name_of(i, text)) % SLOTS == 0)
            ck_assert_ptr_nonnull(
                dredis__dict_add(&dict, name_of(i, text), &added));
    size_t steps = 0;
    for (size_t slot = 0; slot <= dict.mask; slot++)
        if (dict.slots[slot] != 0)
            steps += (slot - dict.entries[dict.slots[slot] - 1].hash) & dict.mask;
    ck_assert_uint_le(dict.mask + 1, SLOTS);
    ck_assert_uint_lt(steps, 4 * KEYS); /* half a million if they all met */
    dredis__dict_clear(&dict, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redis dict");
    test_case(suite, "dict", a_dictionary_keeps_what_was_put_in_order,
              keys_chosen_to_meet_do_not_meet);
    test_case(suite, "hash", hashes_are_siphash_1_3,
              each_process_hashes_with_a_key_of_its_own);
    return test_suite_run(suite);
}
