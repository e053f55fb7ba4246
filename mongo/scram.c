/* SPDX-License-Identifier: MIT */
/*
 * SCRAM, the client's side.
 *
 *     C: n,,n=USER,r=NONCE
 *     S: r=NONCE+MORE,s=SALT,i=ITERATIONS
 *     C: c=biws,r=NONCE+MORE,p=PROOF
 *     S: v=SIGNATURE
 *
 *     salted    = PBKDF2(password, SALT, ITERATIONS)
 *     client    = HMAC(salted, "Client Key")      server = HMAC(salted, "Server Key")
 *     auth      = "n=USER,r=NONCE" , server's first , "c=biws,r=NONCE+MORE"
 *     PROOF     = client XOR HMAC(H(client), auth)
 *     SIGNATURE = HMAC(server, auth)
 *
 * With SCRAM-SHA-1, MongoDB takes the hexadecimal MD5 of "USER:mongo:PASSWORD" for
 * the password; with SCRAM-SHA-256 the password itself, prepared by SASLprep.
 *
 * A server could ask for so many iterations that the program stands still, or for
 * so few that the proof is easily broken, so both ends are bounded.
 */
#include "scram_internal.h"

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <diesel/memory.h>

#include "base64_internal.h"
#include "saslprep_internal.h"

#define FEWEST_ITERATIONS 4096
#define MOST_ITERATIONS 1000000
#define MOST_MESSAGE 4096 /* of the server's messages, which have ~150 bytes */
#define GS2_HEADER "n,,"  /* no channel binding, no other identity */

static const struct {
    const char *name;
    const EVP_MD *(*hash)(void);
    size_t size;
} mechanisms[] = {
    [DMONGO__SCRAM_SHA_1] = {"SCRAM-SHA-1", EVP_sha1, 20},
    [DMONGO__SCRAM_SHA_256] = {"SCRAM-SHA-256", EVP_sha256, 32},
};

/* A part of the server's message. */
struct part {
    const char *at;
    size_t n;
};

const char *dmongo__scram_name(enum dmongo__scram_mechanism mechanism)
{
    return mechanisms[mechanism].name;
}

static int fail(diesel_error *err, int code, const char *what)
{
    return diesel_error_set(err, code, DIESEL_DOM_MONGO, 0, "%s", what);
}

static int crypto_failed(diesel_error *err)
{
    return fail(err, DIESEL_E_FAILED, "OpenSSL refuses a hash that SCRAM needs");
}

static void forget_message(struct dmongo__scram *scram)
{
    if (scram->message != NULL)
        OPENSSL_cleanse(scram->message, scram->message_size);
    diesel_free(scram->message);
    scram->message = NULL;
    scram->message_size = 0;
}

void dmongo__scram_clear(struct dmongo__scram *scram)
{
    forget_message(scram);
    OPENSSL_cleanse(scram, sizeof *scram);
}

static int make_nonce(char out[33])
{
    uint8_t bytes[24];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return -1;
    dmongo__base64_encode(bytes, sizeof bytes, out);
    return 0;
}

/* A name with '=' and ',' escaped, in `out`, which has room for three bytes for
 * each byte of it. */
static void escape_name(const char *name, char *out)
{
    for (; *name != 0; name++) {
        if (*name == '=' || *name == ',')
            out += sprintf(out, "=%02X", (unsigned)*name);
        else
            *out++ = *name;
    }
    *out = 0;
}

int dmongo__scram_begin(struct dmongo__scram *scram,
                        enum dmongo__scram_mechanism mechanism,
                        const char *user, const char *password,
                        const char *nonce, diesel_error *err)
{
    memset(scram, 0, sizeof *scram);
    scram->mechanism = mechanism;
    scram->user = user;
    scram->password = password;
    if (nonce != NULL)
        snprintf(scram->nonce, sizeof scram->nonce, "%s", nonce);
    else if (make_nonce(scram->nonce) < 0)
        return fail(err, DIESEL_E_FAILED, "OpenSSL has no random numbers");

    size_t room = strlen(GS2_HEADER "n=,r=") + 3 * strlen(user) +
                  strlen(scram->nonce) + 1;
    scram->message = diesel_malloc(room);
    if (scram->message == NULL)
        return diesel_error_nomem(err, "authentication");
    char *p = scram->message + sprintf(scram->message, GS2_HEADER "n=");
    escape_name(user, p);
    p += strlen(p);
    p += sprintf(p, ",r=%s", scram->nonce);
    scram->message_size = (size_t)(p - scram->message);
    return 0;
}

/* Cuts the next "k=value" off *rest: 0 if it has that key, else -1. */
static int take_part(struct part *rest, char key, struct part *value)
{
    if (rest->n < 2 || rest->at[0] != key || rest->at[1] != '=')
        return -1;
    const char *comma = memchr(rest->at, ',', rest->n);
    const char *end = comma != NULL ? comma : rest->at + rest->n;
    *value = (struct part){rest->at + 2, (size_t)(end - rest->at - 2)};
    size_t used = (size_t)(end - rest->at) + (comma != NULL);
    rest->at += used;
    rest->n -= used;
    return 0;
}

static int read_iterations(struct part s, uint32_t *out)
{
    uint32_t n = 0;
    if (s.n == 0 || s.n > 9)
        return -1;
    for (size_t i = 0; i < s.n; i++) {
        if (s.at[i] < '0' || s.at[i] > '9')
            return -1;
        n = n * 10 + (uint32_t)(s.at[i] - '0');
    }
    *out = n;
    return 0;
}

/* What the server's first message says. */
struct challenge {
    struct part nonce;
    uint32_t iterations;
    uint8_t salt[DMONGO__SCRAM_MOST_SALT];
    size_t salt_size;
};

static int read_challenge(const struct dmongo__scram *scram, const char *first,
                          size_t n, struct challenge *out, diesel_error *err)
{
    struct part rest = {first, n}, salt, iterations;
    if (n > MOST_MESSAGE || take_part(&rest, 'r', &out->nonce) < 0 ||
        take_part(&rest, 's', &salt) < 0 ||
        take_part(&rest, 'i', &iterations) < 0 ||
        read_iterations(iterations, &out->iterations) < 0)
        return fail(err, DIESEL_E_PROTOCOL,
                    "the server's first SCRAM message is malformed");
    ssize_t salt_size =
        dmongo__base64_decode(salt.at, salt.n, out->salt, sizeof out->salt);
    if (salt_size <= 0)
        return fail(err, DIESEL_E_PROTOCOL, "the server's salt is malformed");
    out->salt_size = (size_t)salt_size;
    size_t own = strlen(scram->nonce);
    if (out->nonce.n <= own || memcmp(out->nonce.at, scram->nonce, own) != 0)
        return fail(err, DIESEL_E_AUTH,
                    "the server's nonce does not continue the client's");
    if (out->iterations < FEWEST_ITERATIONS ||
        out->iterations > MOST_ITERATIONS)
        return diesel_error_set(err, DIESEL_E_AUTH, DIESEL_DOM_MONGO, 0,
                                "the server wants %u iterations of SCRAM, not "
                                "%d to %d",
                                (unsigned)out->iterations, FEWEST_ITERATIONS,
                                MOST_ITERATIONS);
    return 0;
}

static int hmac(const struct dmongo__scram *scram, const uint8_t *key,
                const void *text, size_t n, uint8_t *out)
{
    unsigned size;
    return HMAC(mechanisms[scram->mechanism].hash(), key,
                (int)mechanisms[scram->mechanism].size, text, n, out,
                &size) != NULL
               ? 0
               : -1;
}

/* MongoDB's password for SCRAM-SHA-1. Owned by the caller. */
static char *digest_password(const char *user, const char *password,
                             diesel_error *err)
{
    static const char hex[] = "0123456789abcdef";
    size_t n = strlen(user) + strlen(":mongo:") + strlen(password);
    char *text = diesel_malloc(n + 1);
    char *out = diesel_malloc(2 * 16 + 1);
    uint8_t md5[EVP_MAX_MD_SIZE];
    if (text == NULL || out == NULL) {
        diesel_error_nomem(err, "authentication");
        goto fail;
    }
    sprintf(text, "%s:mongo:%s", user, password);
    int done = EVP_Digest(text, n, md5, NULL, EVP_md5(), NULL);
    OPENSSL_cleanse(text, n);
    if (done != 1) {
        fail(err, DIESEL_E_FAILED,
             "OpenSSL refuses MD5, which SCRAM-SHA-1 needs; use SCRAM-SHA-256");
        goto fail;
    }
    for (int i = 0; i < 16; i++) {
        out[2 * i] = hex[md5[i] >> 4];
        out[2 * i + 1] = hex[md5[i] & 15];
    }
    out[32] = 0;
    diesel_free(text);
    return out;

fail:
    diesel_free(text);
    diesel_free(out);
    return NULL;
}

static int derive_keys(const struct dmongo__scram *scram,
                       const struct challenge *challenge,
                       struct dmongo__scram_keys *keys, diesel_error *err)
{
    char *password = scram->mechanism == DMONGO__SCRAM_SHA_1
                         ? digest_password(scram->user, scram->password, err)
                         : dmongo__saslprep(scram->password, err);
    if (password == NULL)
        return -1;
    keys->is_set = false;
    uint8_t salted[DMONGO__SCRAM_MOST_HASH];
    size_t password_size = strlen(password);
    int ok = PKCS5_PBKDF2_HMAC(password, (int)password_size, challenge->salt,
                               (int)challenge->salt_size,
                               (int)challenge->iterations,
                               mechanisms[scram->mechanism].hash(),
                               (int)mechanisms[scram->mechanism].size, salted);
    OPENSSL_cleanse(password, password_size);
    diesel_free(password);
    if (ok == 1)
        ok = hmac(scram, salted, "Client Key", 10, keys->client) == 0 &&
             hmac(scram, salted, "Server Key", 10, keys->server) == 0;
    OPENSSL_cleanse(salted, sizeof salted);
    if (ok != 1)
        return crypto_failed(err);
    keys->is_set = true;
    keys->mechanism = scram->mechanism;
    keys->iterations = challenge->iterations;
    keys->salt_size = challenge->salt_size;
    memcpy(keys->salt, challenge->salt, challenge->salt_size);
    return 0;
}

static bool keys_fit(const struct dmongo__scram *scram,
                     const struct challenge *challenge,
                     const struct dmongo__scram_keys *keys)
{
    return keys->is_set && keys->mechanism == scram->mechanism &&
           keys->iterations == challenge->iterations &&
           keys->salt_size == challenge->salt_size &&
           memcmp(keys->salt, challenge->salt, keys->salt_size) == 0;
}

/* The proof as text in `out`, and the signature to expect. */
static int prove(struct dmongo__scram *scram,
                 const struct dmongo__scram_keys *keys, const char *auth,
                 char *out)
{
    size_t size = mechanisms[scram->mechanism].size;
    uint8_t stored[DMONGO__SCRAM_MOST_HASH], proof[DMONGO__SCRAM_MOST_HASH];
    size_t n = strlen(auth);
    int done = -1;
    if (EVP_Digest(keys->client, size, stored, NULL,
                   mechanisms[scram->mechanism].hash(), NULL) == 1 &&
        hmac(scram, stored, auth, n, proof) == 0 &&
        hmac(scram, keys->server, auth, n, scram->server_signature) == 0)
        done = 0;
    for (size_t i = 0; i < size; i++)
        proof[i] ^= keys->client[i];
    if (done == 0)
        dmongo__base64_encode(proof, size, out);
    OPENSSL_cleanse(stored, sizeof stored);
    OPENSSL_cleanse(proof, sizeof proof);
    return done;
}

/* Makes the second message, in the place of the first. */
static int make_final(struct dmongo__scram *scram, const char *first, size_t n,
                      const struct challenge *challenge,
                      const struct dmongo__scram_keys *keys, diesel_error *err)
{
    char proof[DMONGO__BASE64_ROOM(DMONGO__SCRAM_MOST_HASH)];
    size_t bare_size = scram->message_size - strlen(GS2_HEADER);
    size_t final_room = strlen("c=biws,r=,p=") + challenge->nonce.n +
                        sizeof proof;
    char *auth = diesel_malloc(bare_size + 1 + n + 1 + final_room);
    char *final = diesel_malloc(final_room);
    if (auth == NULL || final == NULL) {
        diesel_free(auth);
        diesel_free(final);
        return diesel_error_nomem(err, "authentication");
    }
    int without_proof = sprintf(final, "c=biws,r=%.*s", (int)challenge->nonce.n,
                                challenge->nonce.at);
    sprintf(auth, "%s,%.*s,%s", scram->message + strlen(GS2_HEADER), (int)n,
            first, final);
    int done = prove(scram, keys, auth, proof);
    diesel_free(auth);
    if (done < 0) {
        diesel_free(final);
        return crypto_failed(err);
    }
    int proof_size = sprintf(final + without_proof, ",p=%s", proof);
    forget_message(scram);
    scram->message = final;
    scram->message_size = (size_t)(without_proof + proof_size);
    return 0;
}

int dmongo__scram_answer(struct dmongo__scram *scram, const char *first,
                         size_t n, struct dmongo__scram_keys *keys,
                         diesel_error *err)
{
    struct challenge challenge;
    if (memchr(first, 0, n) != NULL)
        return fail(err, DIESEL_E_PROTOCOL,
                    "the server's first SCRAM message has a zero byte in it");
    if (read_challenge(scram, first, n, &challenge, err) < 0)
        return -1;
    if (!keys_fit(scram, &challenge, keys) &&
        derive_keys(scram, &challenge, keys, err) < 0)
        return -1;
    return make_final(scram, first, n, &challenge, keys, err);
}

int dmongo__scram_verify(struct dmongo__scram *scram, const char *last, size_t n,
                         diesel_error *err)
{
    struct part rest = {last, n}, value;
    if (take_part(&rest, 'e', &value) == 0)
        return diesel_error_set(err, DIESEL_E_AUTH, DIESEL_DOM_MONGO, 0,
                                "the server refuses: %.*s",
                                value.n < 80 ? (int)value.n : 80, value.at);
    uint8_t signature[DMONGO__SCRAM_MOST_HASH];
    size_t size = mechanisms[scram->mechanism].size;
    if (take_part(&rest, 'v', &value) < 0 ||
        dmongo__base64_decode(value.at, value.n, signature,
                              sizeof signature) != (ssize_t)size)
        return fail(err, DIESEL_E_PROTOCOL,
                    "the server's last SCRAM message is malformed");
    if (CRYPTO_memcmp(signature, scram->server_signature, size) != 0)
        return fail(err, DIESEL_E_AUTH,
                    "the server does not know the password either: somebody "
                    "else may be answering in its place");
    return 0;
}
