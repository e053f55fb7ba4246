/* SPDX-License-Identifier: MIT */
/*
 * MongoDB's cases of "Connection Monitoring and Pooling", in the form cmap-format,
 * against the pool itself. Its connections lead to nobody; what a server does at the
 * handshake, a fail point included, is done by the function that the pool calls for one.
 *
 * Threads are fibers. What lasts some time in a case lasts as long here, but only the
 * order in which the times end matters, and timers of one loop keep that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bson/bson.h>

#include <diesel/core.h>
#include <diesel/doc.h>
#include <diesel/mongo.h>

#include "mongo/pool_internal.h"
#include "spec_cases.h"

#define MOST_EVENTS  200
#define MOST_LABELS  20
#define MOST_THREADS 12

struct thread {
    char name[20];
    diesel_channel *work; /* of pointers to operations */
    diesel_scope *scope;
};

struct label {
    char name[20];
    struct dmongo__conn *conn;
};

static struct {
    struct dmongo__pool pool;
    bool is_blocking, fails; /* the fail point */
    int64_t block_ms, times;

    dmongo_pool_event events[MOST_EVENTS];
    size_t event_count;
    diesel_event news;

    struct thread threads[MOST_THREADS];
    size_t thread_count;
    struct label labels[MOST_LABELS];
    size_t label_count;
    struct dmongo__conn *taken[MOST_EVENTS];
    size_t taken_count;
    diesel_stream *far_ends[MOST_EVENTS];
    size_t far_count;
    const char *error; /* how the first operation failed that has, and counts */
} world;

/* --- The pool's owner */

static int make(struct dmongo__conn *conn, void *arg, int64_t deadline,
                diesel_error *err)
{
    (void)arg;
    (void)deadline;
    diesel_stream *pair[2];
    if (diesel_stream_pair(pair, err) < 0)
        return -1;
    conn->stream = pair[0];
    world.far_ends[world.far_count++] = pair[1];
    if (world.times == 0)
        return 0;
    if (world.times > 0)
        world.times--;
    if (world.is_blocking) { /* as a reply that does not come: who shuts it ends it */
        char byte;
        diesel_error why;
        ssize_t n = diesel_stream_read(conn->stream, &byte, 1,
                                       diesel_now() + world.block_ms, &why);
        if (n >= 0 || why.code != DIESEL_E_TIMEDOUT) {
            if (err != NULL)
                *err = why;
            return -1;
        }
    }
    if (!world.fails)
        return 0;
    if (conn->generation == world.pool.generation)
        dmongo__pool_clear(&world.pool, false);
    return diesel_error_set(err, DIESEL_E_SERVER, DIESEL_DOM_MONGO, 91,
                            "the fail point");
}

static void tell(void *arg, dmongo_pool_event *event)
{
    (void)arg;
    if (world.event_count < MOST_EVENTS)
        world.events[world.event_count++] = *event;
    diesel_event_set(&world.news);
}

/* --- Events */

/* "ConnectionCheckedOut" for "connectionCheckedOut", and pools have a prefix here. */
static bool is_named(const dmongo_pool_event *event, const char *name)
{
    const char *ours = dmongo_pool_event_name(event->kind);
    if (strncmp(name, "Connection", 10) != 0)
        return false;
    name += strncmp(ours, "pool", 4) == 0 ? 10 : 0;
    return strncasecmp(ours, name, 1) == 0 && strcmp(ours + 1, name + 1) == 0;
}

static bool is_ignored(const bson_t *test, const dmongo_pool_event *event)
{
    bson_iter_t at, item;
    if (bson_iter_init_find(&at, test, "ignore") && bson_iter_recurse(&at, &item))
        while (bson_iter_next(&item))
            if (is_named(event, bson_iter_utf8(&item, NULL)))
                return true;
    return false;
}

static void check_number(const bson_t *want, const char *key, int64_t got)
{
    int64_t number = dmongo_get_int(want, key, got);
    if (number == 42 ? got < 0 : number != got)
        spec_wrong("%s is %d and not %d", key, (int)got, (int)number);
}

static void check_options(const bson_t *want, const dmongo_pool_event *got)
{
    bson_t options;
    if (dmongo_has(want, "options") && got->kind != DMONGO_POOL_CREATED)
        spec_wrong("there are no options");
    if (!dmongo_get_doc(want, "options", &options))
        return;
    check_number(&options, "maxPoolSize", (int64_t)got->max_size);
    check_number(&options, "minPoolSize", (int64_t)got->min_size);
    check_number(&options, "maxConnecting", (int64_t)got->max_connecting);
    check_number(&options, "maxIdleTimeMS", got->max_idle_ms);
    check_number(&options, "waitQueueTimeoutMS", got->wait_ms);
}

static void check_event(const bson_t *want, const dmongo_pool_event *got)
{
    const char *reason = dmongo_get_str(want, "reason", NULL);
    if (!is_named(got, dmongo_get_str(want, "type", "")))
        spec_wrong("there is %s and not %s", dmongo_pool_event_name(got->kind),
                   dmongo_get_str(want, "type", ""));
    check_number(want, "connectionId", (int64_t)got->connection_id);
    if (dmongo_has(want, "connectionId") && got->connection_id == 0)
        spec_wrong("the event has no connection");
    check_number(want, "duration", got->duration_us);
    if (dmongo_has(want, "reason") && got->reason == NULL)
        spec_wrong("%s has no reason", dmongo_pool_event_name(got->kind));
    else if (reason != NULL && strcmp(reason, "42") != 0 &&
             strcmp(reason, got->reason) != 0)
        spec_wrong("%s because of %s and not %s", dmongo_pool_event_name(got->kind),
                   got->reason, reason);
    if (dmongo_get_bool(want, "interruptInUseConnections", got->interrupts_in_use) !=
        got->interrupts_in_use)
        spec_wrong("the event interrupts, or it does not");
    check_options(want, got);
}

static void check_events(const bson_t *test)
{
    bson_iter_t at, item;
    size_t i = 0;
    if (!bson_iter_init_find(&at, test, "events") || !bson_iter_recurse(&at, &item))
        return;
    while (bson_iter_next(&item)) {
        uint32_t n;
        const uint8_t *bytes;
        bson_t want;
        bson_iter_document(&item, &n, &bytes);
        if (!bson_init_static(&want, bytes, n))
            continue;
        while (i < world.event_count && is_ignored(test, &world.events[i]))
            i++;
        if (i == world.event_count) {
            spec_wrong("%s does not happen", dmongo_get_str(&want, "type", ""));
            return;
        }
        check_event(&want, &world.events[i++]);
    }
}

/* --- Operations */

static int run_operation(const bson_t *op, bool is_main);

static struct thread *find_thread(const char *name)
{
    for (size_t i = 0; i < world.thread_count; i++)
        if (strcmp(world.threads[i].name, name) == 0)
            return &world.threads[i];
    return NULL;
}

static int thread_main(void *arg)
{
    struct thread *thread = arg;
    bson_t *op;
    while (diesel_channel_recv(thread->work, &op, DIESEL_FOREVER, NULL) > 0) {
        (void)run_operation(op, false);
        bson_destroy(op);
    }
    return 0;
}

static int start(const char *name)
{
    diesel_error err;
    if (world.thread_count == MOST_THREADS)
        return -1;
    struct thread *thread = &world.threads[world.thread_count++];
    snprintf(thread->name, sizeof thread->name, "%s", name);
    thread->work = diesel_channel_new(sizeof(bson_t *), 16, &err);
    thread->scope = diesel_scope_open(&(diesel_scope_options){.detached = true});
    return thread->work != NULL && thread->scope != NULL &&
                   diesel_go(thread->scope, thread_main, thread) == 0
               ? 0
               : -1;
}

/* Lets it do what it has been given, and ends it. */
static int end_thread(struct thread *thread)
{
    diesel_scope *scope = thread->scope;
    if (scope == NULL)
        return 0;
    thread->scope = NULL;
    diesel_channel_close(thread->work);
    return diesel_scope_wait(scope, NULL);
}

static int wait_for_thread(const char *name)
{
    struct thread *thread = find_thread(name);
    return thread != NULL ? end_thread(thread) : -1;
}

static size_t count_events(const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < world.event_count; i++)
        count += is_named(&world.events[i], name);
    return count;
}

/* What does not happen would hang the runner, so there is a limit, but far away. */
static int wait_for_event(const char *name, size_t wanted)
{
    while (count_events(name) < wanted) {
        diesel_event_reset(&world.news);
        if (diesel_event_wait(&world.news, diesel_now() + 10000, NULL) < 0) {
            spec_wrong("%zu of %s do not happen", wanted, name);
            return -1;
        }
    }
    return 0;
}

static int check_out(const char *name)
{
    diesel_error err;
    struct dmongo__conn *conn =
        dmongo__pool_take(&world.pool, DIESEL_FOREVER, &err);
    if (conn == NULL) {
        world.error = world.pool.is_closed           ? "PoolClosedError"
                      : err.code == DIESEL_E_TIMEDOUT ? "WaitQueueTimeoutError"
                                                      : "PoolClearedError";
        return 0;
    }
    world.taken[world.taken_count++] = conn;
    if (name != NULL && world.label_count < MOST_LABELS) {
        struct label *label = &world.labels[world.label_count++];
        snprintf(label->name, sizeof label->name, "%s", name);
        label->conn = conn;
    }
    return 0;
}

static void give(struct dmongo__conn *conn)
{
    for (size_t i = 0; i < world.taken_count; i++)
        if (world.taken[i] == conn)
            world.taken[i] = world.taken[--world.taken_count];
    dmongo__pool_give(conn);
}

static int check_in(const char *name)
{
    for (size_t i = 0; i < world.label_count; i++)
        if (strcmp(world.labels[i].name, name) == 0) {
            give(world.labels[i].conn);
            return 0;
        }
    spec_wrong("no connection is called %s", name);
    return -1;
}

static int hand_over(const bson_t *op, const char *thread)
{
    struct thread *to = find_thread(thread);
    bson_t *copy = bson_copy(op);
    if (to != NULL && diesel_channel_send(to->work, &copy, DIESEL_FOREVER, NULL) == 0)
        return 0;
    bson_destroy(copy);
    spec_wrong("there is no thread %s", thread);
    return -1;
}

static int run_operation(const bson_t *op, bool is_main)
{
    const char *name = dmongo_get_str(op, "name", "");
    const char *target = dmongo_get_str(op, "target", "");
    const char *thread = dmongo_get_str(op, "thread", NULL);
    if (is_main && thread != NULL)
        return hand_over(op, thread);
    if (strcmp(name, "start") == 0)
        return start(target);
    if (strcmp(name, "waitForThread") == 0)
        return wait_for_thread(target);
    if (strcmp(name, "wait") == 0)
        return diesel_sleep(dmongo_get_int(op, "ms", 0), NULL);
    if (strcmp(name, "waitForEvent") == 0)
        return wait_for_event(dmongo_get_str(op, "event", ""),
                              (size_t)dmongo_get_int(op, "count", 1));
    if (strcmp(name, "checkOut") == 0)
        return check_out(dmongo_get_str(op, "label", NULL));
    if (strcmp(name, "checkIn") == 0)
        return check_in(dmongo_get_str(op, "connection", ""));
    if (strcmp(name, "ready") == 0)
        dmongo__pool_ready(&world.pool);
    else if (strcmp(name, "clear") == 0)
        dmongo__pool_clear(&world.pool,
                           dmongo_get_bool(op, "interruptInUseConnections", false));
    else if (strcmp(name, "close") == 0)
        dmongo__pool_close(&world.pool);
    else
        spec_wrong("operation %s is not known", name);
    return 0;
}

/* --- A case */

static void set_up(const bson_t *test)
{
    memset(&world, 0, sizeof world);
    int64_t max = dmongo_get_int(test, "poolOptions.maxPoolSize", 100);
    world.pool = (struct dmongo__pool){
        .min = (size_t)dmongo_get_int(test, "poolOptions.minPoolSize", 0),
        .max = max > 0 ? (size_t)max : SIZE_MAX,
        .max_connecting =
            (size_t)dmongo_get_int(test, "poolOptions.maxConnecting", 2),
        .max_idle_ms = dmongo_get_int(test, "poolOptions.maxIdleTimeMS", 0),
        .wait_ms = dmongo_get_int(test, "poolOptions.waitQueueTimeoutMS", 0),
        .make = make,
        .tell = tell};
    const char *data = "failPoint.data.";
    char key[60];
    snprintf(key, sizeof key, "%serrorCode", data);
    world.fails = dmongo_has(test, key) ||
                  dmongo_get_bool(test, "failPoint.data.closeConnection", false);
    world.is_blocking = dmongo_get_bool(test, "failPoint.data.blockConnection", false);
    world.block_ms = dmongo_get_int(test, "failPoint.data.blockTimeMS", 0);
    world.times = !dmongo_has(test, "failPoint") ? 0
                  : dmongo_get_int(test, "failPoint.mode.times", -1);
}

static void tear_down(void)
{
    while (world.taken_count > 0)
        give(world.taken[0]);
    dmongo__pool_close(&world.pool);
    for (size_t i = 0; i < world.thread_count; i++) {
        struct thread *thread = &world.threads[i];
        (void)end_thread(thread);
        diesel_channel_free(thread->work);
        while (world.taken_count > 0)
            give(world.taken[0]);
    }
    if (world.pool.total != 0)
        spec_wrong("%zu connections are left over", world.pool.total);
    for (size_t i = 0; i < world.far_count; i++)
        diesel_stream_close(world.far_ends[i]);
}

static void run_operations(const bson_t *test)
{
    bson_iter_t at, item;
    if (!bson_iter_init_find(&at, test, "operations") ||
        !bson_iter_recurse(&at, &item))
        return;
    while (bson_iter_next(&item)) {
        uint32_t n;
        const uint8_t *bytes;
        bson_t op;
        bson_iter_document(&item, &n, &bytes);
        if (bson_init_static(&op, bytes, n) && run_operation(&op, true) < 0)
            spec_wrong("operation %s failed", dmongo_get_str(&op, "name", ""));
        (void)diesel_yield(NULL); /* threads begin with what they are given */
    }
}

static int run_case(void *arg)
{
    const bson_t *test = arg;
    set_up(test);
    diesel_scope *background =
        diesel_scope_open(&(diesel_scope_options){.detached = true});
    dmongo__pool_open(&world.pool);
    if (dmongo_get_int(test, "poolOptions.backgroundThreadIntervalMS", 0) >= 0 &&
        diesel_go(background, dmongo__pool_upkeep, &world.pool) < 0)
        spec_wrong("no upkeep");
    run_operations(test);
    const char *error = dmongo_get_str(test, "error.type", NULL);
    if (error != NULL && (world.error == NULL || strcmp(world.error, error) != 0))
        spec_wrong("the error is %s and not %s",
                   world.error != NULL ? world.error : "none", error);
    check_events(test);
    tear_down();
    return diesel_scope_wait(background, NULL);
}

static void run_file(const bson_t *file)
{
    spec_case_begin(dmongo_get_str(file, "description", "?"), NULL);
    if (diesel_main(run_case, (void *)(uintptr_t)file) != 0)
        spec_wrong("the scheduler failed");
    spec_case_end();
}

int main(void)
{
    static const spec_family families[] = {
        {"connection-monitoring-and-pooling",
         "connection-monitoring-and-pooling/tests/cmap-format/*.json", run_file},
    };
    return spec_run(families, sizeof families / sizeof *families, NULL, 0);
}
