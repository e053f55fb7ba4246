/* SPDX-License-Identifier: MIT */
/*
 * Locks. Each step is a script that asks and acts in one go, run on all servers at
 * once; what counts is how many of them said yes, and whether the time that this took
 * has left anything of the lock.
 *
 * Tokens: each server counts the locks that it has granted. The token is the highest
 * count of those that granted this one, to which their counts are then raised; two
 * majorities have a server in common, so the next token is higher.
 *
 * Who waits for the lock of one server listens for its being given back, on the
 * channel that is called as the token's key, and tries again then. Expiry is not told,
 * and somebody may not be allowed to listen: so there are pauses, too, after which it
 * is tried in any case.
 */
#include <diesel/redis_lock.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <diesel/fiber.h>
#include <diesel/memory.h>
#include <diesel/redis_pubsub.h>
#include <diesel/redis_script.h>
#include <diesel/time.h>

#include "queue_internal.h"

#define USUAL_TTL 10000
#define USUAL_RETRY 100
#define GIVING_MS 1000 /* for talking to servers though the scope is cancelled */

struct dredis_lock {
    dredis *clients[DREDIS_LOCK_CLIENTS];
    size_t n;
    dredis_lock_options options;
    char word[33]; /* random: what says that the lock is ours */
    char *name, *fence;
    uint64_t token;
    int64_t valid_until;
    bool lost;
    diesel_scope *scope; /* of the fiber that extends it */
    dredis__queue waiting;
};

static const char take_code[] =
    "if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then "
    "return 0 end\n"
    "return redis.call('INCR', KEYS[2])";
static const char raise_code[] =
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end\n"
    "if tonumber(redis.call('GET', KEYS[2]) or 0) < tonumber(ARGV[2]) then "
    "redis.call('SET', KEYS[2], ARGV[2]) end\n"
    "return 1";
static const char extend_code[] =
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end\n"
    "return redis.call('PEXPIRE', KEYS[1], ARGV[2])";
static const char give_code[] =
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end\n"
    "redis.call('DEL', KEYS[1])\n"
    "redis.pcall('PUBLISH', KEYS[2], '')\n" /* an ACL may forbid it */
    "return 1";

/* One question to all servers. */
struct round {
    const dredis_lock *lock;
    const char *code;
    uint64_t argument;
    size_t granted;
    uint64_t highest;
    diesel_error failure; /* the last one */
    bool failed;
};

struct question {
    struct round *round;
    dredis *client;
};

static int ask(void *arg)
{
    const struct question *question = arg;
    struct round *round = question->round;
    dredis_script script = DREDIS_SCRIPT(round->code);
    const diesel_value keys[] = {diesel_str(round->lock->name),
                                 diesel_str(round->lock->fence)};
    const diesel_value args[] = {diesel_str(round->lock->word),
                                 diesel_uint(round->argument)};
    dredis_reply *reply = dredis_script_call(question->client, &script, keys, 2,
                                             args, 2, &round->failure);
    if (reply == NULL)
        round->failed = true;
    else if (reply->type == DREDIS_INTEGER && reply->integer > 0) {
        round->granted++;
        if ((uint64_t)reply->integer > round->highest)
            round->highest = (uint64_t)reply->integer;
    }
    dredis_reply_free(reply);
    return 0;
}

/* Asks all, each in a fiber of its own if there are several, and none for longer than
 * a tenth of the lock's life: a server that is down must not use it up. */
static struct round ask_all(const dredis_lock *lock, const char *code,
                            uint64_t argument)
{
    struct round round = {.lock = lock, .code = code, .argument = argument};
    struct question questions[DREDIS_LOCK_CLIENTS];
    if (lock->n == 1) {
        questions[0] = (struct question){&round, lock->clients[0]};
        ask(&questions[0]);
        return round;
    }
    diesel_scope *scope = diesel_scope_open(&(diesel_scope_options){
        .label = "redis lock", .timeout_ms = lock->options.ttl_ms / 10 + 1});
    for (size_t i = 0; i < lock->n; i++) {
        questions[i] = (struct question){&round, lock->clients[i]};
        diesel_go_labelled(scope, "redis lock", ask, &questions[i]);
    }
    if (diesel_scope_wait(scope, &round.failure) < 0)
        round.failed = true;
    return round;
}

static bool is_majority(const dredis_lock *lock, size_t granted)
{
    return granted > lock->n / 2;
}

/* Until when a lock holds that was asked for at `start`: clocks may differ. */
static int64_t holds_until(const dredis_lock *lock, int64_t start)
{
    int64_t ttl = lock->options.ttl_ms;
    return start + ttl - ttl / 100 - 2;
}

/* Takes back what was granted, whatever the scope says. */
static struct round give_all(const dredis_lock *lock)
{
    diesel_scope *scope = diesel_scope_open(&(diesel_scope_options){
        .label = "redis lock", .timeout_ms = GIVING_MS, .shield = true});
    struct round round = ask_all(lock, give_code, 0);
    diesel_scope_wait(scope, NULL);
    return round;
}

/* One attempt: 1; 0: another has it; -1. */
static int attempt(dredis_lock *lock, diesel_error *err)
{
    int64_t start = diesel_now();
    struct round round =
        ask_all(lock, take_code, (uint64_t)lock->options.ttl_ms);
    bool most = is_majority(lock, round.granted);
    if (most && lock->n > 1) {
        lock->token = round.highest;
        most = is_majority(lock, ask_all(lock, raise_code, lock->token).granted);
    }
    lock->token = round.highest;
    lock->valid_until = holds_until(lock, start);
    if (most && diesel_now() < lock->valid_until)
        return 1;
    if (round.granted > 0 || round.failed)
        give_all(lock);
    if (diesel_check(err) < 0)
        return -1;
    if (lock->n == 1 && round.failed) {
        if (err != NULL)
            *err = round.failure;
        return -1;
    }
    return 0;
}

static uint64_t random_number(void)
{
    uint64_t number;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        number = (uint64_t)diesel_now() ^ (uint64_t)(uintptr_t)&number;
    return number;
}

static void lose(dredis_lock *lock)
{
    lock->lost = true;
    dredis__queue_wake_all(&lock->waiting, 0);
    if (lock->options.guard != NULL)
        diesel_scope_cancel(lock->options.guard);
}

/* Extends the lock at each third of its life, until it is given back or lost. */
static int keep(void *arg)
{
    dredis_lock *lock = arg;
    int64_t pause = lock->options.ttl_ms / 3;
    while (!lock->lost) {
        int64_t now = diesel_now(), left = lock->valid_until - now;
        if (diesel_sleep(left < pause ? (left > 0 ? left : 0) : pause, NULL) < 0)
            return 0;
        int64_t start = diesel_now();
        if (lock->options.no_extension || start >= lock->valid_until) {
            if (start >= lock->valid_until)
                lose(lock);
            continue;
        }
        struct round round =
            ask_all(lock, extend_code, (uint64_t)lock->options.ttl_ms);
        if (is_majority(lock, round.granted))
            lock->valid_until = holds_until(lock, start);
        else if (!round.failed)
            lose(lock); /* it is not ours any more */
        pause = round.failed ? lock->options.ttl_ms / 20 + 1
                             : lock->options.ttl_ms / 3;
    }
    return 0;
}

static void free_lock(dredis_lock *lock)
{
    diesel_free(lock->name);
    diesel_free(lock->fence);
    diesel_free(lock);
}

/* The key of the token, in the same slot of a cluster as the lock's. */
static char *fence_name(const char *name)
{
    size_t size = strlen(name) + sizeof "{}:fence";
    char *fence = diesel_malloc(size);
    if (fence != NULL)
        snprintf(fence, size,
                 strchr(name, '{') != NULL ? "%s:fence" : "{%s}:fence", name);
    return fence;
}

static dredis_lock *new_lock(dredis *const *clients, size_t n, const char *name,
                             const dredis_lock_options *options,
                             diesel_error *err)
{
    if (n < 1 || n > DREDIS_LOCK_CLIENTS || name == NULL ||
        (options != NULL && (options->ttl_ms < 0 || options->retry_ms < 0))) {
        diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                         "a lock needs a name, 1 to 16 clients and times that are "
                         "not negative");
        return NULL;
    }
    dredis_lock *lock = diesel_calloc(1, sizeof *lock);
    if (lock == NULL)
        goto fail;
    memcpy(lock->clients, clients, n * sizeof *clients);
    lock->n = n;
    if (options != NULL)
        lock->options = *options;
    if (lock->options.ttl_ms == 0)
        lock->options.ttl_ms = USUAL_TTL;
    if (lock->options.retry_ms == 0)
        lock->options.retry_ms = USUAL_RETRY;
    dredis__queue_init(&lock->waiting);
    lock->name = diesel_strndup(name, strlen(name));
    lock->fence = fence_name(name);
    if (lock->name != NULL && lock->fence != NULL)
        return lock;
    free_lock(lock);
fail:
    diesel_error_nomem(err, "a lock");
    return NULL;
}

/* A subscription to what is told when the lock is given back; NULL: there is none. */
static dredis_subscription *listen_for_giving(const dredis_lock *lock)
{
    diesel_error why;
    if (lock->n > 1)
        return NULL;
    dredis_subscription *news = dredis_subscription_open(
        lock->clients[0],
        &(dredis_subscription_options){.queue = 1, .slow = DREDIS_SLOW_DROP_OLDEST},
        &why);
    if (news == NULL || dredis_subscribe(news, lock->fence, &why) == 0)
        return news;
    dredis_subscription_close(news);
    return NULL;
}

/* Waits until it is worth another attempt: 0 or -1. */
static int pause_or_hear(const dredis_lock *lock, dredis_subscription *news,
                         diesel_error *err)
{
    diesel_error why;
    dredis_message message;
    int64_t pause =
        (int64_t)(random_number() % (uint64_t)lock->options.retry_ms + 1);
    if (news == NULL)
        return diesel_sleep(pause, err);
    int got = dredis_receive(news, &message, diesel_now() + pause, &why);
    if (got > 0)
        dredis_message_clear(&message);
    else if (got < 0 && why.code != DIESEL_E_TIMEDOUT)
        return diesel_sleep(pause, err); /* it failed: as without it */
    return diesel_check(err);
}

static void draw_word(dredis_lock *lock)
{
    snprintf(lock->word, sizeof lock->word, "%016" PRIx64 "%016" PRIx64,
             random_number(), random_number());
}

/* Tries until it has the lock, which another has: 0 or -1. */
static int await(dredis_lock *lock, diesel_error *err)
{
    dredis_subscription *news = listen_for_giving(lock);
    int got;
    for (;;) { /* it may have been given back before we listened */
        draw_word(lock);
        got = attempt(lock, err);
        if (got != 0 || pause_or_hear(lock, news, err) < 0)
            break;
    }
    dredis_subscription_close(news);
    return got > 0 ? 0 : -1;
}

static int take(dredis_lock *lock, diesel_error *err)
{
    draw_word(lock);
    int got = attempt(lock, err);
    if (got != 0)
        return got < 0 ? -1 : 0;
    if (lock->options.once)
        return diesel_error_set(err, DIESEL_E_BUSY, DIESEL_DOM_CORE, 0,
                                "another one has the lock %.100s", lock->name);
    return await(lock, err);
}

dredis_lock *dredis_lock_take(dredis *const *clients, size_t n, const char *name,
                              const dredis_lock_options *options,
                              diesel_error *err)
{
    if (diesel_check(err) < 0)
        return NULL;
    dredis_lock *lock = new_lock(clients, n, name, options, err);
    if (lock == NULL)
        return NULL;
    if (take(lock, err) < 0) {
        free_lock(lock);
        return NULL;
    }
    lock->scope = diesel_scope_open(
        &(diesel_scope_options){.label = "redis lock", .detached = true});
    if (diesel_go_labelled(lock->scope, "redis lock", keep, lock) == 0)
        return lock;
    dredis_lock_give(lock, NULL);
    diesel_error_nomem(err, "the fiber that extends a lock");
    return NULL;
}

static void not_given(const dredis_lock *lock, bool held, struct round *round,
                      diesel_error *err)
{
    if (!held || !round->failed) {
        diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                         "the lock %.100s had been lost", lock->name);
        return;
    }
    diesel_error_prefix(&round->failure, "the lock %.100s was not given back and "
                        "will expire", lock->name);
    if (err != NULL)
        *err = round->failure;
}

int dredis_lock_give(dredis_lock *lock, diesel_error *err)
{
    if (lock == NULL)
        return 0;
    diesel_scope_cancel(lock->scope);
    diesel_scope *shield =
        diesel_scope_open(&(diesel_scope_options){.shield = true});
    diesel_scope_wait(lock->scope, NULL);
    diesel_scope_wait(shield, NULL);
    bool held = dredis_lock_is_held(lock);
    struct round round = give_all(lock);
    bool given = held && is_majority(lock, round.granted);
    if (!given)
        not_given(lock, held, &round, err);
    dredis__queue_wake_all(&lock->waiting, 0);
    free_lock(lock);
    return given ? 0 : -1;
}

uint64_t dredis_lock_token(const dredis_lock *lock)
{
    return lock->token;
}

bool dredis_lock_is_held(const dredis_lock *lock)
{
    return !lock->lost && diesel_now() < lock->valid_until;
}

int dredis_lock_await_loss(dredis_lock *lock, int64_t deadline, diesel_error *err)
{
    if (diesel_check(err) < 0)
        return -1;
    if (lock->lost)
        return 0;
    return dredis__queue_park(&lock->waiting, false, "the loss of a lock", deadline,
                              err) < 0
               ? -1
               : 0;
}
