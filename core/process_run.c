/* SPDX-License-Identifier: MIT */
/*
 * Running a program to its end: a fiber for each of its three descriptors, because
 * a program may stop reading until its output is read, or the other way round.
 */
#include <diesel/process.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <diesel/memory.h>
#include <diesel/scope.h>

#define FIRST_ROOM 4096

struct feed {
    diesel_process *process;
    const void *input;
    size_t size;
};

/* Gives it its input. A program that does not read all of it is none the worse. */
static int feed(void *arg)
{
    struct feed *feed = arg;
    diesel_error err;
    int result = diesel_stream_write(diesel_process_in(feed->process), feed->input,
                                     feed->size, DIESEL_FOREVER, &err);
    if (result < 0 && err.code != DIESEL_E_CLOSED)
        return diesel_fail(&err);
    (void)diesel_process_close_in(feed->process, DIESEL_NOW, NULL);
    return 0;
}

struct collect {
    diesel_stream *stream;
    size_t limit;
    char *text;
    size_t size, room; /* one byte of the room is for the zero byte */
};

static int grow(struct collect *collect, diesel_error *err)
{
    size_t most = collect->limit < SIZE_MAX - 2 ? collect->limit + 2 : SIZE_MAX;
    size_t room = collect->room != 0 ? collect->room : FIRST_ROOM / 2;
    room = room > most / 2 ? most : 2 * room;
    char *text = diesel_realloc_array(collect->text, room, 1);
    if (text == NULL)
        return diesel_error_nomem(err, "a program's output");
    collect->text = text;
    collect->room = room;
    return 0;
}

/* Reads until the end. */
static int collect(void *arg)
{
    struct collect *collect = arg;
    diesel_error err;
    ssize_t got;
    do {
        if (collect->size + 1 >= collect->room && grow(collect, &err) < 0)
            return diesel_fail(&err);
        got = diesel_stream_read(collect->stream, collect->text + collect->size,
                                 collect->room - 1 - collect->size,
                                 DIESEL_FOREVER, &err);
        if (got < 0)
            return diesel_fail(&err);
        collect->size += (size_t)got;
        if (collect->size > collect->limit) {
            diesel_error_set(&err, DIESEL_E_LIMIT, DIESEL_DOM_CORE, 0,
                             "%s: more than %zu bytes",
                             diesel_stream_name(collect->stream), collect->limit);
            return diesel_fail(&err);
        }
    } while (got > 0);
    collect->text[collect->size] = '\0';
    return 0;
}

static int run(diesel_process *process, struct feed *input, struct collect *out,
               struct collect *err_out, diesel_exit *how, diesel_error *err)
{
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.label = "a program's output"});
    diesel_go(scope, feed, input);
    diesel_go(scope, collect, out);
    diesel_go(scope, collect, err_out);
    if (diesel_scope_wait(scope, err) < 0)
        return -1;
    return diesel_process_wait(process, how, DIESEL_FOREVER, err);
}

int diesel_process_run(const char *const *argv,
                       const diesel_process_options *options, const void *input,
                       size_t size, size_t limit, diesel_captured *captured,
                       diesel_error *err)
{
    diesel_process_options own = {.grace_ms = 0};
    if (options != NULL)
        own = *options;
    own.in.kind = own.out.kind = own.err.kind = DIESEL_STDIO_PIPE;
    if (diesel_check(err) < 0)
        return -1;
    diesel_process *process = diesel_process_start(argv, &own, err);
    if (process == NULL)
        return -1;
    struct feed in = {.process = process, .input = input, .size = size};
    struct collect outs[] = {
        {.stream = diesel_process_out(process), .limit = limit},
        {.stream = diesel_process_err(process), .limit = limit},
    };
    diesel_exit how;
    int result = run(process, &in, &outs[0], &outs[1], &how, err);
    diesel_process_close(process);
    if (result < 0) {
        diesel_error_prefix(err, "%s", argv[0]);
        diesel_free(outs[0].text);
        diesel_free(outs[1].text);
        return -1;
    }
    *captured = (diesel_captured){.how = how,
                                  .out = outs[0].text,
                                  .out_size = outs[0].size,
                                  .err = outs[1].text,
                                  .err_size = outs[1].size};
    return 0;
}

void diesel_captured_clear(diesel_captured *captured)
{
    diesel_free(captured->out);
    diesel_free(captured->err);
    *captured = (diesel_captured){.out = NULL};
}
