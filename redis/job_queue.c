/* SPDX-License-Identifier: MIT */
/*
 * Queues of jobs, see redis_queue.h.
 *
 * A take that is cancelled, or whose connection breaks, may have moved a job of which
 * we know nothing. So the queue notes that it is uncertain, and before the next take it
 * moves back all that lies in the worker's list beside the jobs that it knows.
 */
#include <diesel/redis_queue.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <diesel/fiber.h>
#include <diesel/memory.h>
#include <diesel/redis_script.h>
#include <diesel/scope.h>

#define USUAL_LEASE 30000
#define CLOSING_MS 1000
#define WAIT_S 5 /* of one BLMOVE; then it looks again */

struct dredis_queue {
    dredis *client;
    dredis_queue_options options;
    char id[17];
    char *name, *workers, *lease, *taken, *prefix;
    dredis_job *jobs; /* taken and not finished */
    bool uncertain;
    diesel_scope *scope; /* of the fiber that renews the lease */
};

/* KEYS: workers, lease; ARGV: id, lease_ms. */
static const char renew_code[] =
    "redis.call('SADD', KEYS[1], ARGV[1])\n"
    "redis.call('SET', KEYS[2], '1', 'PX', ARGV[2])\n"
    "return 1";

/* KEYS: queue, workers; ARGV: what the other keys begin with. */
static const char recover_code[] =
    "local n = 0\n"
    "for _, id in ipairs(redis.call('SMEMBERS', KEYS[2])) do\n"
    "  if redis.call('EXISTS', ARGV[1] .. 'lease:' .. id) == 0 then\n"
    "    while redis.call('LMOVE', ARGV[1] .. 'taken:' .. id, KEYS[1], 'LEFT', "
    "'LEFT') do n = n + 1 end\n"
    "    redis.call('SREM', KEYS[2], id)\n"
    "  end\n"
    "end\n"
    "return n";

/* Moves back all but the known jobs. KEYS: queue, taken; ARGV: the known. */
static const char settle_code[] =
    "local known = {}\n"
    "for _, v in ipairs(ARGV) do known[v] = (known[v] or 0) + 1 end\n"
    "local n = 0\n"
    "for _, v in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do\n"
    "  if (known[v] or 0) > 0 then known[v] = known[v] - 1\n"
    "  else redis.call('LREM', KEYS[2], 1, v); redis.call('LPUSH', KEYS[1], v); "
    "n = n + 1 end\n"
    "end\n"
    "return n";

/* KEYS: queue, taken; ARGV: job. */
static const char return_code[] =
    "local n = redis.call('LREM', KEYS[2], 1, ARGV[1])\n"
    "if n > 0 then redis.call('LPUSH', KEYS[1], ARGV[1]) end\n"
    "return n";

/* KEYS: queue, taken, workers, lease; ARGV: id. */
static const char leave_code[] =
    "while redis.call('LMOVE', KEYS[2], KEYS[1], 'LEFT', 'LEFT') do end\n"
    "redis.call('SREM', KEYS[3], ARGV[1])\n"
    "redis.call('DEL', KEYS[4])\n"
    "return 1";

/* A script that replies with a number: that, or -1. */
static int64_t run(dredis_queue *q, const char *code, const diesel_value *keys,
                   size_t n_keys, const diesel_value *args, size_t n_args,
                   diesel_error *err)
{
    dredis_script script = DREDIS_SCRIPT(code);
    dredis_reply *reply = dredis_script_call(q->client, &script, keys, n_keys, args,
                                             n_args, err);
    if (reply == NULL)
        return -1;
    int64_t n = reply->integer;
    dredis_reply_free(reply);
    return n;
}

static int64_t renew(dredis_queue *q, diesel_error *err)
{
    const diesel_value keys[] = {diesel_str(q->workers), diesel_str(q->lease)};
    const diesel_value args[] = {diesel_str(q->id),
                                 diesel_int(q->options.lease_ms)};
    return run(q, renew_code, keys, 2, args, 2, err);
}

int64_t dredis_queue_recover(dredis_queue *q, diesel_error *err)
{
    const diesel_value keys[] = {diesel_str(q->name), diesel_str(q->workers)};
    const diesel_value args[] = {diesel_str(q->prefix)};
    return run(q, recover_code, keys, 2, args, 1, err);
}

/* Failures are left to the next time: there are three of them in a lease. */
static int keep(void *arg)
{
    dredis_queue *q = arg;
    while (diesel_sleep(q->options.lease_ms / 3 + 1, NULL) == 0) {
        renew(q, NULL);
        if (dredis_queue_recover(q, NULL) < 0)
            continue;
    }
    return 0;
}

/* "{name}:what" or, of names that have a tag already, "name:what". */
static char *key_of(const char *name, const char *what, const char *id)
{
    size_t size = strlen(name) + strlen(what) + strlen(id) + 4;
    char *key = diesel_malloc(size);
    if (key != NULL)
        snprintf(key, size, strchr(name, '{') != NULL ? "%s:%s%s" : "{%s}:%s%s",
                 name, what, id);
    return key;
}

static void free_queue(dredis_queue *q)
{
    diesel_free(q->name);
    diesel_free(q->workers);
    diesel_free(q->lease);
    diesel_free(q->taken);
    diesel_free(q->prefix);
    diesel_free(q);
}

static dredis_queue *new_queue(dredis *client, const char *name,
                               const dredis_queue_options *options)
{
    uint64_t number;
    dredis_queue *q = diesel_calloc(1, sizeof *q);
    if (q == NULL)
        return NULL;
    q->client = client;
    if (options != NULL)
        q->options = *options;
    if (q->options.lease_ms <= 0)
        q->options.lease_ms = USUAL_LEASE;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        number = (uint64_t)diesel_now() ^ (uint64_t)(uintptr_t)q;
    snprintf(q->id, sizeof q->id, "%016" PRIx64, number);
    q->name = diesel_strndup(name, strlen(name));
    q->workers = key_of(name, "workers", "");
    q->lease = key_of(name, "lease:", q->id);
    q->taken = key_of(name, "taken:", q->id);
    q->prefix = key_of(name, "", "");
    if (q->name != NULL && q->workers != NULL && q->lease != NULL &&
        q->taken != NULL && q->prefix != NULL)
        return q;
    free_queue(q);
    return NULL;
}

dredis_queue *dredis_queue_open(dredis *client, const char *name,
                                const dredis_queue_options *options,
                                diesel_error *err)
{
    dredis_queue *q = new_queue(client, name, options);
    if (q == NULL) {
        diesel_error_nomem(err, "a queue");
        return NULL;
    }
    if (renew(q, err) < 0) {
        free_queue(q);
        return NULL;
    }
    q->scope = diesel_scope_open(
        &(diesel_scope_options){.label = "redis queue", .detached = true});
    if (diesel_go_labelled(q->scope, "redis queue", keep, q) == 0)
        return q;
    dredis_queue_close(q);
    diesel_error_nomem(err, "a queue's fiber");
    return NULL;
}

void dredis_queue_close(dredis_queue *q)
{
    if (q == NULL)
        return;
    diesel_scope_cancel(q->scope);
    diesel_scope *shield = diesel_scope_open(&(diesel_scope_options){
        .label = "redis queue", .timeout_ms = CLOSING_MS, .shield = true});
    diesel_scope_wait(q->scope, NULL);
    const diesel_value keys[] = {diesel_str(q->name), diesel_str(q->taken),
                                 diesel_str(q->workers), diesel_str(q->lease)};
    const diesel_value args[] = {diesel_str(q->id)};
    run(q, leave_code, keys, 4, args, 1, NULL);
    diesel_scope_wait(shield, NULL);
    free_queue(q);
}

int dredis_queue_push_value(dredis_queue *q, diesel_value job, diesel_error *err)
{
    const diesel_value args[] = {diesel_str("RPUSH"), diesel_str(q->name), job};
    dredis_reply *reply = dredis_call_array(q->client, args, 3, err);
    dredis_reply_free(reply);
    return reply != NULL ? 0 : -1;
}

/* After a take of which the end is not known. */
static int settle(dredis_queue *q, diesel_error *err)
{
    size_t n = 0;
    for (const dredis_job *job = q->jobs; job != NULL; job = job->next)
        n++;
    diesel_value *known = diesel_realloc_array(NULL, n + 1, sizeof *known);
    if (known == NULL)
        return diesel_error_nomem(err, "a queue's jobs");
    n = 0;
    for (const dredis_job *job = q->jobs; job != NULL; job = job->next)
        known[n++] = diesel_bytes(job->data, job->len);
    const diesel_value keys[] = {diesel_str(q->name), diesel_str(q->taken)};
    q->uncertain = false;
    int64_t moved = run(q, settle_code, keys, 2, known, n, err);
    q->uncertain = q->uncertain || moved < 0;
    diesel_free(known);
    return moved < 0 ? -1 : 0;
}

/* One BLMOVE: its reply, which may be nil, or NULL. */
static dredis_reply *take_once(dredis_queue *q, int64_t deadline, diesel_error *err)
{
    int64_t left = deadline == DIESEL_FOREVER ? WAIT_S * 1000
                                              : deadline - diesel_now();
    double seconds = left >= WAIT_S * 1000 ? WAIT_S : (double)left / 1000;
    dredis_reply *reply =
        left <= 0 ? dredis_call(q->client, err, "LMOVE", q->name, q->taken, "LEFT",
                                "RIGHT")
                  : dredis_call(q->client, err, "BLMOVE", q->name, q->taken, "LEFT",
                                "RIGHT", seconds);
    if (reply == NULL)
        q->uncertain = true;
    return reply;
}

int dredis_queue_take(dredis_queue *q, dredis_job *job, int64_t deadline,
                      diesel_error *err)
{
    for (;;) {
        if (q->uncertain && settle(q, err) < 0)
            return -1;
        dredis_reply *reply = take_once(q, deadline, err);
        if (reply == NULL)
            return -1;
        if (reply->type == DREDIS_STRING) {
            *job = (dredis_job){.data = reply->str,
                                .len = reply->len,
                                .reply = reply,
                                .next = q->jobs};
            if (job->next != NULL)
                job->next->prev = job;
            q->jobs = job;
            return 1;
        }
        dredis_reply_free(reply);
        if (diesel_now() >= deadline)
            return diesel_error_set(err, DIESEL_E_TIMEDOUT, DIESEL_DOM_CORE, 0,
                                    "timed out waiting for a job of %.100s",
                                    q->name);
    }
}

static int finish(dredis_queue *q, dredis_job *job, int64_t n, diesel_error *err)
{
    if (job->prev != NULL)
        job->prev->next = job->next;
    else
        q->jobs = job->next;
    if (job->next != NULL)
        job->next->prev = job->prev;
    dredis_reply_free(job->reply);
    *job = (dredis_job){0};
    if (n == 0)
        return diesel_error_set(err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0,
                                "another worker of %.100s has the job", q->name);
    return n < 0 ? -1 : 0;
}

int dredis_queue_done(dredis_queue *q, dredis_job *job, diesel_error *err)
{
    dredis_reply *reply = dredis_call(q->client, err, "LREM", q->taken, 1,
                                      diesel_bytes(job->data, job->len));
    int64_t n = reply != NULL ? reply->integer : -1;
    dredis_reply_free(reply);
    return finish(q, job, n, err);
}

int dredis_queue_return(dredis_queue *q, dredis_job *job, diesel_error *err)
{
    const diesel_value keys[] = {diesel_str(q->name), diesel_str(q->taken)};
    const diesel_value args[] = {diesel_bytes(job->data, job->len)};
    return finish(q, job, run(q, return_code, keys, 2, args, 1, err), err);
}
