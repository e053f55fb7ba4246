/* SPDX-License-Identifier: MIT */
/*
 * <diesel/stream.h>: reading, both ways of writing, back-pressure, closing, and
 * what a peer may do. The other end is a plain socket, so that the tests see
 * the system calls.
 */
#include <stdint.h>

#include "test_util.h"

static diesel_stream *stream;
static int raw; /* its other end */

static void open_pair(void)
{
    stream = test_stream(&raw);
}

static void close_pair(void)
{
    diesel_stream_close(stream);
    close(raw);
}

static void commit(const char *text)
{
    diesel_error err;
    char *room;
    assert_made(room = diesel_stream_reserve(stream, strlen(text), &err));
    memcpy(room, text, strlen(text));
    diesel_stream_commit(stream, strlen(text));
}

FIBER_TEST(a_read_takes_what_there_is)
{
    diesel_error err;
    char buf[10];
    open_pair();
    test_raw_write(raw, "hello");
    ck_assert_int_eq(
        diesel_stream_read(stream, buf, sizeof buf, DIESEL_FOREVER, &err), 5);
    ck_assert_mem_eq(buf, "hello", 5);
    test_raw_write(raw, "hello, world");
    ck_assert_int_eq(
        diesel_stream_read(stream, buf, sizeof buf, DIESEL_FOREVER, &err), 10);
    ck_assert_int_eq(
        diesel_stream_read(stream, buf, sizeof buf, DIESEL_FOREVER, &err), 2);
    close_pair();
    return 0;
}
END_TEST

static int write_raw_later(void *arg)
{
    diesel_error err;
    for (const char *c = arg; *c != '\0'; c++) {
        assert_ok(diesel_sleep(1, &err));
        ck_assert_int_eq(write(raw, c, 1), 1);
    }
    close(raw);
    return 0;
}

FIBER_TEST(a_read_waits_for_input_and_sees_the_end)
{
    diesel_error err;
    char buf[10];
    open_pair();
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, write_raw_later, "abcdef");
    assert_ok(diesel_stream_read_exactly(stream, buf, 4, DIESEL_FOREVER, &err));
    ck_assert_mem_eq(buf, "abcd", 4);
    assert_fails(
        diesel_stream_read_exactly(stream, buf, 4, DIESEL_FOREVER, &err),
        DIESEL_E_CLOSED);
    assert_contains(err.message, "2 of 4");
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(
            diesel_stream_read(stream, buf, 4, DIESEL_FOREVER, &err), 0);
    assert_ok(diesel_scope_wait(scope, &err));
    diesel_stream_close(stream);
    return 0;
}
END_TEST

/* The end may come in one edge with the last bytes. */
FIBER_TEST(an_end_right_behind_the_bytes_is_seen)
{
    diesel_error err;
    char buf[100];
    open_pair();
    test_raw_write(raw, "last words");
    close(raw);
    assert_ok(diesel_sleep(2, &err));
    ck_assert_int_eq(
        diesel_stream_read(stream, buf, sizeof buf, DIESEL_FOREVER, &err), 10);
    ck_assert_int_eq(
        diesel_stream_read(stream, buf, sizeof buf, DIESEL_FOREVER, &err), 0);
    diesel_stream_close(stream);
    return 0;
}
END_TEST

FIBER_TEST(a_deadline_leaves_the_stream_usable)
{
    diesel_error err;
    char c;
    open_pair();
    assert_fails(diesel_stream_read(stream, &c, 1, DIESEL_NOW, &err),
                 DIESEL_E_TIMEDOUT);
    assert_fails(diesel_stream_read(stream, &c, 1, diesel_now() + 2, &err),
                 DIESEL_E_TIMEDOUT);
    assert_contains(err.message, "the stream");
    test_raw_write(raw, "x");
    ck_assert_int_eq(diesel_stream_read(stream, &c, 1, DIESEL_FOREVER, &err), 1);
    close_pair();
    return 0;
}
END_TEST

static int read_and_note(void *arg)
{
    diesel_error err;
    char c;
    ssize_t got = diesel_stream_read(stream, &c, 1, DIESEL_FOREVER, &err);
    *(int *)arg = got < 0 ? err.code : 0;
    return 0;
}

FIBER_TEST(closing_wakes_a_waiting_reader_with_closed)
{
    diesel_error err;
    int code = -1;
    open_pair();
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, read_and_note, &code);
    assert_ok(diesel_yield(&err));
    close_pair();
    diesel_stream_close(NULL);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(code, DIESEL_E_CLOSED);
    return 0;
}
END_TEST

FIBER_TEST(reading_twice_is_busy)
{
    diesel_error err;
    int code = -1;
    char c;
    open_pair();
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, read_and_note, &code);
    assert_ok(diesel_yield(&err));
    assert_fails(diesel_stream_read(stream, &c, 1, DIESEL_FOREVER, &err),
                 DIESEL_E_BUSY);
    test_raw_write(raw, "x");
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(code, 0);
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(a_cancelled_reader_loses_no_byte)
{
    diesel_error err;
    int code = -1;
    char c;
    open_pair();
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, read_and_note, &code);
    assert_ok(diesel_yield(&err));
    test_raw_write(raw, "x");
    diesel_scope_cancel(scope);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(code, DIESEL_E_CANCELLED);
    ck_assert_int_eq(diesel_stream_read(stream, &c, 1, DIESEL_FOREVER, &err), 1);
    ck_assert_int_eq(c, 'x');
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(a_write_is_with_the_kernel_when_it_returns)
{
    diesel_error err;
    char buf[20];
    struct iovec pieces[] = {{(char *)"one ", 4}, {NULL, 0}, {(char *)"two", 3}};
    open_pair();
    assert_ok(diesel_stream_writev(stream, pieces, 3, DIESEL_FOREVER, &err));
    ck_assert_uint_eq(test_raw_read_all(raw, buf, sizeof buf), 7);
    ck_assert_mem_eq(buf, "one two", 7);
    ck_assert_uint_eq(diesel_stream_sent(stream), 7);
    ck_assert_uint_eq(diesel_stream_committed(stream), 7);
    close_pair();
    return 0;
}
END_TEST

static int commit_letter(void *arg)
{
    commit(arg);
    return 0;
}

/* A datagram socket shows where the one write begins and ends. */
FIBER_TEST(what_a_round_commits_leaves_in_one_write)
{
    diesel_error err;
    char buf[64];
    stream = test_stream_type(&raw, SOCK_SEQPACKET);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, commit_letter, "a");
    diesel_go(scope, commit_letter, "bc");
    diesel_go(scope, commit_letter, "def");
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert(!test_raw_readable(raw)); /* the round goes on */
    ck_assert_uint_eq(diesel_stream_committed(stream), 6);
    ck_assert_uint_eq(diesel_stream_sent(stream), 0);
    assert_ok(diesel_sleep(1, &err));
    ck_assert_int_eq(recv(raw, buf, sizeof buf, MSG_DONTWAIT), 6);
    ck_assert_mem_eq(buf, "abcdef", 6);
    ck_assert_uint_eq(diesel_stream_sent(stream), 6);
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(a_write_comes_behind_what_was_committed)
{
    diesel_error err;
    char buf[64];
    open_pair();
    commit("first ");
    assert_ok(diesel_stream_write(stream, "second", 6, DIESEL_FOREVER, &err));
    commit(" third");
    assert_ok(diesel_stream_drain(stream, 0, DIESEL_FOREVER, &err));
    ck_assert_uint_eq(test_raw_read_all(raw, buf, sizeof buf), 18);
    ck_assert_mem_eq(buf, "first second third", 18);
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(closing_tries_to_send_what_is_left)
{
    char buf[64];
    open_pair();
    commit("the rest");
    diesel_stream_close(stream);
    ck_assert_uint_eq(test_raw_read_all(raw, buf, sizeof buf), 8);
    close(raw);
    return 0;
}
END_TEST

enum { MUCH = 1 << 20 };

static int read_much(void *arg)
{
    diesel_error err;
    size_t *have = arg;
    unsigned char buf[4096];
    while (*have < MUCH) {
        ssize_t got = recv(raw, buf, sizeof buf, MSG_DONTWAIT);
        for (ssize_t i = 0; i < got; i++)
            ck_assert_uint_eq(buf[i], (unsigned char)((*have + (size_t)i) % 251));
        if (got > 0)
            *have += (size_t)got;
        else
            assert_ok(diesel_sleep(1, &err));
    }
    return 0;
}

static unsigned char *pattern(size_t n)
{
    unsigned char *bytes = malloc(n);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)(i % 251);
    return bytes;
}

static void shrink_buffers(void)
{
    int size = 4096;
    setsockopt(diesel_stream_fd(stream), SOL_SOCKET, SO_SNDBUF, &size,
               sizeof size);
    setsockopt(raw, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

FIBER_TEST(a_large_write_waits_for_a_slow_peer)
{
    diesel_error err;
    size_t have = 0;
    unsigned char *bytes = pattern(MUCH);
    open_pair();
    shrink_buffers();
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, read_much, &have);
    struct iovec pieces[100];
    for (int i = 0; i < 100; i++) /* more than leave in one gather write */
        pieces[i] = (struct iovec){bytes + i * 10000, 10000};
    assert_ok(diesel_stream_writev(stream, pieces, 100, DIESEL_FOREVER, &err));
    assert_ok(diesel_stream_write(stream, bytes + 1000000, MUCH - 1000000,
                                  DIESEL_FOREVER, &err));
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_uint_eq(have, MUCH);
    free(bytes);
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(what_is_committed_arrives_whole_at_a_slow_peer)
{
    diesel_error err;
    size_t have = 0;
    unsigned char *bytes = pattern(MUCH);
    open_pair();
    shrink_buffers();
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, read_much, &have);
    for (size_t at = 0, n; at < MUCH; at += n) {
        n = 1 + at % 5000;
        if (n > MUCH - at)
            n = MUCH - at;
        void *room;
        assert_made(room = diesel_stream_reserve(stream, n, &err));
        memcpy(room, bytes + at, n);
        diesel_stream_commit(stream, n);
        assert_ok(diesel_stream_drain(stream, 20000, DIESEL_FOREVER, &err));
        ck_assert_uint_le(diesel_stream_committed(stream) -
                              diesel_stream_sent(stream), 20000);
    }
    assert_ok(diesel_scope_wait(scope, &err));
    free(bytes);
    close_pair();
    return 0;
}
END_TEST

static void fill_up(void)
{
    diesel_error err;
    static char zeros[1 << 16];
    shrink_buffers();
    while (diesel_stream_write(stream, zeros, sizeof zeros, DIESEL_NOW, &err) == 0)
        ;
    ck_assert_int_eq(err.code, DIESEL_E_TIMEDOUT);
    ck_assert_uint_ne(err.flags & DIESEL_EF_SENT, 0);
}

FIBER_TEST(a_write_that_is_cut_off_says_whether_a_part_has_left)
{
    diesel_error err;
    open_pair();
    fill_up();
    assert_fails(diesel_stream_write(stream, "x", 1, diesel_now() + 2, &err),
                 DIESEL_E_TIMEDOUT);
    ck_assert_uint_eq(err.flags & DIESEL_EF_SENT, 0);
    close_pair();
    return 0;
}
END_TEST

static int write_and_note(void *arg)
{
    diesel_error err;
    int result = diesel_stream_write(stream, "x", 1, DIESEL_FOREVER, &err);
    *(int *)arg = result < 0 ? err.code : 0;
    return 0;
}

static int drain_and_note(void *arg)
{
    diesel_error err;
    int result = diesel_stream_drain(stream, 0, DIESEL_FOREVER, &err);
    *(int *)arg = result < 0 ? err.code : 0;
    return 0;
}

FIBER_TEST(closing_wakes_those_who_wait_for_output)
{
    diesel_error err;
    int wrote = -1, drained = -1;
    open_pair();
    fill_up();
    commit("more");
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, write_and_note, &wrote);
    diesel_go(scope, drain_and_note, &drained);
    assert_ok(diesel_yield(&err));
    assert_fails(diesel_stream_write(stream, "y", 1, DIESEL_FOREVER, &err),
                 DIESEL_E_BUSY);
    close_pair();
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(wrote, DIESEL_E_CLOSED);
    ck_assert_int_eq(drained, DIESEL_E_CLOSED);
    return 0;
}
END_TEST

FIBER_TEST(a_broken_connection_is_closed_for_writers_and_for_the_reader)
{
    diesel_error err;
    char c;
    int code = -1;
    open_pair();
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, drain_and_note, &code);
    close(raw);
    commit("into the void");
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(code, DIESEL_E_CLOSED);
    assert_fails(diesel_stream_write(stream, "x", 1, DIESEL_FOREVER, &err),
                 DIESEL_E_CLOSED);
    assert_fails_null(diesel_stream_reserve(stream, 1, &err), DIESEL_E_CLOSED);
    ck_assert_int_le(diesel_stream_read(stream, &c, 1, DIESEL_FOREVER, &err), 0);
    diesel_stream_close(stream);
    return 0;
}
END_TEST

FIBER_TEST(a_half_closed_stream_is_still_read)
{
    diesel_error err;
    char buf[16];
    open_pair();
    commit("question");
    assert_ok(diesel_stream_shutdown_write(stream, DIESEL_FOREVER, &err));
    ck_assert_int_eq(recv(raw, buf, sizeof buf, 0), 8);
    ck_assert_int_eq(recv(raw, buf, sizeof buf, 0), 0);
    test_raw_write(raw, "answer");
    assert_ok(diesel_stream_read_exactly(stream, buf, 6, DIESEL_FOREVER, &err));
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(calls_check_for_cancellation_even_if_they_need_not_wait)
{
    diesel_error err;
    char c;
    open_pair();
    test_raw_write(raw, "x");
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_scope_cancel(scope);
    assert_fails(diesel_stream_read(stream, &c, 1, DIESEL_FOREVER, &err),
                 DIESEL_E_CANCELLED);
    assert_fails(diesel_stream_read_exactly(stream, &c, 1, DIESEL_FOREVER, &err),
                 DIESEL_E_CANCELLED);
    assert_fails(diesel_stream_write(stream, "x", 1, DIESEL_FOREVER, &err),
                 DIESEL_E_CANCELLED);
    assert_fails(diesel_stream_drain(stream, 0, DIESEL_FOREVER, &err),
                 DIESEL_E_CANCELLED);
    assert_fails(diesel_stream_shutdown_write(stream, DIESEL_FOREVER, &err),
                 DIESEL_E_CANCELLED);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert(!test_raw_readable(raw));
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(an_idle_stream_that_is_readable_is_dead)
{
    diesel_error err;
    open_pair();
    ck_assert(!diesel_stream_is_readable(stream));
    close(raw);
    assert_ok(diesel_sleep(1, &err));
    ck_assert(diesel_stream_is_readable(stream));
    diesel_stream_close(stream);
    return 0;
}
END_TEST

FIBER_TEST(pipes_and_regular_files_are_streams_too)
{
    diesel_error err;
    char buf[8];
    int fds[2];
    ck_assert_int_eq(pipe(fds), 0);
    diesel_stream *in, *out;
    assert_made(in = diesel_stream_from_fd(fds[0], "in", &err));
    assert_made(out = diesel_stream_from_fd(fds[1], "out", &err));
    assert_ok(diesel_stream_write(out, "piped", 5, DIESEL_FOREVER, &err));
    diesel_stream_close(out);
    assert_ok(diesel_stream_read_exactly(in, buf, 5, DIESEL_FOREVER, &err));
    ck_assert_int_eq(diesel_stream_read(in, buf, 8, DIESEL_FOREVER, &err), 0);
    diesel_stream_close(in);

    int fd = open(test_path("file"), O_RDWR | O_CREAT, 0600);
    test_raw_write(fd, "filed");
    lseek(fd, 0, SEEK_SET);
    assert_made(in = diesel_stream_from_fd(fd, "file", &err));
    assert_ok(diesel_stream_read_exactly(in, buf, 5, DIESEL_FOREVER, &err));
    ck_assert_int_eq(diesel_stream_read(in, buf, 8, DIESEL_FOREVER, &err), 0);
    ck_assert_str_eq(diesel_stream_name(in), "file");
    diesel_stream_close(in);
    return 0;
}
END_TEST

FIBER_TEST(a_bad_descriptor_is_an_error)
{
    diesel_error err;
    int before = test_open_fds();
    assert_fails_null(diesel_stream_from_fd(-1, "nothing", &err),
                      DIESEL_E_INVAL);
    assert_contains(err.message, "nothing");
    ck_assert_int_eq(test_open_fds(), before);
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stream");
    test_case(suite, "read", a_read_takes_what_there_is,
              a_read_waits_for_input_and_sees_the_end,
              an_end_right_behind_the_bytes_is_seen,
              a_deadline_leaves_the_stream_usable, reading_twice_is_busy,
              a_cancelled_reader_loses_no_byte);
    test_case(suite, "write", a_write_is_with_the_kernel_when_it_returns,
              what_a_round_commits_leaves_in_one_write,
              a_write_comes_behind_what_was_committed,
              a_large_write_waits_for_a_slow_peer,
              what_is_committed_arrives_whole_at_a_slow_peer,
              a_write_that_is_cut_off_says_whether_a_part_has_left);
    test_case(suite, "close", closing_wakes_a_waiting_reader_with_closed,
              closing_tries_to_send_what_is_left,
              closing_wakes_those_who_wait_for_output,
              a_broken_connection_is_closed_for_writers_and_for_the_reader,
              a_half_closed_stream_is_still_read);
    test_case(suite, "more",
              calls_check_for_cancellation_even_if_they_need_not_wait,
              an_idle_stream_that_is_readable_is_dead,
              pipes_and_regular_files_are_streams_too,
              a_bad_descriptor_is_an_error);
    return test_suite_run(suite);
}
