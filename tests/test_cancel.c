/* SPDX-License-Identifier: MIT */
/*
 * The core's blocking calls, each cancelled at every turn of what they do: the
 * fibers must end, and nothing must be left behind. See tests/cancel_loop.h.
 */
#include <stdint.h>

#include "cancel_loop.h"

static int pass_on(int result, diesel_error *err)
{
    return result < 0 ? diesel_fail(err) : 0;
}

static int yields(void *arg)
{
    (void)arg;
    diesel_error err;
    for (int i = 0; i < 5; i++)
        if (diesel_yield(&err) < 0)
            return diesel_fail(&err);
    return 0;
}

static int sleeps(void *arg)
{
    (void)arg;
    diesel_error err;
    for (int i = 0; i < 3; i++)
        if (diesel_sleep(1, &err) < 0)
            return diesel_fail(&err);
    return 0;
}

static int nests(void *arg)
{
    (void)arg;
    diesel_error err;
    diesel_scope *outer =
        diesel_scope_open(&(diesel_scope_options){.timeout_ms = 60000});
    diesel_go(outer, yields, NULL);
    diesel_scope *inner = diesel_scope_open(NULL);
    diesel_go(inner, sleeps, NULL);
    diesel_go(inner, yields, NULL);
    int result = diesel_scope_wait(inner, &err);
    if (diesel_scope_wait(outer, &err) < 0)
        result = -1;
    return pass_on(result, &err);
}

static int shields(void *arg)
{
    (void)arg;
    diesel_error err;
    int result = yields(NULL);
    diesel_scope *last =
        diesel_scope_open(&(diesel_scope_options){.shield = true});
    diesel_go(last, yields, NULL);
    assert_ok(diesel_scope_wait(last, &err));
    return result;
}

/* --- Channels: each item is a block that somebody must free. */

static int send_blocks(void *arg)
{
    diesel_channel *channel = arg;
    diesel_error err;
    for (int i = 0; i < 6; i++) {
        void *block = diesel_malloc(16);
        if (diesel_channel_send(channel, &block, DIESEL_FOREVER, &err) < 0) {
            diesel_free(block);
            return diesel_fail(&err);
        }
    }
    diesel_channel_close(channel);
    return 0;
}

static int recv_blocks(void *arg)
{
    diesel_error err;
    void *block;
    int got;
    while ((got = diesel_channel_recv(arg, &block, DIESEL_FOREVER, &err)) > 0)
        diesel_free(block);
    return pass_on(got, &err);
}

static int select_blocks(void *arg)
{
    diesel_error err;
    void *block;
    for (;;) {
        diesel_case cases[] = {diesel_case_recv(arg, &block),
                               diesel_case_timer(60000),
                               diesel_case_recv(arg, &block)};
        int which = diesel_select(cases, 3, DIESEL_FOREVER, &err);
        if (which < 0)
            return diesel_fail(&err);
        ck_assert_int_ne(which, 1);
        if (cases[which].result == 0)
            return 0;
        diesel_free(block);
    }
}

static int select_to_send(void *arg)
{
    diesel_error err;
    for (int i = 0; i < 6; i++) {
        void *block = diesel_malloc(16);
        diesel_case cases[] = {diesel_case_timer(60000),
                               diesel_case_send(arg, &block)};
        if (diesel_select(cases, 2, DIESEL_FOREVER, &err) < 0) {
            diesel_free(block);
            return diesel_fail(&err);
        }
        ck_assert_int_eq(cases[1].result, 0);
    }
    diesel_channel_close(arg);
    return 0;
}

static int talk(size_t capacity, diesel_fn *from, diesel_fn *to)
{
    diesel_error err;
    diesel_channel *channel =
        diesel_channel_new(sizeof(void *), capacity, &err);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, from, channel);
    diesel_go(scope, to, channel);
    int result = diesel_scope_wait(scope, &err);
    diesel_scope *last =
        diesel_scope_open(&(diesel_scope_options){.shield = true});
    diesel_channel_close(channel);
    void *block;
    while (diesel_channel_recv(channel, &block, DIESEL_NOW, NULL) > 0)
        diesel_free(block);
    (void)diesel_scope_wait(last, NULL);
    diesel_channel_free(channel);
    return pass_on(result, &err);
}

static int channel_unbuffered(void *arg)
{
    (void)arg;
    return talk(0, send_blocks, recv_blocks);
}

static int channel_buffered(void *arg)
{
    (void)arg;
    return talk(2, send_blocks, recv_blocks);
}

static int select_recv(void *arg)
{
    (void)arg;
    return talk(0, send_blocks, select_blocks);
}

static int select_send(void *arg)
{
    (void)arg;
    return talk(1, select_to_send, recv_blocks);
}

static int select_both(void *arg)
{
    (void)arg;
    return talk(0, select_to_send, select_blocks);
}

static int select_scope(void *arg)
{
    (void)arg;
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, yields, NULL);
    diesel_case cases[] = {diesel_case_scope(scope), diesel_case_timer(60000)};
    int result = diesel_select(cases, 2, DIESEL_FOREVER, &err);
    if (diesel_scope_wait(scope, &err) < 0)
        result = -1;
    return pass_on(result, &err);
}

/* --- Streams. */

#define LARGE (1024 * 1024) /* more than a socket takes at once */

static int write_large(void *arg)
{
    diesel_stream *stream = arg;
    diesel_error err;
    static char large[LARGE];
    int result = diesel_stream_write(stream, large, LARGE, DIESEL_FOREVER, &err);
    if (result == 0)
        result = diesel_stream_shutdown_write(stream, DIESEL_FOREVER, &err);
    return pass_on(result, &err);
}

static int append_large(void *arg)
{
    diesel_stream *stream = arg;
    diesel_error err;
    for (int i = 0; i < 64; i++) {
        char *room = diesel_stream_reserve(stream, LARGE / 64, &err);
        if (room == NULL)
            return diesel_fail(&err);
        memset(room, 'x', LARGE / 64);
        diesel_stream_commit(stream, LARGE / 64);
    }
    int result = diesel_stream_drain(stream, 0, DIESEL_FOREVER, &err);
    if (result == 0)
        result = diesel_stream_shutdown_write(stream, DIESEL_FOREVER, &err);
    return pass_on(result, &err);
}

static int write_when_writable(void *arg)
{
    diesel_stream *stream = arg;
    diesel_error err;
    static char piece[LARGE / 8];
    for (int i = 0; i < 8; i++) {
        diesel_case c = diesel_case_writable(stream);
        if (diesel_select(&c, 1, DIESEL_FOREVER, &err) < 0 ||
            diesel_stream_write(stream, piece, sizeof piece, DIESEL_FOREVER,
                                &err) < 0)
            return diesel_fail(&err);
    }
    return pass_on(diesel_stream_shutdown_write(stream, DIESEL_FOREVER, &err),
                   &err);
}

static int read_all(void *arg)
{
    diesel_error err;
    static char buf[LARGE / 8];
    ssize_t got;
    while ((got = diesel_stream_read(arg, buf, sizeof buf, DIESEL_FOREVER,
                                     &err)) > 0)
        ;
    return pass_on((int)got, &err);
}

static int read_exactly(void *arg)
{
    diesel_error err;
    static char buf[LARGE];
    return pass_on(diesel_stream_read_exactly(arg, buf, LARGE, DIESEL_FOREVER,
                                              &err),
                   &err);
}

static int read_when_readable(void *arg)
{
    diesel_error err;
    static char buf[LARGE / 8];
    ssize_t got = 1;
    while (got > 0) {
        diesel_case cases[] = {diesel_case_readable(arg),
                               diesel_case_timer(60000)};
        if (diesel_select(cases, 2, DIESEL_FOREVER, &err) < 0)
            return diesel_fail(&err);
        got = diesel_stream_read(arg, buf, sizeof buf, DIESEL_NOW, &err);
    }
    return pass_on((int)got, &err);
}

static int stream_talk(diesel_fn *from, diesel_fn *to)
{
    diesel_error err;
    diesel_stream *ends[2];
    assert_ok(diesel_stream_pair(ends, &err));
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, from, ends[0]);
    diesel_go(scope, to, ends[1]);
    int result = diesel_scope_wait(scope, &err);
    diesel_stream_close(ends[0]);
    diesel_stream_close(ends[1]);
    return pass_on(result, &err);
}

static int stream_write(void *arg)
{
    (void)arg;
    return stream_talk(write_large, read_all);
}

static int stream_append(void *arg)
{
    (void)arg;
    return stream_talk(append_large, read_exactly);
}

static int stream_select(void *arg)
{
    (void)arg;
    return stream_talk(write_when_writable, read_when_readable);
}

static const struct {
    diesel_fn *body;
    long least; /* turns that it has at least: what it is about did happen */
} bodies[] = {
    {yields, 5},         {sleeps, 3},           {nests, 5},
    {shields, 10},       {channel_unbuffered, 6}, {channel_buffered, 3},
    {select_recv, 6},    {select_send, 3},      {select_both, 6},
    {select_scope, 5},   {stream_write, 5},     {stream_append, 5},
    {stream_select, 5},
};

START_TEST(it_may_be_cancelled_at_any_turn)
{
    long turns = cancel_loop(bodies[_i].body, NULL);
    ck_assert_int_ge(turns, bodies[_i].least);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cancel");
    test_case_rows(suite, "calls", it_may_be_cancelled_at_any_turn,
                   TEST_COUNT(bodies));
    return test_suite_run(suite);
}
