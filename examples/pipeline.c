/* SPDX-License-Identifier: MIT */
/*
 * Child processes that are joined by streams: what is read from standard input goes
 * through sort and uniq -c, and the words that come more than once are printed. The
 * whole has ten seconds; then, or on Ctrl-C, both are stopped: nothing is left behind.
 *
 *     printf 'a\nb\na\n' | pipeline
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <diesel/core.h>

struct joint {
    diesel_stream *from;
    diesel_process *to;
};

static int feed(void *arg)
{
    struct joint *joint = arg;
    diesel_error err;
    if (diesel_stream_splice(joint->from, diesel_process_in(joint->to), UINT64_MAX,
                             NULL, DIESEL_FOREVER, &err) < 0 ||
        diesel_process_close_in(joint->to, DIESEL_FOREVER, &err) < 0)
        return diesel_fail(&err);
    return 0;
}

static int show(void *arg)
{
    diesel_error err;
    char *line;
    int got;
    while ((got = diesel_stream_read_line(arg, &line, NULL, 4096, DIESEL_FOREVER,
                                          &err)) > 0)
        if (atoi(line) > 1)
            puts(line);
    return got < 0 ? diesel_fail(&err) : 0;
}

static diesel_process *start(const char *const *argv, diesel_error *err)
{
    return diesel_process_start(
        argv,
        &(diesel_process_options){.in = {.kind = DIESEL_STDIO_PIPE},
                                  .out = {.kind = DIESEL_STDIO_PIPE},
                                  .new_group = true},
        err);
}

static int check(diesel_process *process, const char *name, diesel_error *err)
{
    diesel_exit how;
    int result = diesel_process_wait(process, &how, DIESEL_FOREVER, err);
    if (result < 0 || how.status == 0)
        return result;
    return diesel_error_set(err, DIESEL_E_FAILED, DIESEL_DOM_CORE, how.status,
                            "%s: status %d", name, how.status);
}

static int count_words(void *arg)
{
    (void)arg;
    static const char *const sort_it[] = {"sort", NULL};
    static const char *const count_it[] = {"uniq", "-c", NULL};
    diesel_error err;
    int result = -1;
    diesel_process *sort = NULL, *count = NULL;
    diesel_stream *in = diesel_stdin(&err);
    if (in != NULL && (sort = start(sort_it, &err)) != NULL &&
        (count = start(count_it, &err)) != NULL) {
        diesel_scope *all =
            diesel_scope_open(&(diesel_scope_options){.timeout_ms = 10000});
        diesel_go(all, feed, &(struct joint){in, sort});
        diesel_go(all, feed, &(struct joint){diesel_process_out(sort), count});
        diesel_go(all, show, diesel_process_out(count));
        result = diesel_scope_wait(all, &err);
    }
    if (result == 0)
        result = check(sort, "sort", &err) < 0 ? -1 : check(count, "uniq", &err);
    diesel_process_close(count);
    diesel_process_close(sort);
    diesel_stream_close(in);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int app(void *arg)
{
    static const int stop[] = {SIGINT, SIGTERM};
    diesel_error err;
    int result = diesel_until_signal(count_words, arg, stop, 2, NULL, &err);
    return result < 0 ? diesel_fail(&err) : 0;
}

int main(void)
{
    return diesel_main(app, NULL);
}
