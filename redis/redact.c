/* SPDX-License-Identifier: MIT */
/*
 * Commands as text, without what is nobody's business. What is shown is chosen, not
 * what is hidden: the words of the name and what the table of commands says are keys.
 * If values are asked for, the table below says which are secrets.
 */
#include "redact_internal.h"

#include <string.h>
#include <strings.h>

#include "command_internal.h"
#include "encode_internal.h"

#define MOST_KEYS 32
#define LONGEST_ARGUMENT 64

/* Which arguments are secrets: every `step`-th from `from` on; or, if from is 0,
 * the two behind the word AUTH or AUTH2. */
static const struct secret {
    const char *name;
    size_t from, step;
} secrets[] = {
    {"AUTH", 1, 1},  {"ACL SETUSER", 3, 1}, {"CONFIG SET", 3, 2},
    {"HELLO", 0, 0}, {"MIGRATE", 0, 0},
};

static bool is_auth(const diesel_value *arg)
{
    return (arg->type == DIESEL_VALUE_STR || arg->type == DIESEL_VALUE_BYTES) &&
           arg->s != NULL &&
           ((arg->len == 4 && strncasecmp(arg->s, "AUTH", 4) == 0) ||
            (arg->len == 5 && strncasecmp(arg->s, "AUTH2", 5) == 0));
}

static const struct secret *secret_of(const dredis__command_row *row)
{
    for (size_t i = 0; row != NULL && i < sizeof secrets / sizeof secrets[0]; i++)
        if (strcmp(row->name, secrets[i].name) == 0)
            return &secrets[i];
    return NULL;
}

static bool is_secret(const struct secret *secret, const diesel_value *args,
                      size_t i)
{
    if (secret == NULL)
        return false;
    if (secret->from == 0)
        return is_auth(&args[i - 1]) || (i > 1 && is_auth(&args[i - 2]));
    return i >= secret->from && (i - secret->from) % secret->step == 0;
}

static bool is_key(const size_t *keys, size_t count, size_t i)
{
    for (size_t k = 0; k < count && k < MOST_KEYS; k++)
        if (keys[k] == i)
            return true;
    return false;
}

size_t dredis__redact(char *text, size_t size, const diesel_value *args, size_t n,
                      bool values)
{
    static const diesel_value hidden = {.type = DIESEL_VALUE_STR, .s = "?", .len = 1};
    size_t keys[MOST_KEYS], used = 0;
    size_t count = dredis__command_keys(args, n, keys, MOST_KEYS);
    const dredis__command_row *row = dredis__command_find(args, n);
    const struct secret *secret = secret_of(row);
    size_t words = row != NULL && strchr(row->name, ' ') != NULL ? 2 : 1;
    for (size_t i = 0; i < n; i++) {
        size_t room = size - used - sizeof "  ...";
        if (size - used < sizeof "  ..." + 4) { /* a cut argument needs three */
            memcpy(text + used, " ...", sizeof " ...");
            return used + 4;
        }
        if (i > 0)
            text[used++] = ' ';
        bool shown = i < words || (!is_secret(secret, args, i) &&
                                   (values || is_key(keys, count, i)));
        used = dredis__argument_show(text, used, shown ? &args[i] : &hidden,
                                     room < LONGEST_ARGUMENT ? room
                                                             : LONGEST_ARGUMENT);
    }
    return used;
}
