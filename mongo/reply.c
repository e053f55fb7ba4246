/* SPDX-License-Identifier: MIT */
/*
 * Replies: one walk over the bytes notes where the fields are that matter, and
 * whether the command succeeded. Nothing is copied, and no tree is built.
 *
 * What an error number means is in one table: the error's code, and whether the
 * cause may pass, after the lists in MongoDB's specifications of retryable reads
 * and writes and of server discovery.
 */
#include "reply_internal.h"

#include <string.h>

#include <bson/bson.h>

#include <diesel/mongo_codes.h>

#define FIELD(key, member)                                                     \
    {key, sizeof key - 1, offsetof(struct dmongo__reply, member)}

static const struct {
    const char *key;
    uint32_t key_len;
    size_t offset;
} fields_table[] = {
    FIELD("ok", ok),
    FIELD("cursor", cursor),
    FIELD("n", n),
    FIELD("nModified", n_modified),
    FIELD("upserted", upserted),
    FIELD("writeErrors", write_errors),
    FIELD("writeConcernError", concern_error),
    FIELD("code", code),
    FIELD("codeName", code_name),
    FIELD("errmsg", message),
    FIELD("$err", message), /* of an old server's OP_REPLY */
    FIELD("errorLabels", labels),
    FIELD("$clusterTime", cluster_time),
    FIELD("operationTime", operation_time),
};

#define MOST_SHOWN 120 /* bytes of a server's text in a message */

enum { RETRYABLE = 4 }; /* beside DMONGO__CODE_* */

static const struct {
    int number;
    int code; /* DIESEL_E_*; 0: SERVER */
    unsigned class;
} meanings[] = {
    {DMONGO_UNAUTHORIZED, DIESEL_E_AUTH, 0},
    {DMONGO_AUTHENTICATION_FAILED, DIESEL_E_AUTH, 0},
    {DMONGO_MAX_TIME_MS_EXPIRED, DIESEL_E_TIMEDOUT, 0},
    {DMONGO_EXCEEDED_TIME_LIMIT, DIESEL_E_TIMEDOUT, RETRYABLE},
    {DMONGO_HOST_UNREACHABLE, 0, RETRYABLE},
    {DMONGO_HOST_NOT_FOUND, 0, RETRYABLE},
    {DMONGO_NETWORK_TIMEOUT, 0, RETRYABLE},
    {DMONGO_SOCKET_EXCEPTION, 0, RETRYABLE},
    {DMONGO_READ_CONCERN_MAJORITY_NOT_AVAILABLE_YET, 0, RETRYABLE},
    {DMONGO_NOT_WRITABLE_PRIMARY, 0, RETRYABLE | DMONGO__CODE_NOT_WRITABLE},
    {DMONGO_NOT_PRIMARY_NO_SECONDARY_OK, 0,
     RETRYABLE | DMONGO__CODE_NOT_WRITABLE},
    {DMONGO_LEGACY_NOT_PRIMARY, 0, RETRYABLE | DMONGO__CODE_NOT_WRITABLE},
    {DMONGO_NOT_PRIMARY_OR_SECONDARY, 0, RETRYABLE | DMONGO__CODE_NOT_WRITABLE},
    {DMONGO_PRIMARY_STEPPED_DOWN, 0, RETRYABLE | DMONGO__CODE_NOT_WRITABLE},
    {DMONGO_INTERRUPTED_DUE_TO_REPL_STATE_CHANGE, 0,
     RETRYABLE | DMONGO__CODE_NOT_WRITABLE},
    {DMONGO_INTERRUPTED_AT_SHUTDOWN, 0,
     RETRYABLE | DMONGO__CODE_NOT_WRITABLE | DMONGO__CODE_SHUTDOWN},
    {DMONGO_SHUTDOWN_IN_PROGRESS, 0,
     RETRYABLE | DMONGO__CODE_NOT_WRITABLE | DMONGO__CODE_SHUTDOWN},
};

static const struct {
    int number;
    const char *name;
} names[] = {
#define NAME_ROW(constant, number, name) {number, name},
    DMONGO_CODE_MAP(NAME_ROW)
#undef NAME_ROW
};

const char *dmongo_code_name(int code)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].number == code)
            return names[i].name;
    return NULL;
}

static int meaning(int number)
{
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (meanings[i].number == number)
            return (int)i;
    return -1;
}

unsigned dmongo__code_class(int code)
{
    int i = meaning(code);
    return i >= 0 ? meanings[i].class & ~(unsigned)RETRYABLE : 0;
}

int64_t dmongo__element_int(const struct dmongo__element *e, int64_t fallback)
{
    uint64_t bits;
    double d;
    switch (e->type) {
    case BSON_TYPE_INT32:
        return (int32_t)dmongo__load32(e->value);
    case BSON_TYPE_INT64:
        return (int64_t)dmongo__load64(e->value);
    case BSON_TYPE_BOOL:
        return *e->value;
    case BSON_TYPE_DOUBLE:
        bits = dmongo__load64(e->value);
        memcpy(&d, &bits, sizeof d);
        return d > -9e18 && d < 9e18 ? (int64_t)d : fallback;
    default:
        return fallback;
    }
}

const char *dmongo__element_str(const struct dmongo__element *e, size_t *n)
{
    *n = e->type == BSON_TYPE_UTF8 ? e->size - 5 : 0;
    return e->type == BSON_TYPE_UTF8 ? (const char *)e->value + 4 : "";
}

/* For each length of a key, the rows of the table whose key has it: most elements of
 * most replies are found, or known not to be there, at the first look. */
enum { LONGEST_KEY = 20 };
static uint32_t rows_by_length[LONGEST_KEY + 1];

__attribute__((constructor)) static void index_fields(void)
{
    for (size_t i = 0; i < sizeof fields_table / sizeof fields_table[0]; i++)
        rows_by_length[fields_table[i].key_len] |= UINT32_C(1) << i;
}

static void take_field(struct dmongo__reply *fields,
                       const struct dmongo__element *e)
{
    uint32_t rows = e->key_len <= LONGEST_KEY ? rows_by_length[e->key_len] : 0;
    for (; rows != 0; rows &= rows - 1) {
        int i = __builtin_ctz(rows);
        if (memcmp(e->key, fields_table[i].key, e->key_len) == 0) {
            memcpy((char *)fields + fields_table[i].offset, e, sizeof *e);
            return;
        }
    }
}

int dmongo__reply_fields(struct dmongo__reply *fields, const uint8_t *bytes,
                         size_t size)
{
    memset(fields, 0, sizeof *fields);
    struct dmongo__walk walk;
    struct dmongo__element e;
    int got = dmongo__walk_begin(&walk, bytes, size);
    while (got >= 0 && (got = dmongo__walk_next(&walk, &e)) > 0)
        take_field(fields, &e);
    return got;
}

/* How much of a text of n bytes is shown: the name and the number stand behind it,
 * so a text that fills the message must leave room for them and for what is put
 * in front. Never ends within a character. */
static int shown_length(const char *text, size_t n)
{
    if (n <= MOST_SHOWN)
        return (int)n;
    n = MOST_SHOWN;
    while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
        n--;
    return (int)n;
}

/* A message is one line, whatever the server wrote. */
static void flatten(char *message)
{
    for (; *message != 0; message++)
        if ((unsigned char)*message < 0x20)
            *message = ' ';
}

int dmongo__code_fail(const char *text, size_t text_len, const char *name,
                      size_t name_len, int number, diesel_error *err)
{
    if (text_len == 0) {
        text = "no reason given";
        text_len = strlen(text);
    }
    int i = meaning(number);
    int code = i >= 0 && meanings[i].code != 0 ? meanings[i].code
                                               : DIESEL_E_SERVER;
    int shown = shown_length(text, text_len);
    const char *cut = text_len > MOST_SHOWN ? "..." : "";
    if (name_len > 0)
        diesel_error_set(err, code, DIESEL_DOM_MONGO, number,
                         "%.*s%s (%.*s, %d)", shown, text, cut,
                         shown_length(name, name_len), name, number);
    else
        diesel_error_set(err, code, DIESEL_DOM_MONGO, number, "%.*s%s (%d)",
                         shown, text, cut, number);
    if (err != NULL) {
        flatten(err->message);
        err->flags = DIESEL_EF_SENT;
        if (i >= 0 && meanings[i].class & RETRYABLE)
            err->flags |= DIESEL_EF_RETRYABLE;
    }
    return -1;
}

static const struct {
    const char *name;
    unsigned flag;
} labels[] = {
#define LABEL_ROW(constant, bit, name) {name, DMONGO_EF_##constant},
    DMONGO_LABEL_MAP(LABEL_ROW)
#undef LABEL_ROW
};

bool dmongo_error_has_label(const diesel_error *err, const char *label)
{
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        if (strcmp(labels[i].name, label) == 0)
            return (err->flags & labels[i].flag) != 0;
    return false;
}

unsigned dmongo__labels(const struct dmongo__element *list)
{
    struct dmongo__walk walk;
    struct dmongo__element e;
    unsigned flags = 0;
    if (list->type != BSON_TYPE_ARRAY ||
        dmongo__walk_begin(&walk, list->value, list->size) < 0)
        return 0;
    while (dmongo__walk_next(&walk, &e) > 0) {
        size_t n;
        const char *text = dmongo__element_str(&e, &n);
        for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
            if (strlen(labels[i].name) == n && memcmp(labels[i].name, text, n) == 0)
                flags |= labels[i].flag;
    }
    return flags;
}

/* The error of a reply that does not say ok. */
static int fail(const struct dmongo__reply *reply, diesel_error *err)
{
    size_t text_len, name_len;
    const char *text = dmongo__element_str(&reply->message, &text_len);
    const char *name = dmongo__element_str(&reply->code_name, &name_len);
    int number = (int)dmongo__element_int(&reply->code, 0);
    if (name_len == 0 && dmongo_code_name(number) != NULL) {
        name = dmongo_code_name(number);
        name_len = strlen(name);
    }
    dmongo__code_fail(text, text_len, name, name_len, number, err);
    if (err != NULL)
        err->flags |= dmongo__labels(&reply->labels);
    return -1;
}

int dmongo__reply_read(struct dmongo__reply *reply, const uint8_t *body,
                       size_t size, diesel_error *err)
{
    if (dmongo__reply_fields(reply, body, size) < 0)
        return diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_MONGO, 0,
                                "malformed reply: its document is not BSON");
    if (dmongo__element_int(&reply->ok, 0) != 1)
        return fail(reply, err);
    return 0;
}

int dmongo__reply_check(const uint8_t *body, size_t size, diesel_error *err)
{
    struct dmongo__reply unused;
    return dmongo__reply_read(&unused, body, size, err);
}
