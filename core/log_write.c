/* SPDX-License-Identifier: MIT */
/*
 * From a call of diesel_log() to the sinks: is there a limit at its place, which
 * fields has it, who wants it.
 *
 * The sinks are read under a lock for reading, so that several threads can write
 * at once and diesel_log_sinks_set() returns when nobody uses the old ones any
 * more. A thread that is in a sink drops what that sink logs.
 */
#include "log_internal.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "sched_internal.h"

#define MOST_SINKS 8
#define MOST_ROUTES 4
/* Values of one record: 40 fields of its own and of its context together. */
#define MOST_VALUES 80

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static diesel_log_sink sinks[MOST_SINKS] = {{diesel_log_human, NULL}};
static size_t sink_count = 1;
static struct {
    const char *name;
    diesel_log_sink sink;
} routes[MOST_ROUTES];
static size_t route_count;
static uint64_t lost;
static __thread bool in_sink;

int diesel_log_sinks_set(const diesel_log_sink *list, size_t count,
                         diesel_error *err)
{
    if (count > MOST_SINKS)
        return diesel_error_set(err, DIESEL_E_LIMIT, DIESEL_DOM_CORE, 0,
                                "%zu sinks for the log; at most %d", count,
                                MOST_SINKS);
    pthread_rwlock_wrlock(&lock);
    for (size_t i = 0; i < count; i++)
        sinks[i] = list[i];
    sink_count = count;
    pthread_rwlock_unlock(&lock);
    return 0;
}

/* The place of the name among the routes; their number if it has none. */
static size_t find_route(const char *name)
{
    size_t i = 0;
    while (i < route_count && strcmp(routes[i].name, name) != 0)
        i++;
    return i;
}

static int set_route(const char *name, const diesel_log_sink *sink)
{
    size_t i = find_route(name);
    if (sink != NULL && i == MOST_ROUTES)
        return -1;
    if (sink != NULL) {
        routes[i].name = name;
        routes[i].sink = *sink;
        route_count += i == route_count;
    } else if (i < route_count) {
        routes[i] = routes[--route_count];
    }
    return 0;
}

int diesel_log_route_set(const char *name, const diesel_log_sink *sink,
                         diesel_error *err)
{
    pthread_rwlock_wrlock(&lock);
    int done = set_route(name, sink);
    pthread_rwlock_unlock(&lock);
    if (done < 0)
        return diesel_error_set(err, DIESEL_E_LIMIT, DIESEL_DOM_CORE, 0,
                                "more than %d names of loggers have a sink of "
                                "their own", MOST_ROUTES);
    return 0;
}

/* The sink that the logger has for itself, by the longest name; or NULL. */
static const diesel_log_sink *own_sink(const char *logger)
{
    size_t best = MOST_ROUTES;
    for (size_t i = 0; i < route_count; i++)
        if (diesel__log_covers(routes[i].name, logger) &&
            (best == MOST_ROUTES ||
             strlen(routes[i].name) > strlen(routes[best].name)))
            best = i;
    return best < MOST_ROUTES ? &routes[best].sink : NULL;
}

uint64_t diesel_log_lost(void)
{
    return __atomic_load_n(&lost, __ATOMIC_RELAXED);
}

void diesel__log_lose(void)
{
    __atomic_fetch_add(&lost, 1, __ATOMIC_RELAXED);
}

/* Whether a record from here must be left out. *before: how many were. */
static bool is_suppressed(diesel_log_site *site, uint64_t *before)
{
    *before = 0;
    if (site == NULL || site->every_ms <= 0)
        return false;
    int64_t now = diesel_now();
    int64_t until = __atomic_load_n(&site->quiet_until, __ATOMIC_RELAXED);
    if (now < until ||
        !__atomic_compare_exchange_n(&site->quiet_until, &until,
                                     now + site->every_ms, false,
                                     __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        __atomic_fetch_add(&site->suppressed, 1, __ATOMIC_RELAXED);
        return true;
    }
    *before = __atomic_exchange_n(&site->suppressed, 0, __ATOMIC_RELAXED);
    return false;
}

/* Whether the name of a field says that its value is nobody's business. */
static bool is_secret(const diesel_value *name)
{
    static const char *const ends[] = {"password", "passwd", "secret", "token",
                                       "authorization"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        size_t n = strlen(ends[i]);
        if (name->len >= n &&
            strncasecmp(name->s + name->len - n, ends[i], n) == 0)
            return true;
    }
    return false;
}

/* Appends fields to the record's, as far as there is room. */
static void add_fields(diesel_log_record *record, diesel_value *all,
                       const diesel_value *fields, size_t count)
{
    for (size_t i = 0; i + 1 < count && record->count + 2 <= MOST_VALUES;
         i += 2) {
        diesel_value name = fields[i], value = fields[i + 1];
        if (name.type != DIESEL_VALUE_STR)
            name = diesel_str("?");
        if (is_secret(&name))
            value = diesel_redacted(value);
        all[record->count++] = name;
        all[record->count++] = value;
    }
}

static int64_t wall_clock_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void deliver(const diesel_log_record *record)
{
    in_sink = true;
    pthread_rwlock_rdlock(&lock);
    const diesel_log_sink *own = own_sink(record->logger);
    if (own != NULL)
        own->write(own->arg, record);
    for (size_t i = 0; own == NULL && i < sink_count; i++)
        sinks[i].write(sinks[i].arg, record);
    pthread_rwlock_unlock(&lock);
    in_sink = false;
}

void diesel_log_write(diesel_logger *logger, int level, diesel_log_site *site,
                      const char *message, const diesel_value *fields,
                      size_t count)
{
    int saved = errno;
    uint64_t suppressed;
    if (in_sink || level < diesel__log_threshold(logger) ||
        is_suppressed(site, &suppressed)) {
        errno = saved;
        return;
    }
    const diesel_fiber *fiber = diesel_self();
    diesel_value all[MOST_VALUES]; /* 2 KiB */
    diesel_log_record record = {
        .time_us = wall_clock_us(),
        .level = level,
        .logger = logger->name,
        .message = message != NULL ? message : "",
        .fiber = fiber != NULL ? fiber->label : NULL,
        .suppressed = suppressed,
        .site = site,
        .fields = all,
    };
    add_fields(&record, all, fields, count);
    for (const diesel_log_context *c = diesel__log_context(); c != NULL;
         c = c->outer)
        add_fields(&record, all, c->fields, c->count);
    deliver(&record);
    errno = saved;
}
