/* SPDX-License-Identifier: MIT */
/*
 * A very small MongoDB, see mongo_small.h.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <diesel/core.h>

#include "mongo/base64_internal.h"
#include "mongo_small.h"

struct mongo_small_counts mongo_small_counts;
long mongo_small_silent_at;

void mongo_small_reset(void)
{
    mongo_small_counts = (struct mongo_small_counts){0};
    mongo_small_silent_at = 0;
}

/* --- SCRAM (RFC 5802), for one client at a time */

enum { HASH = 32 };
static const uint8_t salt[16] = "0123456789abcdef";
static char first_bare[256], server_first[256];

static void hmac(const uint8_t key[HASH], const char *text, uint8_t out[HASH])
{
    ck_assert_ptr_nonnull(HMAC(EVP_sha256(), key, HASH,
                               (const unsigned char *)text, strlen(text), out,
                               NULL));
}

static void derive(uint8_t salted[HASH])
{
    ck_assert_int_eq(PKCS5_PBKDF2_HMAC(MONGO_SMALL_PASSWORD, -1, salt,
                                       sizeof salt, 4096, EVP_sha256(), HASH,
                                       salted),
                     1);
}

/* To "n,,n=user,r=nonce"; "" if it is another user's. */
static void make_first(const char *client_first, size_t n)
{
    const char *user = "n=" MONGO_SMALL_USER ",r=";
    char b64[DMONGO__BASE64_ROOM(sizeof salt)];
    *server_first = 0;
    if (n < 3 || n - 3 >= sizeof first_bare)
        return;
    memcpy(first_bare, client_first + 3, n - 3);
    first_bare[n - 3] = 0;
    dmongo__base64_encode(salt, sizeof salt, b64);
    if (strncmp(first_bare, user, strlen(user)) == 0)
        snprintf(server_first, sizeof server_first, "r=%.100sserver,s=%s,i=4096",
                 first_bare + strlen(user), b64);
}

/* To "c=biws,r=nonce,p=proof"; false if the proof is wrong. */
static bool make_last(const char *client_last, size_t n, char last[100])
{
    uint8_t salted[HASH], key[HASH], stored[HASH], signature[HASH], proof[HASH];
    char text[800];
    const char *p = memmem(client_last, n, ",p=", 3);
    ck_assert_ptr_nonnull(p);
    size_t before = (size_t)(p - client_last);
    snprintf(text, sizeof text, "%s,%s,%.*s", first_bare, server_first,
             (int)before, client_last);
    ck_assert_int_eq(
        dmongo__base64_decode(p + 3, n - before - 3, proof, HASH), HASH);
    derive(salted);
    hmac(salted, "Client Key", key);
    SHA256(key, HASH, stored);
    hmac(stored, text, signature);
    for (int i = 0; i < HASH; i++)
        proof[i] ^= signature[i];
    if (memcmp(proof, key, HASH) != 0)
        return false;
    hmac(salted, "Server Key", key);
    hmac(key, text, signature);
    char b64[DMONGO__BASE64_ROOM(HASH)];
    dmongo__base64_encode(signature, HASH, b64);
    snprintf(last, 100, "v=%s", b64);
    return true;
}

static dmongo_value text_payload(const char *text)
{
    return dmongo_binary(text, strlen(text), BSON_SUBTYPE_BINARY);
}

static int refuse_user(mongo_script_peer *peer, const mongo_script_request *ask)
{
    return dmongo_peer_reply_error(mongo_script_client(peer), ask->from,
                                   DMONGO_AUTHENTICATION_FAILED,
                                   "Authentication failed.", NULL);
}

static int go_on_with_scram(mongo_script_peer *peer,
                            const mongo_script_request *ask)
{
    size_t n;
    char last[100];
    const char *payload =
        (const char *)dmongo_get_binary(&ask->body, "payload", &n);
    ck_assert_ptr_nonnull(payload);
    if (strcmp(ask->command, "saslStart") == 0) {
        make_first(payload, n);
        snprintf(last, sizeof last, "%.99s", server_first);
    } else if (!make_last(payload, n, last)) {
        return refuse_user(peer, ask);
    }
    bool done = strcmp(ask->command, "saslStart") != 0;
    return mongo_script_reply(
        peer, ask,
        dmongo_doc("conversationId", 1, "done", dmongo_bool(done), "payload",
                   text_payload(done ? last : server_first), "ok", 1.0),
        NULL);
}

static int hello(mongo_script_peer *peer, const mongo_script_request *ask,
                 void *arg)
{
    (void)arg;
    size_t n;
    dmongo_value first = dmongo_absent(), mechs = dmongo_absent();
    dmongo_value fields[6];
    const char *payload = (const char *)dmongo_get_binary(
        &ask->body, "speculativeAuthenticate.payload", &n);
    if (payload != NULL)
        make_first(payload, n);
    dmongo_value parts[] = {dmongo_str("conversationId"), dmongo_int32(1),
                            dmongo_str("done"), dmongo_bool(false),
                            dmongo_str("payload"), text_payload(server_first)};
    dmongo_value names[] = {dmongo_str("SCRAM-SHA-256")};
    if (payload != NULL)
        first = dmongo_doc_of(parts, 6);
    if (dmongo_has(&ask->body, "saslSupportedMechs"))
        mechs = dmongo_array_of(names, 1);
    fields[0] = dmongo_str("saslSupportedMechs");
    fields[1] = mechs;
    fields[2] = dmongo_str("speculativeAuthenticate");
    fields[3] = first;
    return dmongo_peer_reply_hello(
        mongo_script_client(peer), ask->from,
        &(dmongo_hello_options){.more = dmongo_doc_of(fields, 4)}, NULL);
}

const mongo_script_options mongo_small_options = {
    .hello = hello, .compressors = "zlib", .sessions = true};

/* --- Commands */

static bool is(const mongo_script_request *ask, const char *command)
{
    return strcmp(ask->command, command) == 0;
}

static const char *collection(const mongo_script_request *ask)
{
    return is(ask, "getMore") ? dmongo_get_str(&ask->body, "collection", "")
                              : dmongo_get_str(&ask->body, ask->command, "");
}

static int reply_cursor(mongo_script_peer *peer, const mongo_script_request *ask,
                        int64_t id, const char *batch, dmongo_value docs)
{
    char ns[80];
    snprintf(ns, sizeof ns, "t.%s", collection(ask));
    mongo_small_counts.is_open = id != 0 && mongo_small_counts.kills == 0;
    return mongo_script_reply(
        peer, ask,
        dmongo_doc("cursor", dmongo_doc("id", dmongo_int64(id), "ns", ns, batch,
                                        docs),
                   "ok", 1.0),
        NULL);
}

static int find(mongo_script_peer *peer, const mongo_script_request *ask)
{
    const char *name = collection(ask);
    if (strcmp(name, "fs.files") == 0)
        return reply_cursor(
            peer, ask, 0, "firstBatch",
            dmongo_array(dmongo_doc("_id", 1, "length", 6, "chunkSize", 4,
                                    "uploadDate", dmongo_date(1), "filename",
                                    "f")));
    if (strcmp(name, "fs.chunks") == 0)
        return reply_cursor(
            peer, ask, 0, "firstBatch",
            dmongo_array(
                dmongo_doc("files_id", 1, "n", 0, "data",
                           dmongo_binary("abcd", 4, BSON_SUBTYPE_BINARY)),
                dmongo_doc("files_id", 1, "n", 1, "data",
                           dmongo_binary("ef", 2, BSON_SUBTYPE_BINARY))));
    if (strcmp(name, "many") != 0)
        return reply_cursor(peer, ask, 0, "firstBatch", dmongo_array());
    return reply_cursor(
        peer, ask,
        dmongo_get_bool(&ask->body, "singleBatch", false) ? 0
                                                          : MONGO_SMALL_CURSOR,
        "firstBatch", dmongo_array(dmongo_doc("_id", 1, "text", "one"),
                                   dmongo_doc("_id", 2, "text", "two")));
}

static int get_more(mongo_script_peer *peer, const mongo_script_request *ask)
{
    bool again = ++mongo_small_counts.get_mores % 2 == 1;
    ck_assert(dmongo_get_int(&ask->body, "getMore", 0) == MONGO_SMALL_CURSOR);
    return reply_cursor(peer, ask, again ? MONGO_SMALL_CURSOR : 0, "nextBatch",
                        dmongo_array(dmongo_doc("_id", 3, "text", "three"),
                                     dmongo_doc("_id", 4, "text", "four")));
}

static int kill_cursors(mongo_script_peer *peer, const mongo_script_request *ask)
{
    mongo_small_counts.kills++;
    mongo_small_counts.is_open = false;
    ck_assert(dmongo_get_int(&ask->body, "cursors.0", 0) == MONGO_SMALL_CURSOR);
    return mongo_script_reply(peer, ask, dmongo_doc("ok", 1.0), NULL);
}

static int write_docs(mongo_script_peer *peer, const mongo_script_request *ask)
{
    bool refused = strcmp(collection(ask), "refused") == 0;
    bool updates = is(ask, "update");
    int n = ask->sequence_count > 0 ? (int)ask->sequences[0].count : 1;
    bool upserts = dmongo_get_bool(&ask->body, "updates.0.upsert", false);
    dmongo_value errors = dmongo_array(
        dmongo_doc("index", 0, "code", 11000, "errmsg", "E11000 duplicate key"));
    dmongo_value concern = dmongo_doc("code", 64, "errmsg", "waiting timed out");
    dmongo_value upserted =
        dmongo_array(dmongo_doc("index", 0, "_id", "a new one"));
    return mongo_script_reply(
        peer, ask,
        dmongo_doc("n", n,
                   "nModified", updates ? n : 0,
                   "upserted", upserts ? upserted : dmongo_absent(),
                   "writeErrors", refused ? errors : dmongo_absent(),
                   "writeConcernError", refused ? concern : dmongo_absent(),
                   "ok", 1.0),
        NULL);
}

/* One that upserted and one that was refused. */
static int bulk_write(mongo_script_peer *peer, const mongo_script_request *ask)
{
    return mongo_script_reply(
        peer, ask,
        dmongo_doc("cursor",
                   dmongo_doc("id", dmongo_int64(0), "ns", "admin.$cmd.bulkWrite",
                              "firstBatch",
                              dmongo_array(
                                  dmongo_doc("ok", 1.0, "idx", 0, "n", 1,
                                             "upserted", dmongo_doc("_id", 9)),
                                  dmongo_doc("ok", 0.0, "idx", 1, "code", 11000,
                                             "errmsg", "duplicate", "n", 0))),
                   "nErrors", 1, "nInserted", 0, "nMatched", 0, "nModified", 0,
                   "nUpserted", 1, "nDeleted", 0, "ok", 1.0),
        NULL);
}

static int aggregate(mongo_script_peer *peer, const mongo_script_request *ask)
{
    return reply_cursor(peer, ask, 0, "firstBatch",
                        dmongo_array(dmongo_doc("_id", 1, "n", 3)));
}

/* What any command may ask for. */
static int any(mongo_script_peer *peer, const mongo_script_request *ask)
{
    return mongo_script_reply(
        peer, ask,
        dmongo_doc("n", 3, "values", dmongo_array(1, 2), "value",
                   dmongo_doc("_id", 1), "lastErrorObject",
                   dmongo_doc("updatedExisting", dmongo_bool(true)), "databases",
                   dmongo_array(dmongo_doc("name", "t")), "ok", 1.0),
        NULL);
}

static int end_sessions(mongo_script_peer *peer, const mongo_script_request *ask)
{
    mongo_small_counts.ended_sessions++;
    return mongo_script_reply(peer, ask, dmongo_doc("ok", 1.0), NULL);
}

static const struct {
    const char *command;
    int (*answer)(mongo_script_peer *peer, const mongo_script_request *ask);
} answers[] = {
    {"saslStart", go_on_with_scram}, {"saslContinue", go_on_with_scram},
    {"find", find},                  {"getMore", get_more},
    {"killCursors", kill_cursors},   {"insert", write_docs},
    {"update", write_docs},               {"delete", write_docs},
    {"bulkWrite", bulk_write},       {"aggregate", aggregate},
    {"listCollections", aggregate},  {"listIndexes", aggregate},
    {"endSessions", end_sessions},
};

int mongo_small(mongo_script_peer *peer, const mongo_script_request *ask,
                void *arg)
{
    (void)arg;
    if (!is(ask, "killCursors") &&
        ++mongo_small_counts.requests == mongo_small_silent_at) {
        (void)!diesel_sleep(1000 * 1000, NULL); /* until the server is closed */
        return -1;
    }
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        if (is(ask, answers[i].command))
            return answers[i].answer(peer, ask);
    return any(peer, ask);
}

void mongo_small_uri(const mongo_script *server, const char *password,
                     const char *options, char uri[600])
{
    const char *plain = mongo_script_uri(server);
    snprintf(uri, 600, "mongodb://" MONGO_SMALL_USER ":%s@%s/?%s", password,
             plain + strlen("mongodb://"), options);
}
