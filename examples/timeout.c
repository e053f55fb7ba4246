/* SPDX-License-Identifier: MIT */
/*
 * The deadline of a scope, and cleaning up after it has passed.
 *
 * A client asks a service that never answers. No call takes a time-out: they all
 * obey the scope around them. Once its deadline has passed, every call in it fails
 * at once, so saying good-bye needs a scope that is shielded from it, with
 * a deadline of its own.
 */
#include <stdio.h>
#include <string.h>

#include <diesel/core.h>

static const char question[] = "what is the answer?", bye[] = "bye";

/* The service ponders the question for ever, but does notice a good-bye. */
static int serve(void *arg)
{
    diesel_stream *client = arg;
    diesel_error err;

    char heard[sizeof question];
    if (diesel_stream_read_exactly(client, heard, sizeof question,
                                   DIESEL_FOREVER, &err) < 0 ||
        diesel_stream_read_exactly(client, heard, sizeof bye, DIESEL_FOREVER,
                                   &err) < 0)
        return diesel_fail(&err);
    printf("service: the client said %s\n", heard);
    return 0;
}

static int ask(void *arg)
{
    diesel_stream *service = arg;
    diesel_error err;

    char answer[64];
    int status = 0;
    if (diesel_stream_write(service, question, sizeof question,
                            DIESEL_FOREVER, &err) < 0 ||
        diesel_stream_read(service, answer, sizeof answer, DIESEL_FOREVER,
                           &err) < 0)
        status = diesel_fail(&err);

    diesel_scope *last = diesel_scope_open(
        &(diesel_scope_options){.shield = true, .timeout_ms = 500});
    if (diesel_stream_write(service, bye, sizeof bye, DIESEL_FOREVER, &err) < 0)
        fprintf(stderr, "no good-bye: %s\n", err.message);
    (void)diesel_scope_wait(last, NULL);
    return status;
}

static int app(void *arg)
{
    (void)arg;
    diesel_error err;

    diesel_stream *pair[2];
    if (diesel_stream_pair(pair, &err) < 0)
        return diesel_fail(&err);

    diesel_scope *all = diesel_scope_open(NULL);
    diesel_go(all, serve, pair[0]);
    diesel_scope *soon =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 50});
    diesel_go(soon, ask, pair[1]);
    if (diesel_scope_wait(soon, &err) < 0)
        printf("client: %s\n", diesel_error_text(err.code));
    int status = diesel_scope_wait(all, &err);
    diesel_stream_close(pair[0]);
    diesel_stream_close(pair[1]);
    return status < 0 ? diesel_fail(&err) : 0;
}

int main(void)
{
    return diesel_main(app, NULL);
}
