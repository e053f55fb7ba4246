/* SPDX-License-Identifier: MIT */
/*
 * System calls that fail: conversations over sockets are held again and again,
 * with the n-th call of a kind failing, for n = 1, 2, 3 ... until there is no n-th;
 * and with reads and writes cut short. Each must end well, or with a filled
 * error where nothing else is left to do, and leave no memory and no descriptor
 * behind. What arrives is what was sent.
 */
#include "faulty_memory.h"
#include "faulty_sys.h"
#include "test_util.h"

enum { BULK = 20000 };

static char bulk[BULK];

static void fill_bulk(void)
{
    for (int i = 0; i < BULK; i++)
        bulk[i] = (char)(i * 7 + i / 256);
}

/* --- A conversation: each end talks and echoes. */

static int echo(diesel_stream *peer, diesel_error *err)
{
    char buf[4096];
    ssize_t got;
    while ((got = diesel_stream_read(peer, buf, sizeof buf, DIESEL_FOREVER,
                                     err)) > 0) {
        void *room = diesel_stream_reserve(peer, (size_t)got, err);
        if (room == NULL)
            return -1;
        memcpy(room, buf, (size_t)got);
        diesel_stream_commit(peer, (size_t)got);
        if (diesel_stream_drain(peer, 1000, DIESEL_FOREVER, err) < 0)
            return -1;
    }
    if (got == 0)
        return diesel_stream_shutdown_write(peer, DIESEL_FOREVER, err);
    return -1;
}

static int serve(void *arg)
{
    diesel_error err;
    diesel_stream *peer = diesel_accept(arg, DIESEL_FOREVER, &err);
    if (peer == NULL)
        return diesel_fail(&err);
    int result = echo(peer, &err);
    diesel_stream_close(peer);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int serve_pair(void *arg)
{
    diesel_error err;
    int result = echo(arg, &err);
    diesel_stream_close(arg);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int ask(void *arg)
{
    static const char hello[] = "hello";
    diesel_stream *stream = arg;
    diesel_error err;
    struct iovec pieces[] = {{(void *)(uintptr_t)hello, 5},
                             {bulk, 1},
                             {bulk + 1, 0},
                             {bulk + 1, BULK - 1}};
    if (diesel_stream_writev(stream, pieces, 4, DIESEL_FOREVER, &err) < 0)
        return diesel_fail(&err);
    if (diesel_stream_shutdown_write(stream, DIESEL_FOREVER, &err) < 0)
        return diesel_fail(&err);
    return 0;
}

static int hear(diesel_stream *stream, diesel_error *err)
{
    static char heard[5 + BULK];
    if (diesel_stream_read_exactly(stream, heard, sizeof heard, DIESEL_FOREVER,
                                   err) < 0)
        return -1;
    ck_assert_mem_eq(heard, "hello", 5);
    ck_assert(memcmp(heard + 5, bulk, BULK) == 0);
    ssize_t end = diesel_stream_read(stream, heard, 1, DIESEL_FOREVER, err);
    ck_assert_int_le(end, 0);
    return (int)end;
}

static int converse(diesel_stream *stream, diesel_scope *scope,
                    diesel_error *err)
{
    int result = -1;
    if (stream != NULL) {
        diesel_go(scope, ask, stream);
        result = hear(stream, err);
    }
    if (result < 0)
        diesel_scope_cancel(scope);
    diesel_error first;
    if (diesel_scope_wait(scope, &first) < 0 &&
        (result == 0 || err->code == DIESEL_E_CANCELLED)) {
        *err = first;
        result = -1;
    }
    diesel_stream_close(stream);
    return result;
}

static int over_a_pair(void *arg)
{
    diesel_error err;
    diesel_stream *pair[2];
    (void)arg;
    if (diesel_stream_pair(pair, &err) < 0)
        return diesel_fail(&err);
    if (diesel_stream_is_readable(pair[0])) { /* poll(2) has failed */
        diesel_stream_close(pair[0]);
        diesel_stream_close(pair[1]);
        diesel_error_set(&err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0, "dead");
        return diesel_fail(&err);
    }
    diesel_scope *scope = diesel_scope_open(NULL);
    if (diesel_go(scope, serve_pair, pair[1]) < 0)
        diesel_stream_close(pair[1]); /* there was no stack for its server */
    int result = converse(pair[0], scope, &err);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int over_a_listener(diesel_listener *listener, const char *path)
{
    diesel_error err;
    uint16_t port = path == NULL ? diesel_listener_port(listener) : 0;
    if (path == NULL && port == 0) { /* getsockname(2) has failed */
        diesel_listener_close(listener);
        diesel_error_set(&err, DIESEL_E_CLOSED, DIESEL_DOM_CORE, 0, "no port");
        return diesel_fail(&err);
    }
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, serve, listener);
    diesel_stream *stream =
        path != NULL ? diesel_unix_connect(path, DIESEL_FOREVER, &err)
                     : diesel_tcp_connect("127.0.0.1", port, NULL,
                                          DIESEL_FOREVER, &err);
    int result = converse(stream, scope, &err);
    diesel_listener_close(listener);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int over_tcp(void *arg)
{
    diesel_error err;
    (void)arg;
    diesel_listener *listener = diesel_tcp_listen("127.0.0.1", 0, NULL, &err);
    return listener != NULL ? over_a_listener(listener, NULL)
                            : diesel_fail(&err);
}

static int over_a_unix_socket(void *arg)
{
    diesel_error err;
    (void)arg;
    char path[108];
    snprintf(path, sizeof path, "%s", test_path("talk"));
    diesel_listener *listener = diesel_unix_listen(path, NULL, &err);
    return listener != NULL ? over_a_listener(listener, path)
                            : diesel_fail(&err);
}

static const struct {
    const char *name;
    diesel_fn *run;
} scenarios[] = {{"a pair", over_a_pair},
                 {"TCP", over_tcp},
                 {"a Unix socket", over_a_unix_socket}};

/* --- The n-th call fails. */

/* `want` is the code it ends with if the fault was met: 0 if it goes on. The
 * others in the conversation may see the connection closed instead, and a stack
 * that cannot be had is always a lack of memory. */
static const struct {
    enum faulty_kind kind;
    int errnum, want;
} faults[] = {
    {FAULTY_accept4, EINTR, 0},
    {FAULTY_accept4, ECONNABORTED, 0},
    {FAULTY_accept4, EMFILE, 0},
    {FAULTY_accept4, ENFILE, 0},
    {FAULTY_accept4, ENOBUFS, 0},
    {FAULTY_accept4, EBADF, DIESEL_E_INVAL},
    {FAULTY_bind, EADDRINUSE, DIESEL_E_BUSY},
    {FAULTY_bind, EACCES, DIESEL_E_IO},
    {FAULTY_close, EINTR, 0},
    {FAULTY_close, EIO, 0},
    {FAULTY_connect, EINTR, 0},
    {FAULTY_connect, ECONNREFUSED, DIESEL_E_REFUSED},
    {FAULTY_connect, ENETUNREACH, DIESEL_E_IO},
    {FAULTY_connect, EAGAIN, 0},
    {FAULTY_fcntl, EBADF, DIESEL_E_INVAL},
    {FAULTY_getsockname, ENOBUFS, DIESEL_E_CLOSED},
    {FAULTY_getsockopt, ENOBUFS, DIESEL_E_LIMIT},
    {FAULTY_listen, EADDRINUSE, DIESEL_E_BUSY},
    {FAULTY_madvise, ENOMEM, DIESEL_E_NOMEM},
    {FAULTY_mmap, ENOMEM, DIESEL_E_NOMEM},
    {FAULTY_poll, EINTR, 0},
    {FAULTY_read, EINTR, 0},
    {FAULTY_read, ECONNRESET, DIESEL_E_CLOSED},
    {FAULTY_read, EIO, DIESEL_E_IO},
    {FAULTY_sendmsg, EINTR, 0},
    {FAULTY_sendmsg, EAGAIN, 0},
    {FAULTY_sendmsg, ENOBUFS, 0},
    {FAULTY_sendmsg, EPIPE, DIESEL_E_CLOSED},
    {FAULTY_sendmsg, ECONNRESET, DIESEL_E_CLOSED},
    {FAULTY_sendmsg, EIO, DIESEL_E_IO},
    {FAULTY_setsockopt, ENOPROTOOPT, DIESEL_E_IO},
    {FAULTY_shutdown, ENOBUFS, DIESEL_E_LIMIT},
    {FAULTY_socket, EMFILE, DIESEL_E_LIMIT},
    {FAULTY_socket, ENOBUFS, DIESEL_E_LIMIT},
    {FAULTY_socketpair, EMFILE, DIESEL_E_LIMIT},
    {FAULTY_ANY, EIO, DIESEL_E_IO},
    {FAULTY_ANY, ENOMEM, DIESEL_E_NOMEM},
};

/* One run with the n-th call failing; false when there was no n-th. */
static bool fails_at(int row, size_t scenario, long n)
{
    diesel_error err;
    test_error_wipe(&err);
    faulty_memory_fail(0);
    faulty_sys_reset();
    faulty_sys_fail(faults[row].kind, n, faults[row].errnum);
    int fds = test_open_fds();
    int result = diesel_run(scenarios[scenario].run, NULL, NULL, &err);
    bool met = faulty_sys_calls(faults[row].kind) >= n;
    const char *what = scenarios[scenario].name;
    const char *call = faulty_sys_name(faults[row].kind);
    ck_assert_msg(faulty_alive == 0, "%s, %s %ld: %ld blocks left", what, call,
                  n, faulty_alive);
    ck_assert_int_eq(test_open_fds(), fds);
    if (result < 0)
        test_message_is_sound(&err);
    int want = met ? faults[row].want : 0;
    ck_assert_msg(result == 0 || (want != 0 && (err.code == want ||
                                                err.code == DIESEL_E_CLOSED ||
                                                err.code == DIESEL_E_NOMEM)),
                  "%s, %s %ld: %s: %s", what, call, n,
                  diesel_error_name(err.code), err.message);
    return met;
}

START_TEST(any_system_call_may_fail)
{
    diesel_allocator_set(&faulty_memory);
    bool met = false;
    for (size_t i = 0; i < TEST_COUNT(scenarios); i++)
        for (long n = 1; fails_at(_i, i, n); n++)
            met = true;
    ck_assert_msg(met, "nobody calls %s", faulty_sys_name(faults[_i].kind));
}
END_TEST

/* --- Calls that do a part, or are interrupted first. */

static const struct {
    size_t reads, writes;
    bool interrupt;
} parts[] = {
    {0, 0, true}, {1, 0, false}, {0, 1, false}, {1, 1, true},
    {2, 3, true}, {999, 7, false}, {7, 999, true},
};

START_TEST(reads_and_writes_may_be_cut_short)
{
    diesel_allocator_set(&faulty_memory);
    for (size_t i = 0; i < TEST_COUNT(scenarios); i++) {
        diesel_error err;
        faulty_memory_fail(0);
        faulty_sys_reset();
        faulty_sys_cut_reads(parts[_i].reads);
        faulty_sys_cut_writes(parts[_i].writes);
        if (parts[_i].interrupt)
            faulty_sys_interrupt();
        assert_ok(diesel_run(scenarios[i].run, NULL, NULL, &err));
        ck_assert_int_eq(faulty_alive, 0);
    }
}
END_TEST

/* --- Out of descriptors: those who are served already do not notice. */

static int serve_all(void *arg)
{
    diesel_error err;
    diesel_stream *peer;
    diesel_scope *scope = diesel_scope_open(NULL);
    while ((peer = diesel_accept(arg, DIESEL_FOREVER, &err)) != NULL)
        diesel_go(scope, serve_pair, peer);
    diesel_scope_cancel(scope);
    (void)diesel_scope_wait(scope, NULL);
    return err.code == DIESEL_E_CLOSED ? 0 : diesel_fail(&err);
}

static void hear_echo(diesel_stream *stream)
{
    diesel_error err;
    char heard[4] = "";
    assert_ok(diesel_stream_write(stream, "ping", 4, DIESEL_FOREVER, &err));
    assert_ok(
        diesel_stream_read_exactly(stream, heard, 4, DIESEL_FOREVER, &err));
    ck_assert_mem_eq(heard, "ping", 4);
}

FIBER_TEST(out_of_descriptors_a_listener_serves_on)
{
    diesel_error err;
    diesel_listener *listener;
    diesel_stream *first, *second;
    assert_made(listener = diesel_tcp_listen("127.0.0.1", 0, NULL, &err));
    uint16_t port = diesel_listener_port(listener);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, serve_all, listener);
    assert_made(first = diesel_tcp_connect("127.0.0.1", port, NULL,
                                           DIESEL_FOREVER, &err));
    hear_echo(first);

    faulty_sys_reset();
    faulty_sys_fail_from(FAULTY_accept4, 1, EMFILE);
    assert_made(second = diesel_tcp_connect("127.0.0.1", port, NULL,
                                            DIESEL_FOREVER, &err));
    while (faulty_sys_calls(FAULTY_accept4) < 2) { /* it has tried again */
        hear_echo(first);
        assert_ok(diesel_sleep(1, &err));
    }
    faulty_sys_reset();
    hear_echo(second);

    diesel_stream_close(first);
    diesel_stream_close(second);
    diesel_listener_close(listener);
    assert_ok(diesel_scope_wait(scope, &err));
    return 0;
}
END_TEST

int main(void)
{
    fill_bulk();
    Suite *suite = suite_create("sys_faults");
    test_case_rows(suite, "failing", any_system_call_may_fail,
                   TEST_COUNT(faults));
    test_case_rows(suite, "short", reads_and_writes_may_be_cut_short,
                   TEST_COUNT(parts));
    test_case(suite, "descriptors", out_of_descriptors_a_listener_serves_on);
    return test_suite_run(suite);
}
