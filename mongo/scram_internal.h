/* SPDX-License-Identifier: MIT */
/*
 * SCRAM (RFC 5802, RFC 7677), the client's side: proves to know the password
 * without showing it, and has the server prove the same. No I/O.
 *
 *     struct dmongo__scram scram;
 *     dmongo__scram_begin(&scram, mechanism, user, password, NULL, &err);
 *     ...send scram.message, receive `first`...
 *     dmongo__scram_answer(&scram, first, n, &keys, &err);
 *     ...send scram.message, receive `last`...
 *     dmongo__scram_verify(&scram, last, n, &err);
 *     dmongo__scram_clear(&scram);
 *
 * Errors are AUTH (the other side proved wrong or refused), PROTOCOL (its message
 * makes no sense), INVAL (a password that cannot be prepared), NOMEM.
 */
#ifndef DIESEL_MONGO_SCRAM_INTERNAL_H
#define DIESEL_MONGO_SCRAM_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <diesel/doc.h>
#include <diesel/error.h>

enum dmongo__scram_mechanism { DMONGO__SCRAM_SHA_1, DMONGO__SCRAM_SHA_256 };

enum { DMONGO__SCRAM_MOST_HASH = 32, DMONGO__SCRAM_MOST_SALT = 128 };

/* "SCRAM-SHA-256" */
const char *dmongo__scram_name(enum dmongo__scram_mechanism mechanism);

/* What took thousands of hashes to derive from a password, kept for the next
 * connection. All zero bytes: nothing yet. For one user and password only. */
struct dmongo__scram_keys {
    bool is_set;
    enum dmongo__scram_mechanism mechanism;
    uint32_t iterations;
    size_t salt_size;
    uint8_t salt[DMONGO__SCRAM_MOST_SALT];
    uint8_t client[DMONGO__SCRAM_MOST_HASH];
    uint8_t server[DMONGO__SCRAM_MOST_HASH];
};

struct dmongo__scram {
    enum dmongo__scram_mechanism mechanism;
    const char *user;     /* borrowed */
    const char *password; /* borrowed */
    char nonce[33];
    char *message; /* to be sent; owned, ends with a zero byte */
    size_t message_size;
    uint8_t server_signature[DMONGO__SCRAM_MOST_HASH]; /* to be expected */
};

/* Makes the first message. `nonce` is for tests: NULL for a random one. user and
 * password are borrowed until dmongo__scram_clear(). 0 or -1; in both cases to be
 * cleared. */
int dmongo__scram_begin(struct dmongo__scram *scram,
                        enum dmongo__scram_mechanism mechanism,
                        const char *user, const char *password,
                        const char *nonce, diesel_error *err);

/* Reads the server's first message and makes the second. The keys are taken from
 * *keys if they fit, else derived, which takes some milliseconds, and left
 * there. */
int dmongo__scram_answer(struct dmongo__scram *scram, const char *first,
                         size_t n, struct dmongo__scram_keys *keys,
                         diesel_error *err);

/* Reads the server's last message: 0 if the server knows the password, too. */
int dmongo__scram_verify(struct dmongo__scram *scram, const char *last, size_t n,
                         diesel_error *err);

/* The message as a command carries it; borrowed. */
static inline dmongo_value
dmongo__scram_payload(const struct dmongo__scram *scram)
{
    return dmongo_binary(scram->message, scram->message_size,
                         BSON_SUBTYPE_BINARY);
}

/* Frees the message; secrets are wiped. */
void dmongo__scram_clear(struct dmongo__scram *scram);

#endif
