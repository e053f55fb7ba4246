/* SPDX-License-Identifier: MIT */
/*
 * Cache-aside, see redis_aside.h. The key KEY:loading says that somebody is making the
 * value; it expires, so that one who dies holds nobody up. It is deleted without asking
 * whose it is: should it be another one's, for ours had expired, a third one may make
 * the value as well, which costs time and harms nothing.
 */
#include <diesel/redis_aside.h>

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <diesel/fiber.h>
#include <diesel/memory.h>
#include <diesel/scope.h>

#define USUAL_TTL 60000
#define USUAL_LOAD 10000
#define FIRST_PAUSE 2
#define LONGEST_PAUSE 50
#define CLEANING_MS 1000

struct aside {
    dredis *client;
    const char *key;
    char *loading; /* KEY:loading */
    dredis_aside_options options;
    dredis_load_fn *load;
    void *arg;
};

/* What is there: 1; 0: nothing; -1. */
static int look(const struct aside *a, char **value, size_t *len, diesel_error *err)
{
    dredis_reply *reply = dredis_call(a->client, err, "GET", a->key);
    if (reply == NULL)
        return -1;
    int found = reply->type == DREDIS_STRING;
    if (found) {
        *value = diesel_malloc(reply->len + 1);
        *len = reply->len;
        if (*value != NULL)
            memcpy(*value, reply->str, reply->len + 1);
        else
            found = diesel_error_nomem(err, "a value");
    }
    dredis_reply_free(reply);
    return found;
}

/* 1: we make it; 0: another one does; -1. */
static int claim(const struct aside *a, diesel_error *err)
{
    dredis_reply *reply = dredis_call(a->client, err, "SET", a->loading, 1, "NX",
                                      "PX", a->options.load_ms);
    if (reply == NULL)
        return -1;
    int ours = reply->type != DREDIS_NIL;
    dredis_reply_free(reply);
    return ours;
}

/* So that others need not wait, whatever our scope says. */
static void unclaim(const struct aside *a)
{
    diesel_scope *scope = diesel_scope_open(
        &(diesel_scope_options){.timeout_ms = CLEANING_MS, .shield = true});
    dredis_reply_free(dredis_call(a->client, NULL, "DEL", a->loading));
    diesel_scope_wait(scope, NULL);
}

static int64_t lifetime(const struct aside *a)
{
    uint64_t number = 0;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        number = 0;
    int64_t tenth = a->options.ttl_ms / 10;
    return a->options.ttl_ms - (int64_t)(number % (uint64_t)(tenth + 1));
}

/* Makes and keeps it: 0 or -1. */
static int make(const struct aside *a, char **value, size_t *len, diesel_error *err)
{
    char *made = NULL;
    size_t size = 0;
    int result = a->load(a->arg, a->key, &made, &size, err);
    if (result == 0) {
        dredis_reply_free(dredis_call(a->client, NULL, "SET", a->key,
                                      diesel_bytes(made, size), "PX",
                                      lifetime(a)));
        *value = diesel_realloc_array(made, size + 1, 1);
        *len = size;
        if (*value != NULL) {
            (*value)[size] = '\0';
        } else {
            diesel_free(made);
            result = diesel_error_nomem(err, "a value");
        }
    }
    unclaim(a);
    return result < 0 ? -1 : 0;
}

static int get(const struct aside *a, char **value, size_t *len, diesel_error *err)
{
    for (int64_t pause = FIRST_PAUSE;; pause *= 2) {
        int found = look(a, value, len, err);
        if (found != 0)
            return found < 0 ? -1 : 0;
        int ours = claim(a, err);
        if (ours != 0)
            return ours < 0 ? -1 : make(a, value, len, err);
        if (pause > LONGEST_PAUSE)
            pause = LONGEST_PAUSE;
        if (diesel_sleep(pause, err) < 0)
            return -1;
    }
}

int dredis_aside_get(dredis *client, const char *key,
                     const dredis_aside_options *options, dredis_load_fn *load,
                     void *arg, char **value, size_t *len, diesel_error *err)
{
    struct aside a = {.client = client, .key = key, .load = load, .arg = arg};
    size_t size = strlen(key) + sizeof ":loading", got = 0;
    *value = NULL;
    if (options != NULL)
        a.options = *options;
    if (a.options.ttl_ms <= 0)
        a.options.ttl_ms = USUAL_TTL;
    if (a.options.load_ms <= 0)
        a.options.load_ms = USUAL_LOAD;
    a.loading = diesel_malloc(size);
    if (a.loading == NULL)
        return diesel_error_nomem(err, "the name of a key");
    snprintf(a.loading, size, "%s:loading", key);
    int result = get(&a, value, &got, err);
    if (len != NULL)
        *len = got;
    diesel_free(a.loading);
    return result;
}
