/* SPDX-License-Identifier: MIT */
/*
 * The report of a deadlock: an error, which has room for a few fibers, and the log,
 * where each of the first ones is a record with its backtrace. Fibers that wait for
 * the fibers of a scope come last: they wait because others do.
 */
#include "deadlock_internal.h"

#include <stdio.h>
#include <string.h>

#include <diesel/log.h>

#include "backtrace_internal.h"
#include "sched_internal.h"

#define MOST_LOGGED 32
#define MOST_FRAMES 24

static diesel_logger logger = DIESEL_LOGGER("diesel.deadlock");

static void log_fiber(const diesel_fiber *fiber)
{
    void *frames[MOST_FRAMES];
    diesel__text line;
    diesel__text_init(&line, 8192);
    int n = diesel__backtrace_of(fiber, frames, MOST_FRAMES);
    diesel__backtrace_line(&line, frames, n);
    diesel_log(&logger, DIESEL_ERROR, "waits for ever", "waits", fiber->label,
               "id", fiber->number, "for", fiber->waiting_for, "scope",
               fiber->home->label, "backtrace", diesel__text_string(&line));
    diesel__text_clear(&line);
}

/* Appends "; label waits for something", if it fits. */
static bool name_fiber(char *list, size_t size, const diesel_fiber *fiber)
{
    size_t have = strlen(list);
    int n = snprintf(list + have, size - have, "; %s waits for %s", fiber->label,
                     fiber->waiting_for);
    if (n >= 0 && (size_t)n < size - have)
        return true;
    list[have] = '\0';
    return false;
}

struct report {
    char list[140]; /* what has room in an error's message beside the numbers */
    size_t waiting, named;
};

static void add_fiber(struct report *report, const diesel_fiber *fiber)
{
    if (report->named == report->waiting &&
        name_fiber(report->list, sizeof report->list, fiber))
        report->named++;
    if (report->waiting++ < MOST_LOGGED)
        log_fiber(fiber);
}

/* Adds the parked fibers of a scope that wait for other fibers, or those that wait
 * for anything else. */
static void add_fibers(struct report *report, const diesel_scope *scope,
                       bool for_fibers)
{
    for (diesel__link *l = scope->fibers.next; l != &scope->fibers;
         l = l->next) {
        diesel_fiber *fiber = DIESEL__HOLDER(l, diesel_fiber, in_home);
        if (fiber->woken == DIESEL__PARKED &&
            (fiber->waiting_for == diesel__for_fibers) == for_fibers)
            add_fiber(report, fiber);
    }
}

void diesel__deadlock_report(diesel__sched *s, diesel_error *err)
{
    struct report report = {.waiting = 0};
    for (int for_fibers = 0; for_fibers <= 1; for_fibers++)
        for (diesel_scope *scope = &s->root; scope != NULL;
             scope = diesel__scope_after(&s->root, scope, false))
            add_fibers(&report, scope, for_fibers);
    char more[40] = "";
    if (report.named < report.waiting)
        snprintf(more, sizeof more, "; and %zu more",
                 report.waiting - report.named);
    diesel_error_set(err, DIESEL_E_FAILED, DIESEL_DOM_CORE, 0,
                     "deadlock: %zu fiber%s, and no event can come%s%s", s->fibers,
                     s->fibers == 1 ? " waits" : "s wait", report.list, more);
}
