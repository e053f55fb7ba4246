/* SPDX-License-Identifier: MIT */
/*
 * The console's commands, in one table, and the pages that programs have added.
 */
#include "console_internal.h"

#include <stdio.h>
#include <string.h>

#include <diesel/log.h>
#include <diesel/memory.h>
#include <diesel/metrics.h>

#include "broadcast_internal.h"
#include "channel_internal.h"
#include "log_internal.h"
#include "metrics_internal.h"

typedef int command_fn(diesel__sched *s, char **words, size_t count,
                       diesel_console_page *page, diesel_error *err);

struct command {
    const char *name;
    const char *args; /* for the help */
    size_t count;     /* of arguments */
    command_fn *fn;
    const char *help;
};

static command_fn show_broadcasts, show_channels, show_help, show_loggers, set_level, show_metrics,
    show_scheduler;

static const struct command commands[] = {
    {"help", "", 0, show_help, "What can be asked for."},
    {"fibers", "", 0, diesel__console_fibers, "Fibers, in their tree of scopes."},
    {"groups", "", 0, diesel__console_groups,
     "How many fibers do the same; the most first."},
    {"fiber", "ID", 1, diesel__console_fiber, "A fiber with its backtrace."},
    {"cancel", "ID", 1, diesel__console_cancel,
     "Cancel the fiber's nearest scope, with all that is in it."},
    {"scopes", "", 0, diesel__console_scopes, "Scopes and their deadlines."},
    {"channels", "", 0, show_channels, "Channels, and how many wait on them."},
    {"broadcasts", "", 0, show_broadcasts,
     "Broadcasts, their readers, and how many hold up senders."},
    {"timers", "", 0, diesel__console_timers, "What happens next, in time."},
    {"scheduler", "", 0, show_scheduler, "Figures of the scheduler."},
    {"loggers", "", 0, show_loggers, "Loggers in use, and their levels."},
    {"level", "NAME LEVEL", 2, set_level,
     "Set the level of a logger and all below it; * is all."},
    {"metrics", "", 0, show_metrics, "Metrics."},
};

#define COMMANDS (sizeof commands / sizeof commands[0])

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

bool diesel__console_has_command(const char *name)
{
    return find_command(name) != NULL;
}

diesel_console_entry *diesel__console_next(diesel__sched *s,
                                           const diesel__link *from,
                                           const char *name)
{
    for (diesel__link *l = from->next; l != &s->pages; l = l->next) {
        diesel_console_entry *e = DIESEL__HOLDER(l, diesel_console_entry, link);
        if (name == NULL || strcmp(e->name, name) == 0)
            return e;
    }
    return NULL;
}

static int show_help(diesel__sched *s, char **words, size_t count,
                     diesel_console_page *page, diesel_error *err)
{
    (void)words, (void)count, (void)err;
    for (size_t i = 0; i < COMMANDS; i++)
        diesel_console_row(page, "command", commands[i].name, "arguments",
                           commands[i].args, "help", commands[i].help);
    diesel_console_entry *e = diesel__console_next(s, &s->pages, NULL);
    for (; e != NULL; e = diesel__console_next(s, &e->link, NULL))
        if (diesel__console_next(s, &s->pages, e->name) == e) /* each name once */
            diesel_console_row(page, "command", e->name, "arguments", "", "help",
                               e->help);
    return 0;
}

struct loggers {
    diesel_console_page *page;
    const diesel_logger *first;
};


static void show_logger(void *arg, const diesel_logger *logger)
{
    /* Of several with one name, the list's first one is shown. */
    struct loggers *loggers = arg;
    if (loggers->first == NULL)
        loggers->first = logger;
    for (const diesel_logger *l = loggers->first; l != logger; l = l->next)
        if (strcmp(l->name, logger->name) == 0)
            return;
    diesel_console_row(loggers->page, "logger", logger->name, "level",
                       diesel_log_level_name(logger->threshold));
}

static int show_loggers(diesel__sched *s, char **words, size_t count,
                        diesel_console_page *page, diesel_error *err)
{
    (void)s, (void)words, (void)count, (void)err;
    struct loggers loggers = {.page = page};
    diesel_console_row(page, "logger", "*", "level",
                       diesel_log_level_name(diesel_log_level("*")));
    diesel__loggers_visit(show_logger, &loggers);
    return 0;
}

static int set_level(diesel__sched *s, char **words, size_t count,
                     diesel_console_page *page, diesel_error *err)
{
    (void)s, (void)count;
    diesel__text text;
    diesel__text_init(&text, DIESEL__CONSOLE_LINE + 2);
    int result = 0;
    if (strcmp(words[2], diesel_log_level_name(DIESEL_INHERIT)) == 0) {
        result = diesel_log_level_set(words[1], DIESEL_INHERIT, err);
    } else {
        diesel__text_printf(&text, "%s=%s", words[1], words[2]);
        result = diesel_log_configure(diesel__text_string(&text), err);
    }
    diesel__text_clear(&text);
    if (result == 0)
        diesel_console_row(page, "logger", words[1], "level",
                           diesel_log_level_name(diesel_log_level(words[1])));
    return result;
}

static void metric_row(diesel_console_page *page, const diesel__series *series)
{
    const char *name = series->family->name, *labels = series->labels;
    if (series->family->kind == DIESEL__COUNTER) {
        diesel_console_row(page, "metric", name, "labels", labels, "value",
                           diesel_counter_value((const diesel_counter *)series));
    } else if (series->family->kind == DIESEL__GAUGE) {
        diesel_console_row(page, "metric", name, "labels", labels, "value",
                           diesel_gauge_value((const diesel_gauge *)series));
    } else {
        const diesel_histogram *h = (const diesel_histogram *)series;
        double scale = series->family->options.scale;
        diesel_console_row(
            page, "metric", name, "labels", labels, "count",
            diesel_histogram_count(h), "sum",
            (double)diesel_histogram_sum(h) * scale, "p50",
            (double)diesel_histogram_percentile(h, 50) * scale, "p90",
            (double)diesel_histogram_percentile(h, 90) * scale, "p99",
            (double)diesel_histogram_percentile(h, 99) * scale, "p100",
            (double)diesel_histogram_percentile(h, 100) * scale);
    }
}

static void family_rows(void *arg, const diesel__family *family)
{
    for (const diesel__series *s = family->series; s != NULL; s = s->next)
        metric_row(arg, s);
}

static int show_metrics(diesel__sched *s, char **words, size_t count,
                        diesel_console_page *page, diesel_error *err)
{
    (void)s, (void)words, (void)count, (void)err;
    diesel__families_visit(family_rows, page);
    return 0;
}

static void channel_row(void *arg, const diesel__channel_view *view)
{
    char address[24];
    snprintf(address, sizeof address, "%p", view->channel);
    diesel_console_row((diesel_console_page *)arg, "channel", address, "between",
                       view->between_threads ? "threads" : "fibers", "items",
                       view->count, "capacity", view->capacity, "item_bytes",
                       view->item_size, "senders", view->senders, "receivers",
                       view->receivers, "state", view->closed ? "closed" : "");
}

static int show_channels(diesel__sched *s, char **words, size_t count,
                         diesel_console_page *page, diesel_error *err)
{
    (void)words, (void)count, (void)err;
    diesel__channels_visit(s, channel_row, page);
    diesel__thread_channels_visit(s, channel_row, page);
    return 0;
}

static void broadcast_row(void *arg, const diesel__broadcast_view *view)
{
    char address[24];
    snprintf(address, sizeof address, "%p", view->broadcast);
    diesel_console_row((diesel_console_page *)arg, "broadcast", address, "readers",
                       view->readers, "full", view->full, "most_items", view->most,
                       "item_bytes", view->item_size, "senders", view->senders,
                       "state", view->closed ? "closed" : "");
}

static int show_broadcasts(diesel__sched *s, char **words, size_t count,
                           diesel_console_page *page, diesel_error *err)
{
    (void)words, (void)count, (void)err;
    diesel__broadcasts_visit(s, broadcast_row, page);
    return 0;
}

static int show_scheduler(diesel__sched *s, char **words, size_t count,
                          diesel_console_page *page, diesel_error *err)
{
    (void)words, (void)count, (void)err;
    size_t runnable = 0;
    for (const diesel_fiber *f = s->tail; f != NULL;) {
        runnable++;
        f = f->next;
        if (f == s->tail)
            break;
    }
    diesel_console_row(page, "what", "fibers alive", "value", s->fibers);
    diesel_console_row(page, "what", "fibers runnable", "value", runnable);
    diesel_console_row(page, "what", "fibers started", "value", s->started);
    diesel_console_row(page, "what", "timers", "value", s->timer_count);
    diesel_console_row(page, "what", "stack size, KiB", "value",
                       s->stacks.size / 1024);
    diesel_console_row(page, "what", "log records lost", "value",
                       diesel_log_lost());
    return 0;
}

int diesel__console_answer(diesel__sched *s, char **words, size_t count,
                           diesel_console_page *page, diesel_error *err)
{
    const struct command *command = find_command(words[0]);
    diesel_console_entry *e = NULL;
    if (command == NULL && (e = diesel__console_next(s, &s->pages, words[0])) == NULL)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "there is no command %.60s; try help", words[0]);
    size_t wanted = command != NULL ? command->count : 0;
    if (count - 1 != wanted)
        return diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                                "%s takes %zu argument%s", words[0], wanted,
                                wanted == 1 ? "" : "s");
    if (command != NULL)
        return command->fn(s, words, count, page, err);
    for (; e != NULL; e = diesel__console_next(s, &e->link, words[0]))
        e->fn(e->arg, page);
    return 0;
}

diesel_console_entry *diesel_console_add(const char *name, const char *help,
                                         diesel_console_fn *fn, void *arg,
                                         diesel_error *err)
{
    diesel__sched *s = diesel__sched_need("diesel_console_add");
    if (*name == '\0' || strpbrk(name, " \t\r\n") != NULL ||
        strcmp(name, "json") == 0 || diesel__console_has_command(name)) {
        diesel_error_set(err, DIESEL_E_INVAL, DIESEL_DOM_CORE, 0,
                         "a page of the console has a name of one word, which is "
                         "no command's");
        return NULL;
    }
    diesel_console_entry *entry = diesel_malloc(sizeof *entry);
    if (entry == NULL) {
        diesel_error_nomem(err, "a page of the console");
        return NULL;
    }
    *entry = (diesel_console_entry){
        .name = name, .help = help, .fn = fn, .arg = arg};
    diesel__list_append(&s->pages, &entry->link);
    return entry;
}

void diesel_console_remove(diesel_console_entry *entry)
{
    if (entry == NULL)
        return;
    diesel__link_unlink(&entry->link);
    diesel_free(entry);
}
