/* SPDX-License-Identifier: MIT */
/*
 * The console's pages about the scheduler: fibers in their tree of scopes, one
 * fiber with its backtrace, scopes, timers.
 *
 * Nothing here switches fibers, so what is walked stands still.
 */
#include "console_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <diesel/memory.h>

#include "backtrace_internal.h"
#include "sys_internal.h"
#include "tally_internal.h"

#define MOST_SHOWN 1000
#define MOST_GROUPS 256
#define MOST_FRAMES 64
#define DEEPEST_INDENT 40

static const char *or_dash(const char *label)
{
    return label != NULL ? label : "-";
}

static double to_ms(int64_t ns)
{
    return (double)(ns / 1000) / 1000;
}

static const char *state_of(const diesel__sched *s, const diesel_fiber *fiber)
{
    if (fiber == s->current)
        return "running";
    return fiber->woken == DIESEL__PARKED ? "waiting" : "runnable";
}

/* What it waits for; NULL if it does not. */
static const char *wait_of(const diesel__sched *s, const diesel_fiber *fiber)
{
    return fiber != s->current && fiber->woken == DIESEL__PARKED
               ? fiber->waiting_for
               : NULL;
}

/* Bytes of its stack that have ever been used, by it or by a fiber that had the
 * stack before it, in whole pages. */
static size_t stack_used(const diesel__sched *s, const diesel_fiber *fiber)
{
    char *bottom = diesel__stack_bottom(&s->stacks, fiber);
    size_t page = s->stacks.page, pages = s->stacks.size / page;
    unsigned char in_core[64];
    for (size_t i = 0; i < pages; i += sizeof in_core) {
        size_t n = pages - i < sizeof in_core ? pages - i : sizeof in_core;
        if (diesel__sys.mincore(bottom + i * page, n * page, in_core) < 0)
            break;
        for (size_t j = 0; j < n; j++)
            if (in_core[j] & 1)
                return s->stacks.size - (i + j) * page;
    }
    return 0;
}

static size_t depth_of(const diesel__sched *s, const diesel_scope *scope)
{
    size_t depth = 0;
    for (; scope != &s->root; scope = scope->parent)
        depth++;
    return depth;
}

/* "    label": its place in the tree. */
static diesel_value indented(char *buf, size_t size, size_t depth,
                             const char *label)
{
    size_t n = depth < DEEPEST_INDENT ? depth * 2 : (size_t)DEEPEST_INDENT * 2;
    snprintf(buf, size, "%*s%s", (int)n, "", label);
    return diesel_str(buf);
}

static void fiber_row(diesel__sched *s, const diesel_fiber *fiber, size_t depth,
                      diesel_console_page *page)
{
    bool exact;
    char place[200], least[40];
    double idle = to_ms(diesel__tally_idle(s, fiber, &exact));
    diesel_value waits_ms = diesel_double(idle);
    if (fiber == s->current)
        waits_ms = diesel_str(NULL);
    else if (!page->json && !exact) {
        snprintf(least, sizeof least, ">%.0f", idle);
        waits_ms = diesel_str(least);
    }
    diesel_value fields[] = {
        diesel_str("fiber"),
        page->json ? diesel_str(fiber->label)
                   : indented(place, sizeof place, depth, fiber->label),
        diesel_str("id"), diesel_uint(fiber->number),
        diesel_str("state"), diesel_str(state_of(s, fiber)),
        diesel_str("waits_for"), diesel_str(wait_of(s, fiber)),
        diesel_str("for_ms"), waits_ms,
        diesel_str("ran_ms"), diesel_double(to_ms(diesel__tally_ran(s, fiber))),
        diesel_str("stack_kib"), diesel_uint(stack_used(s, fiber) / 1024),
        diesel_str("scope"), diesel_str(fiber->home->label),
        diesel_str("depth"), diesel_uint(depth),
        diesel_str("exact"), diesel_bool(exact),
    };
    size_t count = sizeof fields / sizeof fields[0];
    diesel_console_row_values(page, fields, page->json ? count : count - 6);
}

/* A scope as a line of the tree; people only. */
static void scope_line(const diesel_scope *scope, size_t depth,
                       diesel_console_page *page)
{
    char label[120], place[240];
    snprintf(label, sizeof label, "[%.100s]", or_dash(scope->label));
    diesel_console_row(page, "fiber", indented(place, sizeof place, depth, label),
                       "id", "", "state",
                       scope->cancelled != 0 ? "cancelled" : "", "waits_for", "",
                       "for_ms", "", "ran_ms", "", "stack_kib", "");
}

static void more_line(diesel_console_page *page, size_t left)
{
    char text[80];
    int n = snprintf(text, sizeof text, "... and %zu more\n", left);
    if (left > 0)
        diesel__page_say(page, text, (size_t)n);
}

int diesel__console_fibers(diesel__sched *s, char **words, size_t count,
                           diesel_console_page *page, diesel_error *err)
{
    (void)words, (void)count, (void)err;
    size_t shown = 0;
    for (diesel_scope *scope = &s->root; scope != NULL && shown < MOST_SHOWN;
         scope = diesel__scope_after(&s->root, scope, false)) {
        size_t depth = depth_of(s, scope);
        if (!page->json)
            scope_line(scope, depth, page);
        for (diesel__link *l = scope->fibers.next;
             l != &scope->fibers && shown < MOST_SHOWN; l = l->next, shown++)
            fiber_row(s, DIESEL__HOLDER(l, diesel_fiber, in_home), depth + 1,
                      page);
    }
    more_line(page, s->fibers - shown);
    return 0;
}

/* Calls fn for every fiber until it returns true; whether it did. */
static bool each_fiber(diesel__sched *s, bool (*fn)(void *arg, diesel_fiber *f),
                       void *arg)
{
    for (diesel_scope *scope = &s->root; scope != NULL;
         scope = diesel__scope_after(&s->root, scope, false))
        for (diesel__link *l = scope->fibers.next; l != &scope->fibers;
             l = l->next)
            if (fn(arg, DIESEL__HOLDER(l, diesel_fiber, in_home)))
                return true;
    return false;
}

struct group {
    const char *label, *state, *wait;
    size_t count;
};

struct groups {
    diesel__sched *s;
    size_t count, left_out;
    struct group all[MOST_GROUPS];
};

static bool same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool add_to_group(void *arg, diesel_fiber *fiber)
{
    struct groups *groups = arg;
    const char *state = state_of(groups->s, fiber);
    const char *wait = wait_of(groups->s, fiber);
    for (size_t i = 0; i < groups->count; i++) {
        struct group *g = &groups->all[i];
        if (g->state == state && same(g->label, fiber->label) &&
            same(g->wait, wait)) {
            g->count++;
            return false;
        }
    }
    if (groups->count < MOST_GROUPS)
        groups->all[groups->count++] =
            (struct group){fiber->label, state, wait, 1};
    else
        groups->left_out++;
    return false;
}

static int by_count(const void *a, const void *b)
{
    size_t left = ((const struct group *)a)->count;
    size_t right = ((const struct group *)b)->count;
    return (left < right) - (left > right);
}

int diesel__console_groups(diesel__sched *s, char **words, size_t count,
                           diesel_console_page *page, diesel_error *err)
{
    (void)words, (void)count;
    struct groups *groups = diesel_calloc(1, sizeof *groups);
    if (groups == NULL)
        return diesel_error_nomem(err, "the page");
    groups->s = s;
    each_fiber(s, add_to_group, groups);
    qsort(groups->all, groups->count, sizeof groups->all[0], by_count);
    for (size_t i = 0; i < groups->count; i++) {
        const struct group *g = &groups->all[i];
        diesel_console_row(page, "count", g->count, "fiber", g->label, "state",
                           g->state, "waits_for", g->wait);
    }
    more_line(page, groups->left_out);
    diesel_free(groups);
    return 0;
}

struct wanted {
    uint64_t number;
    diesel_fiber *fiber;
};

static bool has_number(void *arg, diesel_fiber *fiber)
{
    struct wanted *wanted = arg;
    if (fiber->number != wanted->number)
        return false;
    wanted->fiber = fiber;
    return true;
}

/* The fiber that the command's only argument names. */
static diesel_fiber *find_fiber(diesel__sched *s, const char *word,
                                diesel_error *err)
{
    char *end;
    errno = 0;
    struct wanted wanted = {.number = strtoull(word, &end, 10)};
    if (end == word || *end != '\0' || errno != 0 ||
        !each_fiber(s, has_number, &wanted)) {
        diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                         "there is no fiber with the id %.40s", word);
        return NULL;
    }
    return wanted.fiber;
}

int diesel__console_fiber(diesel__sched *s, char **words, size_t count,
                          diesel_console_page *page, diesel_error *err)
{
    (void)count;
    diesel_fiber *fiber = find_fiber(s, words[1], err);
    if (fiber == NULL)
        return -1;
    fiber_row(s, fiber, 0, page);
    void *frames[MOST_FRAMES];
    int n = diesel__backtrace_of(fiber, frames, MOST_FRAMES);
    for (int i = 0; i < n; i++) {
        diesel__text where;
        diesel__text_init(&where, 1000);
        diesel__backtrace_frame(&where, frames[i]);
        char address[24];
        snprintf(address, sizeof address, "%p", frames[i]);
        diesel_console_row(page, "frame", i, "address", address, "where",
                           diesel__text_string(&where));
        diesel__text_clear(&where);
    }
    return 0;
}

int diesel__console_cancel(diesel__sched *s, char **words, size_t count,
                           diesel_console_page *page, diesel_error *err)
{
    (void)count;
    diesel_fiber *fiber = find_fiber(s, words[1], err);
    if (fiber == NULL)
        return -1;
    diesel_scope *scope = fiber->scope;
    diesel_scope_cancel(scope);
    diesel_console_row(page, "cancelled", scope->label, "fibers", scope->count);
    return 0;
}

int diesel__console_scopes(diesel__sched *s, char **words, size_t count,
                           diesel_console_page *page, diesel_error *err)
{
    (void)words, (void)count, (void)err;
    size_t shown = 0, left = 0;
    int64_t now = diesel__clock();
    for (diesel_scope *scope = &s->root; scope != NULL;
         scope = diesel__scope_after(&s->root, scope, false)) {
        if (shown >= MOST_SHOWN) {
            left++;
            continue;
        }
        char place[200];
        size_t depth = depth_of(s, scope);
        bool bounded = scope->deadline != INT64_MAX;
        diesel_console_row(
            page, "scope",
            page->json ? diesel_str(scope->label)
                       : indented(place, sizeof place, depth,
                                  or_dash(scope->label)),
            "fibers", scope->count, "opened_by",
            scope->opener != NULL ? scope->opener->label : NULL, "left_ms",
            bounded ? diesel_double(to_ms(scope->deadline - now))
                    : diesel_str(NULL),
            "state",
            scope->cancelled == 0 ? "" : diesel_error_text(scope->cancelled),
            "shield", (bool)scope->shield, "depth", depth);
        shown++;
    }
    more_line(page, left);
    return 0;
}

static int by_time(const void *a, const void *b)
{
    int64_t left = ((const struct diesel__timer_entry *)a)->when;
    int64_t right = ((const struct diesel__timer_entry *)b)->when;
    return (left > right) - (left < right);
}

static void timer_row(const struct diesel__timer_entry *entry, int64_t now,
                      diesel_console_page *page)
{
    const diesel_fiber *fiber = diesel__timer_fiber(entry->timer);
    const diesel_scope *scope = diesel__timer_scope(entry->timer);
    diesel_value id = fiber != NULL ? diesel_uint(fiber->number)
                                    : diesel_str(NULL);
    diesel_console_row(page, "in_ms", to_ms(entry->when - now), "ends",
                       fiber != NULL   ? fiber->waiting_for
                       : scope != NULL ? "a scope"
                                       : "something else",
                       "of",
                       fiber != NULL   ? fiber->label
                       : scope != NULL ? scope->label
                                       : NULL,
                       "id", id);
}

int diesel__console_timers(diesel__sched *s, char **words, size_t count,
                           diesel_console_page *page, diesel_error *err)
{
    (void)words, (void)count;
    size_t n = s->timer_count;
    struct diesel__timer_entry *all =
        diesel_realloc_array(NULL, n, sizeof *all);
    if (all == NULL)
        return diesel_error_nomem(err, "the page");
    if (n > 0)
        memcpy(all, s->timers, n * sizeof *all);
    qsort(all, n, sizeof *all, by_time);
    int64_t now = diesel__clock();
    for (size_t i = 0; i < n && i < MOST_SHOWN; i++)
        timer_row(&all[i], now, page);
    more_line(page, n > MOST_SHOWN ? n - MOST_SHOWN : 0);
    diesel_free(all);
    return 0;
}
