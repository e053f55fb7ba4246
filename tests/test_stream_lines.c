/* SPDX-License-Identifier: MIT */
/*
 * Reading through the input buffer of a stream: lines, delimiters, peeking, and
 * their limits; the same bytes in one piece, and one at a time.
 */
#include <stdint.h>

#include "cancel_loop.h"
#include "faulty_memory.h"
#include "faulty_sys.h"
#include "test_util.h"

static diesel_stream *stream;
static int raw;

static void open_pair(void)
{
    stream = test_stream(&raw);
}

static void close_pair(void)
{
    diesel_stream_close(stream);
    close(raw);
}

static int line(char **text, size_t *n, size_t limit, diesel_error *err)
{
    return diesel_stream_read_line(stream, text, n, limit, DIESEL_FOREVER, err);
}

/* --- Tables: what is written, and how it is read. */

static const struct {
    const char *wire, *lines[4]; /* the end comes after them */
} texts[] = {
    {"", {NULL}},
    {"\n", {"", NULL}},
    {"\r\n", {"", NULL}},
    {"one", {"one", NULL}},
    {"one\n", {"one", NULL}},
    {"one\r\n", {"one", NULL}},
    {"one\r", {"one", NULL}},
    {"one\ntwo\r\n\nfour", {"one", "two", "", "four"}},
    {"a\rb\r\r\n", {"a\rb\r", NULL}},
    {"\n\r\n", {"", "", NULL}},
};

static int send_slowly(void *arg)
{
    diesel_error err;
    for (const char *c = arg; *c != '\0'; c++) {
        ck_assert_int_eq(write(raw, c, 1), 1);
        assert_ok(diesel_sleep(1, &err));
    }
    shutdown(raw, SHUT_WR);
    return 0;
}

static void check_lines(int row)
{
    diesel_error err;
    char *text;
    size_t n;
    for (int i = 0; i < 4 && texts[row].lines[i] != NULL; i++) {
        int got = line(&text, &n, 10, &err);
        assert_ok(got);
        ck_assert_int_eq(got, 1);
        ck_assert_str_eq(text, texts[row].lines[i]);
        ck_assert_uint_eq(n, strlen(texts[row].lines[i]));
    }
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(line(&text, &n, 10, &err), 0);
}

FIBER_TEST(lines_are_read)
{
    diesel_error err;
    open_pair();
    test_raw_write(raw, texts[row].wire);
    shutdown(raw, SHUT_WR);
    check_lines(row);
    close_pair();

    open_pair();
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, send_slowly, (void *)(uintptr_t)texts[row].wire);
    check_lines(row);
    assert_ok(diesel_scope_wait(scope, &err));
    close_pair();
    return 0;
}
END_TEST

static const struct {
    const char *delimiter, *wire, *pieces[3];
    const char *rest; /* what is left when the end comes before a delimiter */
} cuts[] = {
    {"\r\n", "one\r\ntwo\r\n", {"one", "two", NULL}, NULL},
    {"\r\n", "a\nb\rc\r\r\n", {"a\nb\rc\r", NULL}, NULL},
    {"--x", "1--2--x-3--x", {"1--2", "-3", NULL}, NULL},
    {"aab", "aaabaab", {"a", "", NULL}, NULL},
    {";", "", {NULL}, NULL},
    {";", "a;b", {"a", NULL}, "b"},
    {"ab", "xa", {NULL}, "xa"},
};

static void check_pieces(int row)
{
    diesel_error err;
    char *text, rest[10] = "";
    size_t n, length = strlen(cuts[row].delimiter);
    for (int i = 0; i < 3 && cuts[row].pieces[i] != NULL; i++) {
        int got = diesel_stream_read_until(stream, cuts[row].delimiter, length,
                                           &text, &n, 10, DIESEL_FOREVER, &err);
        assert_ok(got);
        ck_assert_int_eq(got, 1);
        ck_assert_str_eq(text, cuts[row].pieces[i]);
        ck_assert_uint_eq(n, strlen(text));
    }
    if (cuts[row].rest == NULL) {
        ck_assert_int_eq(diesel_stream_read_until(stream, cuts[row].delimiter,
                                                  length, &text, NULL, 10,
                                                  DIESEL_FOREVER, &err), 0);
        return;
    }
    for (int i = 0; i < 2; i++)
        assert_fails(diesel_stream_read_until(stream, cuts[row].delimiter,
                                              length, &text, &n, 10,
                                              DIESEL_FOREVER, &err),
                     DIESEL_E_CLOSED);
    assert_ok(diesel_stream_read_exactly(stream, rest, strlen(cuts[row].rest),
                                         DIESEL_FOREVER, &err));
    ck_assert_str_eq(rest, cuts[row].rest);
}

FIBER_TEST(delimiters_are_found)
{
    diesel_error err;
    open_pair();
    test_raw_write(raw, cuts[row].wire);
    shutdown(raw, SHUT_WR);
    check_pieces(row);
    close_pair();

    open_pair();
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, send_slowly, (void *)(uintptr_t)cuts[row].wire);
    check_pieces(row);
    assert_ok(diesel_scope_wait(scope, &err));
    close_pair();
    return 0;
}
END_TEST

/* --- Limits. */

static const struct {
    const char *wire;
    bool fits; /* into a line of 5 */
} limits[] = {
    {"12345\n", true},  {"12345\r\n", true},   {"12345", true},
    {"12345\r", true},  {"123456\n", false},   {"123456\r\n", false},
    {"123456", false},  {"12345\r\r\n", false}, {"1234567890\n", false},
    {"1234567890", false}, {"12345\rx\n", false},
};

FIBER_TEST(a_line_that_is_too_long_is_refused_and_says_so)
{
    diesel_error err;
    char *text, back[20] = "";
    size_t n, size = strlen(limits[row].wire);
    open_pair();
    test_raw_write(raw, limits[row].wire);
    shutdown(raw, SHUT_WR);
    if (limits[row].fits) {
        ck_assert_int_eq(line(&text, &n, 5, &err), 1);
        ck_assert_str_eq(text, "12345");
    } else {
        for (int i = 0; i < 2; i++)
            assert_fails(line(&text, &n, 5, &err), DIESEL_E_LIMIT);
        assert_contains(err.message, "a line of more than 5 bytes");
        assert_ok(diesel_stream_read_exactly(stream, back, size, DIESEL_FOREVER,
                                             &err));
        ck_assert_str_eq(back, limits[row].wire); /* nothing is lost */
    }
    close_pair();
    return 0;
}
END_TEST

static int send_for_ever(void *arg)
{
    static char block[8192];
    (void)arg;
    diesel_error err;
    memset(block, 'x', sizeof block);
    diesel_stream *out = diesel_stream_from_fd(raw, "the sender", &err);
    assert_made(out);
    while (diesel_stream_write(out, block, sizeof block, DIESEL_FOREVER,
                               &err) == 0)
        ;
    diesel_stream_close(out);
    return err.code == DIESEL_E_CLOSED ? 0 : diesel_fail(&err);
}

FIBER_TEST(a_line_without_end_takes_bounded_memory)
{
    diesel_error err;
    char *text;
    open_pair();
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, send_for_ever, NULL);
    assert_fails(line(&text, NULL, 1000000, &err), DIESEL_E_LIMIT);
    assert_contains(err.message, "1000000 bytes");
    diesel_stream_close(stream);
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}
END_TEST

FIBER_TEST(long_lines_are_read)
{
    enum { LONG = 300000 };
    diesel_error err;
    char *text, *out = malloc(LONG + 2);
    size_t n;
    memset(out, 'y', LONG);
    memcpy(out + LONG, "\n", 2);
    open_pair();
    fcntl(raw, F_SETFL, O_NONBLOCK);
    diesel_stream *sender = diesel_stream_from_fd(raw, "the sender", &err);
    for (int i = 0; i < 3; i++) {
        void *room = diesel_stream_reserve(sender, LONG + 1, &err);
        assert_made(room);
        memcpy(room, out, LONG + 1);
        diesel_stream_commit(sender, LONG + 1);
        ck_assert_int_eq(line(&text, &n, LONG, &err), 1);
        ck_assert_uint_eq(n, LONG);
        ck_assert(memcmp(text, out, LONG) == 0);
    }
    diesel_stream_close(sender);
    diesel_stream_close(stream);
    free(out);
    return 0;
}
END_TEST

/* --- Together with the other reads. */

FIBER_TEST(a_deadline_loses_nothing)
{
    diesel_error err;
    char *text;
    open_pair();
    test_raw_write(raw, "half a ");
    assert_fails(diesel_stream_read_line(stream, &text, NULL, 100,
                                         diesel_now() + 2, &err),
                 DIESEL_E_TIMEDOUT);
    assert_fails(diesel_stream_read_line(stream, &text, NULL, 100, DIESEL_NOW,
                                         &err),
                 DIESEL_E_TIMEDOUT);
    test_raw_write(raw, "line\n");
    ck_assert_int_eq(line(&text, NULL, 100, &err), 1);
    ck_assert_str_eq(text, "half a line");
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(other_reads_take_what_is_held_first)
{
    diesel_error err;
    char *text, buf[20] = "";
    open_pair();
    test_raw_write(raw, "line\nbody of 13");
    ck_assert_int_eq(line(&text, NULL, 100, &err), 1);
    ck_assert(diesel_stream_is_readable(stream));
    ck_assert_int_eq(diesel_stream_read(stream, buf, 4, DIESEL_FOREVER, &err),
                     4);
    ck_assert_mem_eq(buf, "body", 4);
    test_raw_write(raw, "bytes\n");
    assert_ok(diesel_stream_read_exactly(stream, buf, 11, DIESEL_FOREVER,
                                         &err));
    ck_assert_mem_eq(buf, " of 13bytes", 11);
    ck_assert_int_eq(line(&text, NULL, 100, &err), 1);
    ck_assert_str_eq(text, "");
    ck_assert(!diesel_stream_is_readable(stream));
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(peeking_leaves_everything_there)
{
    diesel_error err;
    const void *seen;
    char *text, buf[10];
    open_pair();
    test_raw_write(raw, "GET /\n");
    ck_assert_int_eq(diesel_stream_peek(stream, &seen, 1, DIESEL_FOREVER, &err),
                     6);
    ck_assert_mem_eq(seen, "GET /\n", 6);
    assert_fails(diesel_stream_peek(stream, &seen, 7, diesel_now() + 1, &err),
                 DIESEL_E_TIMEDOUT);
    ck_assert_int_eq(diesel_stream_peek(stream, &seen, 6, DIESEL_FOREVER, &err),
                     6);
    diesel_stream_consume(stream, 4);
    ck_assert_int_eq(line(&text, NULL, 100, &err), 1);
    ck_assert_str_eq(text, "/");
    test_raw_write(raw, "xyz");
    shutdown(raw, SHUT_WR);
    ck_assert_int_eq(
        diesel_stream_peek(stream, &seen, 10, DIESEL_FOREVER, &err), 3);
    ck_assert_int_eq(diesel_stream_read(stream, buf, 10, DIESEL_FOREVER, &err),
                     3);
    ck_assert_int_eq(diesel_stream_peek(stream, &seen, 0, DIESEL_FOREVER, &err),
                     0);
    diesel_stream_consume(stream, 5); /* there is nothing */
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(what_makes_no_sense_is_refused)
{
    diesel_error err;
    char *text;
    const void *seen;
    open_pair();
    assert_fails(diesel_stream_read_until(stream, "", 0, &text, NULL, 10,
                                          DIESEL_FOREVER, &err),
                 DIESEL_E_INVAL);
    assert_fails(diesel_stream_peek(stream, &seen, SIZE_MAX, DIESEL_FOREVER,
                                    &err),
                 DIESEL_E_NOMEM);
    close_pair();
    return 0;
}
END_TEST

/* A stream that waits for a line has no buffer. */
FIBER_TEST(a_stream_that_waits_holds_no_memory)
{
    diesel_error err;
    char *text;
    diesel_allocator_set(&faulty_memory);
    open_pair();
    long before = faulty_alive;
    test_raw_write(raw, "line\n");
    ck_assert_int_eq(line(&text, NULL, 100, &err), 1);
    ck_assert_int_eq(faulty_alive, before + 1);
    assert_fails(diesel_stream_read_line(stream, &text, NULL, 100, DIESEL_NOW,
                                         &err),
                 DIESEL_E_TIMEDOUT);
    diesel_stream *others[20];
    int raws[20];
    for (int i = 0; i < 20; i++) {
        others[i] = test_stream(&raws[i]);
        test_raw_write(raws[i], "line\n");
        ck_assert_int_eq(diesel_stream_read_line(others[i], &text, NULL, 100,
                                                 DIESEL_FOREVER, &err), 1);
        assert_fails(diesel_stream_read_line(others[i], &text, NULL, 100,
                                             DIESEL_NOW, &err),
                     DIESEL_E_TIMEDOUT);
    }
    ck_assert_int_eq(faulty_alive, before + 1 + 20 * 2); /* the same buffer */
    for (int i = 0; i < 20; i++) {
        diesel_stream_close(others[i]);
        close(raws[i]);
    }
    close_pair();
    return 0;
}
END_TEST

FIBER_TEST(the_output_buffer_may_be_limited)
{
    diesel_error err;
    open_pair();
    diesel_stream_limit_output(stream, 1000);
    ck_assert_ptr_null(diesel_stream_reserve(stream, 1001, &err));
    ck_assert_ptr_nonnull(diesel_stream_reserve(stream, 600, &err));
    memset(diesel_stream_reserve(stream, 600, &err), 'x', 600);
    diesel_stream_commit(stream, 600);
    test_error_wipe(&err);
    ck_assert_ptr_null(diesel_stream_reserve(stream, 401, &err));
    assert_error(DIESEL_E_LIMIT);
    assert_contains(err.message, "600 of 1000 bytes");
    assert_ok(diesel_stream_drain(stream, 0, DIESEL_FOREVER, &err));
    ck_assert_ptr_nonnull(diesel_stream_reserve(stream, 1000, &err));
    diesel_stream_limit_output(stream, 0);
    ck_assert_ptr_nonnull(diesel_stream_reserve(stream, 100000, &err));
    close_pair();
    return 0;
}
END_TEST

/* --- Faults. */

static int send_lines(void *arg)
{
    diesel_error err;
    for (int i = 0; i < 5; i++) {
        char text[100];
        int n = snprintf(text, sizeof text, "line %d\r\n%*d\n", i, 70, i);
        if (diesel_stream_write(arg, text, (size_t)n, DIESEL_FOREVER, &err) < 0 ||
            diesel_sleep(0, &err) < 0)
            return diesel_fail(&err);
    }
    if (diesel_stream_shutdown_write(arg, DIESEL_FOREVER, &err) < 0)
        return diesel_fail(&err);
    return 0;
}

static int count_lines(diesel_stream *from, diesel_error *err)
{
    char *text;
    size_t n;
    int got, count = 0;
    while ((got = diesel_stream_read_line(from, &text, &n, 100, DIESEL_FOREVER,
                                          err)) == 1)
        ck_assert_uint_eq(n, ++count % 2 == 1 ? 6 : 70);
    if (got == 0)
        ck_assert_int_eq(count, 10);
    return got;
}

static int exchange(void *arg)
{
    diesel_error err;
    diesel_stream *pair[2];
    (void)arg;
    if (diesel_stream_pair(pair, &err) < 0)
        return diesel_fail(&err);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, send_lines, pair[1]);
    int result = scope != NULL ? count_lines(pair[0], &err) : 0;
    if (result < 0)
        diesel_scope_cancel(scope);
    diesel_error first;
    if (diesel_scope_wait(scope, &first) < 0 &&
        (result == 0 || err.code == DIESEL_E_CANCELLED)) {
        err = first;
        result = -1;
    }
    diesel_stream_close(pair[0]);
    diesel_stream_close(pair[1]);
    return result < 0 ? diesel_fail(&err) : 0;
}

START_TEST(lines_survive_cancellation_at_any_turn)
{
    ck_assert_int_gt(cancel_loop(exchange, NULL), 3);
}
END_TEST

START_TEST(lines_survive_failing_allocations)
{
    diesel_allocator_set(&faulty_memory);
    for (long n = 1;; n++) {
        diesel_error err;
        test_error_wipe(&err);
        faulty_memory_fail(n);
        int result = diesel_run(exchange, NULL, NULL, &err);
        ck_assert_int_eq(faulty_alive, 0);
        if (faulty_allocations < n) {
            ck_assert_int_eq(result, 0);
            break;
        }
        if (result < 0)
            assert_error(DIESEL_E_NOMEM);
    }
}
END_TEST

START_TEST(lines_survive_short_and_failing_reads)
{
    for (size_t cut = 0; cut < 10; cut++) {
        diesel_error err;
        faulty_sys_reset();
        faulty_sys_cut_reads(cut);
        faulty_sys_interrupt();
        assert_ok(diesel_run(exchange, NULL, NULL, &err));
    }
    for (long n = 1;; n++) {
        diesel_error err;
        test_error_wipe(&err);
        faulty_sys_reset();
        faulty_sys_fail(FAULTY_read, n, EIO);
        int result = diesel_run(exchange, NULL, NULL, &err);
        if (faulty_sys_calls(FAULTY_read) < n)
            break;
        ck_assert_int_eq(result, -1);
        assert_error(DIESEL_E_IO);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stream_lines");
    test_case_rows(suite, "lines", lines_are_read, TEST_COUNT(texts));
    test_case_rows(suite, "pieces", delimiters_are_found, TEST_COUNT(cuts));
    test_case_rows(suite, "limits",
                   a_line_that_is_too_long_is_refused_and_says_so,
                   TEST_COUNT(limits));
    test_case(suite, "long", a_line_without_end_takes_bounded_memory,
              long_lines_are_read);
    test_case(suite, "together", a_deadline_loses_nothing,
              other_reads_take_what_is_held_first,
              peeking_leaves_everything_there, what_makes_no_sense_is_refused,
              a_stream_that_waits_holds_no_memory,
              the_output_buffer_may_be_limited);
    test_case(suite, "faults", lines_survive_cancellation_at_any_turn,
              lines_survive_failing_allocations,
              lines_survive_short_and_failing_reads);
    return test_suite_run(suite);
}
