/* SPDX-License-Identifier: MIT */
/*
 * Workers of a consumer group. One round after the other:
 *
 *     from time to time: XAUTOCLAIM, for what others (or we, in vain) have left
 *     XREADGROUP ... BLOCK ... >    for what is new
 *     each entry:  too often delivered?  -> dead letter
 *                  handled well?         -> XACK
 *
 * The first round reads what this consumer had not finished when it last ended. A
 * stop ends the waiting read through a scope of its own; what the server may just then
 * have handed out is found by that first round, or claimed.
 */
#include <diesel/redis_worker.h>

#include <stdio.h>
#include <string.h>

#include <diesel/fiber.h>
#include <diesel/memory.h>
#include <diesel/redis_script.h>
#include <diesel/scope.h>
#include <diesel/time.h>

#define USUAL_BATCH 16
#define USUAL_IDLE 60000
#define USUAL_CLAIM 5000
#define USUAL_DELIVERIES 5
#define PAUSE_MS 200 /* after a failure that may pass */

struct dredis_worker {
    dredis *client;
    char *stream, *group, *consumer, *dead;
    dredis_worker_options options;
    dredis_entry_fn *handle;
    void *arg;
    dredis_worker_stats stats;
    diesel_scope *reading; /* while it waits for entries */
    bool stopping;
    int64_t next_claim;
    char cursor[48]; /* of XAUTOCLAIM */
};

const dredis_reply *dredis_entry_field(const dredis_entry *entry,
                                       const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i + 1 < entry->fields->elements; i += 2) {
        const dredis_reply *field = &entry->fields->element[i];
        if (field->len == len && memcmp(field->str, name, len) == 0)
            return field + 1;
    }
    return NULL;
}

/* Moves an entry to the dead letters, unless somebody else has acknowledged it.
 * KEYS: stream, dead; ARGV: group, id, deliveries. */
static const char bury_code[] =
    "if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 0 end\n"
    "local e = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])\n"
    "local f = e[1] and e[1][2] or {}\n"
    "f[#f + 1] = 'dead:id'; f[#f + 1] = ARGV[2]\n"
    "f[#f + 1] = 'dead:group'; f[#f + 1] = ARGV[1]\n"
    "f[#f + 1] = 'dead:deliveries'; f[#f + 1] = ARGV[3]\n"
    "redis.call('XADD', KEYS[2], '*', unpack(f))\n"
    "return 1";

static int bury(dredis_worker *w, const dredis_entry *entry, diesel_error *err)
{
    dredis_script script = DREDIS_SCRIPT(bury_code);
    const diesel_value keys[] = {diesel_str(w->stream), diesel_str(w->dead)};
    const diesel_value args[] = {diesel_str(w->group), diesel_str(entry->id),
                                 diesel_int(entry->deliveries)};
    dredis_reply *reply =
        dredis_script_call(w->client, &script, keys, 2, args, 3, err);
    if (reply == NULL)
        return -1;
    w->stats.dead += reply->integer > 0;
    dredis_reply_free(reply);
    return 0;
}

/* How often the entry has been delivered, this time included; -1: failed; 0: it is
 * not pending any more. */
static int64_t count_deliveries(dredis_worker *w, const char *id, diesel_error *err)
{
    dredis_reply *reply =
        dredis_call(w->client, err, "XPENDING", w->stream, w->group, id, id, 1);
    if (reply == NULL)
        return -1;
    int64_t n = 0;
    if (reply->elements == 1 && reply->element[0].elements == 4)
        n = reply->element[0].element[3].integer;
    dredis_reply_free(reply);
    return n;
}

/* An entry on its way through this worker. */
struct task {
    dredis_worker *worker;
    const dredis_reply *entry; /* [id, [name, value, ...]] */
    bool again;                /* it had been delivered before */
};

static int acknowledge(dredis_worker *w, const char *id, diesel_error *err)
{
    dredis_reply *reply =
        dredis_call(w->client, err, "XACK", w->stream, w->group, id);
    dredis_reply_free(reply);
    return reply != NULL ? 0 : -1;
}

static int work(void *arg)
{
    const struct task *task = arg;
    dredis_worker *w = task->worker;
    dredis_entry entry = {.id = task->entry->element[0].str,
                          .fields = &task->entry->element[1],
                          .deliveries = 1};
    diesel_error err;
    if (task->again)
        entry.deliveries = count_deliveries(w, entry.id, &err);
    if (entry.deliveries <= 0)
        return entry.deliveries < 0 ? diesel_fail(&err) : 0;
    int result = 0;
    if (entry.fields->elements == 0) { /* it was deleted while it was pending */
        result = acknowledge(w, entry.id, &err);
    } else if (entry.deliveries > w->options.max_deliveries) {
        result = bury(w, &entry, &err);
    } else if (w->handle(w->arg, &entry) >= 0) {
        w->stats.handled++;
        result = acknowledge(w, entry.id, &err);
    } else {
        w->stats.failed++;
    }
    return result < 0 ? diesel_fail(&err) : 0;
}

static bool is_entry(const dredis_reply *reply)
{
    return reply->elements == 2 && reply->element[0].type == DREDIS_STRING;
}

/* Handles a list of entries: 0 or -1. */
static int work_all(dredis_worker *w, const dredis_reply *entries, bool again,
                    diesel_error *err)
{
    struct task *tasks =
        diesel_realloc_array(NULL, entries->elements + 1, sizeof *tasks);
    if (tasks == NULL)
        return diesel_error_nomem(err, "entries of a stream");
    int result = 0;
    for (size_t i = 0; i < entries->elements && result == 0;) {
        diesel_scope *scope =
            diesel_scope_open(&(diesel_scope_options){.label = "redis worker"});
        do {
            tasks[i] = (struct task){w, &entries->element[i], again};
            if (is_entry(&entries->element[i]) && !(w->stopping && i > 0))
                diesel_go_labelled(scope, "redis worker", work, &tasks[i]);
            i++;
        } while (w->options.parallel && i < entries->elements);
        result = diesel_scope_wait(scope, err);
    }
    diesel_free(tasks);
    return result;
}

/* The entries of the one stream in a reply of XREADGROUP: a map, or pairs; NULL:
 * there are none. */
static const dredis_reply *entries_of(const dredis_reply *reply)
{
    if (reply->type == DREDIS_MAP && reply->elements == 2)
        return &reply->element[1];
    if (reply->type == DREDIS_ARRAY && reply->elements == 1 &&
        reply->element[0].elements == 2)
        return &reply->element[0].element[1];
    return NULL;
}

/* What this consumer was given before and has not acknowledged, from its first entry
 * behind `after`. */
static int work_unfinished(dredis_worker *w, diesel_error *err)
{
    char after[48] = "0";
    while (!w->stopping) {
        dredis_reply *reply = dredis_call(
            w->client, err, "XREADGROUP", "GROUP", w->group, w->consumer, "COUNT",
            w->options.batch, "STREAMS", w->stream, after);
        if (reply == NULL)
            return -1;
        const dredis_reply *entries = entries_of(reply);
        size_t n = entries != NULL ? entries->elements : 0;
        if (n > 0 && is_entry(&entries->element[n - 1]))
            snprintf(after, sizeof after, "%s",
                     entries->element[n - 1].element[0].str);
        int result = n > 0 ? work_all(w, entries, true, err) : 0;
        dredis_reply_free(reply);
        if (result < 0 || n == 0)
            return result;
    }
    return 0;
}

static int work_claimed(dredis_worker *w, diesel_error *err)
{
    dredis_reply *reply = dredis_call(
        w->client, err, "XAUTOCLAIM", w->stream, w->group, w->consumer,
        w->options.idle_ms, w->cursor, "COUNT", w->options.batch);
    if (reply == NULL)
        return -1;
    int result = 0;
    if (reply->elements >= 2 && reply->element[0].type == DREDIS_STRING) {
        snprintf(w->cursor, sizeof w->cursor, "%s", reply->element[0].str);
        w->stats.claimed += reply->element[1].elements;
        result = work_all(w, &reply->element[1], true, err);
    }
    dredis_reply_free(reply);
    if (strcmp(w->cursor, "0-0") == 0) /* all have been seen */
        w->next_claim = diesel_now() + w->options.claim_every_ms;
    return result;
}

/* Waits for new entries: 1: *reply has some; 0: there are none, or it is to stop;
 * -1. */
static int read_new(dredis_worker *w, dredis_reply **reply, diesel_error *err)
{
    int64_t wait = w->next_claim - diesel_now();
    w->reading = diesel_scope_open(&(diesel_scope_options){.label = "redis worker"});
    *reply = dredis_call(w->client, err, "XREADGROUP", "GROUP", w->group,
                         w->consumer, "COUNT", w->options.batch, "BLOCK",
                         wait > 0 ? wait : 1, "STREAMS", w->stream, ">");
    diesel_scope *reading = w->reading;
    w->reading = NULL;
    bool stopped = w->stopping;
    if (diesel_scope_wait(reading, NULL) < 0 && *reply == NULL &&
        diesel_check(err) < 0)
        return -1;
    if (*reply == NULL)
        return stopped ? 0 : -1;
    return entries_of(*reply) != NULL;
}

static int work_new(dredis_worker *w, diesel_error *err)
{
    dredis_reply *reply = NULL;
    int got = read_new(w, &reply, err);
    if (got > 0)
        got = work_all(w, entries_of(reply), false, err);
    dredis_reply_free(reply);
    return got < 0 ? -1 : 0;
}

static int trim(dredis_worker *w, diesel_error *err)
{
    if (w->options.max_length <= 0)
        return 0;
    dredis_reply *reply = dredis_call(w->client, err, "XTRIM", w->stream, "MAXLEN",
                                      "~", w->options.max_length);
    dredis_reply_free(reply);
    return reply != NULL ? 0 : -1;
}

static int make_group(dredis_worker *w, diesel_error *err)
{
    diesel_error why;
    dredis_reply *reply =
        dredis_call(w->client, &why, "XGROUP", "CREATE", w->stream, w->group,
                    w->options.from_start ? "0" : "$", "MKSTREAM");
    dredis_reply_free(reply);
    if (reply != NULL || (why.domain == DIESEL_DOM_REDIS &&
                          why.detail == DREDIS_ERR_BUSYGROUP))
        return 0;
    if (err != NULL)
        *err = why;
    return -1;
}

static int round_of_work(dredis_worker *w, diesel_error *err)
{
    if (diesel_now() >= w->next_claim) {
        if (trim(w, err) < 0)
            return -1;
        return work_claimed(w, err);
    }
    return work_new(w, err);
}

/* Whether it is worth while to go on after a failure. */
static bool may_pass(const diesel_error *err)
{
    switch (err->code) {
    case DIESEL_E_CLOSED:
    case DIESEL_E_IO:
    case DIESEL_E_REFUSED:
    case DIESEL_E_TIMEDOUT:
    case DIESEL_E_RESOLVE:
        return true;
    case DIESEL_E_SERVER:
        return err->detail == DREDIS_ERR_LOADING || err->detail == DREDIS_ERR_BUSY ||
               err->detail == DREDIS_ERR_OOM || err->detail == DREDIS_ERR_NOGROUP ||
               err->detail == DREDIS_ERR_READONLY ||
               err->detail == DREDIS_ERR_MISCONF;
    default:
        return false;
    }
}

int dredis_worker_run(dredis_worker *w, diesel_error *err)
{
    diesel_error why;
    bool begun = false;
    while (!w->stopping) {
        int result = begun ? round_of_work(w, &why) : make_group(w, &why);
        if (result == 0 && !begun) {
            begun = true;
            result = work_unfinished(w, &why);
        }
        if (result == 0)
            continue;
        if (diesel_check(err) < 0)
            return -1;
        begun = begun && why.detail != DREDIS_ERR_NOGROUP;
        if (!may_pass(&why)) {
            if (err != NULL)
                *err = why;
            return -1;
        }
        if (!w->stopping && diesel_sleep(PAUSE_MS, err) < 0)
            return -1;
    }
    return diesel_check(err);
}

void dredis_worker_stop(dredis_worker *w)
{
    w->stopping = true;
    if (w->reading != NULL)
        diesel_scope_cancel(w->reading);
}

static char *copy(const char *text, const char *end, bool *failed)
{
    size_t size = strlen(text) + strlen(end) + 1;
    char *made = diesel_malloc(size);
    if (made != NULL)
        snprintf(made, size, "%s%s", text, end);
    *failed = *failed || made == NULL;
    return made;
}

dredis_worker *dredis_worker_new(dredis *client, const char *stream,
                                 const char *group, const char *consumer,
                                 const dredis_worker_options *options,
                                 dredis_entry_fn *handle, void *arg,
                                 diesel_error *err)
{
    static const dredis_worker_options usual;
    const dredis_worker_options *o = options != NULL ? options : &usual;
    bool failed = false;
    if (stream == NULL || group == NULL || consumer == NULL || handle == NULL) {
        diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                         "a worker needs a stream, a group, a name and a handler");
        return NULL;
    }
    dredis_worker *w = diesel_calloc(1, sizeof *w);
    if (w == NULL)
        goto fail;
    w->client = client;
    w->handle = handle;
    w->arg = arg;
    w->options = *o;
    if (o->batch == 0)
        w->options.batch = USUAL_BATCH;
    if (o->idle_ms <= 0)
        w->options.idle_ms = USUAL_IDLE;
    if (o->claim_every_ms <= 0)
        w->options.claim_every_ms = USUAL_CLAIM;
    if (o->max_deliveries <= 0)
        w->options.max_deliveries = USUAL_DELIVERIES;
    strcpy(w->cursor, "0-0");
    w->stream = copy(stream, "", &failed);
    w->group = copy(group, "", &failed);
    w->consumer = copy(consumer, "", &failed);
    w->dead = o->dead_stream != NULL ? copy(o->dead_stream, "", &failed)
                                     : copy(stream, ":dead", &failed);
    if (!failed)
        return w;
    dredis_worker_free(w);
fail:
    diesel_error_nomem(err, "a worker");
    return NULL;
}

void dredis_worker_free(dredis_worker *w)
{
    if (w == NULL)
        return;
    diesel_free(w->stream);
    diesel_free(w->group);
    diesel_free(w->consumer);
    diesel_free(w->dead);
    diesel_free(w);
}

dredis_worker_stats dredis_worker_stats_of(const dredis_worker *w)
{
    return w->stats;
}
