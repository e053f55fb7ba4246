/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry point of SCRAM: the two messages of a server that may say anything.
 * The client must answer none that does not go on with its nonce, and believe no
 * last message but the one that proves to know the password.
 *
 * The input's first byte chooses the mechanism; then come the server's first message
 * and, behind a line feed, its last. "rNONCE" in the first becomes "r=" and the
 * client's nonce, so that a corpus need not know it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mongo/scram_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(claim)                                                           \
    do {                                                                       \
        if (!(claim))                                                          \
            abort();                                                           \
    } while (0)

static const char nonce[] = "fyko+d2lbbFgONRv9qkxdawL";

/* An iteration takes a microsecond: a count that would take seconds says nothing. */
static int takes_long(const char *first, size_t n)
{
    size_t digits = 0;
    for (size_t i = 0; i < n; i++)
        if (first[i] >= '0' && first[i] <= '9') {
            if (++digits > 4)
                return 1;
        } else {
            digits = 0;
        }
    return 0;
}

static void check_error(const diesel_error *err)
{
    CHECK(err->code == DIESEL_E_AUTH || err->code == DIESEL_E_PROTOCOL);
    CHECK(err->message[0] != '\0');
    CHECK(memchr(err->message, '\0', sizeof err->message) != NULL);
}

static void converse(enum dmongo__scram_mechanism mechanism, const char *first,
                     size_t first_size, const char *last, size_t last_size)
{
    struct dmongo__scram scram;
    static struct dmongo__scram_keys keys; /* kept, as clients do: deriving is slow */
    diesel_error err;
    CHECK(dmongo__scram_begin(&scram, mechanism, "user", "pencil", nonce, &err) == 0);
    if (dmongo__scram_answer(&scram, first, first_size, &keys, &err) < 0) {
        check_error(&err);
    } else {
        CHECK(keys.is_set && keys.salt_size <= sizeof keys.salt);
        CHECK(scram.message_size == strlen(scram.message));
        CHECK(strstr(scram.message, nonce) != NULL);
        if (dmongo__scram_verify(&scram, last, last_size, &err) < 0)
            check_error(&err);
        else
            CHECK(last_size > 2 && last[0] == 'v');
    }
    dmongo__scram_clear(&scram);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char sign[] = "rNONCE";
    if (size < 1)
        return 0;
    const char *text = (const char *)data + 1;
    size_t n = size - 1, used = 0;
    const char *feed = memchr(text, '\n', n);
    size_t given = feed != NULL ? (size_t)(feed - text) : n;
    char *first = malloc(given + sizeof nonce + 2);
    CHECK(first != NULL);
    if (given >= sizeof sign - 1 && memcmp(text, sign, sizeof sign - 1) == 0) {
        memcpy(first, "r=", 2);
        memcpy(first + 2, nonce, sizeof nonce - 1);
        used = sizeof nonce + 1;
        memcpy(first + used, text + sizeof sign - 1, given - (sizeof sign - 1));
        used += given - (sizeof sign - 1);
    } else {
        memcpy(first, text, given);
        used = given;
    }
    if (!takes_long(first, used))
        converse(data[0] % 2 ? DMONGO__SCRAM_SHA_256 : DMONGO__SCRAM_SHA_1, first,
                 used, feed != NULL ? feed + 1 : text, feed != NULL ? n - given - 1 : 0);
    free(first);
    return 0;
}
