/* SPDX-License-Identifier: MIT */
/*
 * The event loop where the kernel refuses to watch: epoll_ctl(2), which libevent
 * calls, fails at the n-th time; and everything with n descriptors left, for n = 0,
 * 1, 2 ...
 */
#include <sys/epoll.h>
#include <sys/syscall.h>

#include "core/inbox_internal.h"
#include "core/loop_internal.h"
#include "core/sched_internal.h"
#include "fault_loop.h"

/* In the place of the C library's, for libevent, too. Changes and additions only:
 * to watch no more does not fail. */

static long epoll_calls, epoll_fail_at;

int epoll_ctl(int epoll, int what, int fd, struct epoll_event *event)
{
    if (what != EPOLL_CTL_DEL && ++epoll_calls == epoll_fail_at) {
        errno = ENOSPC; /* epoll(7): max_user_watches */
        return -1;
    }
    return (int)syscall(SYS_epoll_ctl, epoll, what, fd, event);
}

/* --- What needs the loop, each from its beginning to its end. */

static char bulk[500000];

static int drinks(void *arg)
{
    static char got[sizeof bulk];
    diesel_error err;
    return diesel_stream_read_exactly(arg, got, sizeof got, DIESEL_FOREVER, &err) < 0
               ? diesel_fail(&err)
               : 0;
}

/* Reads as input comes, and writes more than the kernel takes at once. */
static int streams(void *arg)
{
    diesel_error err, first;
    diesel_stream *pair[2];
    (void)arg;
    if (diesel_stream_pair(pair, &err) < 0)
        return diesel_fail(&err);
    diesel_scope *scope = diesel_scope_open(NULL);
    int result = diesel_go(scope, drinks, pair[1]);
    if (result == 0)
        result = diesel_stream_write(pair[0], bulk, sizeof bulk, DIESEL_FOREVER,
                                     &err);
    diesel_stream_close(pair[0]);
    if (diesel_scope_wait(scope, &first) < 0 && result == 0) {
        err = first;
        result = -1;
    }
    diesel_stream_close(pair[1]);
    return result < 0 ? diesel_fail(&err) : 0;
}

/* The same through the output buffer. */
static int buffered(void *arg)
{
    diesel_error err, first;
    diesel_stream *pair[2];
    (void)arg;
    if (diesel_stream_pair(pair, &err) < 0)
        return diesel_fail(&err);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, drinks, pair[1]);
    void *room = diesel_stream_reserve(pair[0], sizeof bulk, &err);
    int result = room != NULL ? 0 : -1;
    if (result == 0) {
        memcpy(room, bulk, sizeof bulk);
        diesel_stream_commit(pair[0], sizeof bulk);
        result = diesel_stream_drain(pair[0], 0, DIESEL_FOREVER, &err);
    }
    diesel_stream_close(pair[0]);
    if (diesel_scope_wait(scope, &first) < 0 && result == 0) {
        err = first;
        result = -1;
    }
    diesel_stream_close(pair[1]);
    return result < 0 ? diesel_fail(&err) : 0;
}

/* Selects on a stream that takes no more for now. */
static int selects(void *arg)
{
    diesel_error err;
    diesel_stream *pair[2];
    (void)arg;
    if (diesel_stream_pair(pair, &err) < 0)
        return diesel_fail(&err);
    while (diesel_stream_committed(pair[0]) == diesel_stream_sent(pair[0])) {
        void *room = diesel_stream_reserve(pair[0], 100000, &err);
        if (room == NULL)
            break;
        memset(room, 0, 100000);
        diesel_stream_commit(pair[0], 100000);
    }
    diesel_case cases[] = {diesel_case_writable(pair[0]), diesel_case_timer(1)};
    int result = diesel_select(cases, 2, DIESEL_FOREVER, &err);
    diesel_stream_close(pair[0]);
    diesel_stream_close(pair[1]);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int accepts(void *arg)
{
    diesel_error err;
    (void)arg;
    diesel_listener *listener = diesel_tcp_listen("127.0.0.1", 0, NULL, &err);
    if (listener == NULL)
        return diesel_fail(&err);
    diesel_stream *ours = diesel_tcp_connect(
        "127.0.0.1", diesel_listener_port(listener), NULL, DIESEL_FOREVER, &err);
    /* One that cannot be watched is closed, and the next one waited for. */
    diesel_stream *theirs =
        ours != NULL ? diesel_accept(listener, diesel_now() + 50, &err) : NULL;
    int result = theirs != NULL ? 0 : -1;
    diesel_stream_close(ours);
    diesel_stream_close(theirs);
    diesel_listener_close(listener);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int datagrams(void *arg)
{
    diesel_error err;
    diesel_address from;
    char got[3];
    (void)arg;
    diesel_udp *udp = diesel_udp_open("127.0.0.1", 0, NULL, &err);
    if (udp == NULL)
        return diesel_fail(&err);
    int result = diesel_udp_local(udp, &from, &err);
    faulty_sys_fail(FAULTY_sendmsg, 1, EAGAIN); /* no room at first */
    if (result == 0)
        result = diesel_udp_send(udp, "abc", 3, &from, DIESEL_FOREVER, &err);
    if (result == 0)
        result = (int)diesel_udp_recv(udp, got, 3, &from, DIESEL_FOREVER, &err);
    diesel_udp_close(udp);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int signals(void *arg)
{
    static const int usr1[] = {SIGUSR1};
    diesel_error err;
    (void)arg;
    diesel_signals *set = diesel_signals_open(usr1, 1, &err);
    if (set == NULL)
        return diesel_fail(&err);
    raise(SIGUSR1);
    int result = diesel_signals_wait(set, DIESEL_FOREVER, &err);
    diesel_signals_close(set);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int ring(void *arg)
{
    diesel_error err;
    (void)arg;
    diesel_thread *here = diesel_thread_here(&err);
    if (here == NULL)
        return diesel_fail(&err);
    diesel_thread_free(here);
    return 0;
}

static int children(void *arg)
{
    diesel_error err;
    diesel_exit how;
    (void)arg;
    const char *const argv[] = {"true", NULL};
    diesel_process *process = diesel_process_start(
        argv, &(diesel_process_options){.out = {DIESEL_STDIO_PIPE}}, &err);
    if (process == NULL)
        return diesel_fail(&err);
    int result = diesel_process_wait(process, &how, DIESEL_FOREVER, &err);
    diesel_process_close(process);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int moves(void *arg)
{
    diesel_error err;
    diesel_stream *in[2], *out[2];
    (void)arg;
    if (diesel_stream_pair(in, &err) < 0)
        return diesel_fail(&err);
    int result = diesel_stream_pair(out, &err);
    if (result == 0) {
        result = diesel_stream_write(in[0], "abc", 3, DIESEL_FOREVER, &err);
        if (result == 0)
            result = diesel_stream_splice(in[1], out[0], 3, NULL, DIESEL_FOREVER,
                                          &err);
        diesel_stream_close(out[0]);
        diesel_stream_close(out[1]);
    }
    diesel_stream_close(in[0]);
    diesel_stream_close(in[1]);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int standards(void *arg)
{
    diesel_error err;
    (void)arg;
    diesel_stream *in = diesel_stdin(&err);
    if (in == NULL)
        return diesel_fail(&err);
    diesel_stream_close(in);
    return 0;
}

static int devices(void *arg)
{
    diesel_error err;
    (void)arg;
    diesel_stream *null =
        diesel_stream_from_fd(open("/dev/null", O_RDWR | O_CLOEXEC), "null", &err);
    if (null == NULL)
        return diesel_fail(&err);
    int result = diesel_stream_write(null, "x", 1, DIESEL_FOREVER, &err);
    diesel_stream_close(null);
    return result < 0 ? diesel_fail(&err) : 0;
}

static const struct {
    const char *name;
    diesel_fn *fn;
    int also; /* another code it may fail with when there is nothing to watch with */
} scenes[] = {
    {"streams", streams, DIESEL_E_CLOSED}, {"buffered", buffered, DIESEL_E_CLOSED},
    {"selects", selects, 0},     {"accepts", accepts, DIESEL_E_TIMEDOUT},
    {"datagrams", datagrams, 0}, {"signals", signals, 0},
    {"ring", ring, 0},           {"children", children, 0},
    {"moves", moves, 0},         {"standards", standards, DIESEL_E_INVAL},
    {"devices", devices, DIESEL_E_INVAL},
};

START_TEST(what_cannot_be_watched_is_an_error)
{
    diesel_allocator_set(&faulty_memory);
    for (long n = 1;; n++) {
        diesel_error err;
        faulty_memory_fail(0);
        faulty_sys_reset();
        epoll_calls = 0;
        epoll_fail_at = n;
        int result = fault_loop_run(scenes[_i].fn, NULL, scenes[_i].name, n, &err);
        bool met = epoll_calls >= n;
        epoll_fail_at = 0;
        ck_assert_msg(result >= 0 || (met && (err.code == DIESEL_E_LIMIT ||
                                              err.code == DIESEL_E_IO ||
                                              err.code == scenes[_i].also)),
                      "%s, watch %ld: %s: %s", scenes[_i].name, n,
                      diesel_error_name(err.code), err.message);
        if (!met)
            break;
    }
}
END_TEST

/* With n descriptors free. The loop itself needs some, too. */
START_TEST(without_descriptors_it_is_an_error)
{
    struct rlimit before, few;
    int result = -1, failures = 0;
    diesel_allocator_set(&faulty_memory);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    int first = dup(2); /* those below are taken */
    close(first);
    for (int n = 0; result < 0; n++) {
        diesel_error err;
        ck_assert_int_lt(n, 50);
        faulty_memory_fail(0);
        faulty_sys_reset();
        test_error_wipe(&err);
        few = (struct rlimit){(rlim_t)(first + n), before.rlim_max};
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
        result = diesel_run(scenes[_i].fn, NULL, NULL, &err);
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
        ck_assert_msg(faulty_alive == 0, "%s, %d: %ld blocks left",
                      scenes[_i].name, n, faulty_alive);
        int next = dup(2);
        close(next);
        ck_assert_msg(next == first, "%s, %d: a descriptor is left",
                      scenes[_i].name, n);
        if (result >= 0)
            break;
        test_message_is_sound(&err);
        ck_assert_msg(err.code == DIESEL_E_LIMIT || err.code == scenes[_i].also,
                      "%s, %d: %s: %s", scenes[_i].name, n,
                      diesel_error_name(err.code), err.message);
        failures++;
    }
    ck_assert_int_ge(failures, 3);
}
END_TEST

/* --- What the loop refuses by itself. */

static void ready(void *arg, unsigned what)
{
    (void)arg, (void)what;
}

FIBER_TEST(files_are_always_ready_and_cannot_be_watched)
{
    diesel_error err;
    int fds[] = {open(test_path("file"), O_RDWR | O_CREAT | O_CLOEXEC, 0600),
                 open("/", O_RDONLY | O_CLOEXEC)};
    for (size_t i = 0; i < TEST_COUNT(fds); i++) {
        ck_assert_int_ge(fds[i], 0);
        assert_fails_null(diesel__watch_open(diesel__current, fds[i], ready, NULL,
                                             &err),
                          DIESEL_E_INVAL);
        close(fds[i]);
    }
    return 0;
}
END_TEST

static const struct {
    enum faulty_kind kind;
    int errnum, code; /* 0: it is made all the same */
} makings[] = {
    {FAULTY_fstat, EIO, DIESEL_E_IO},
    {FAULTY_epoll_create1, EMFILE, DIESEL_E_LIMIT},
    {FAULTY_epoll_ctl, ENOMEM, 0},
    {FAULTY_fcntl, EIO, DIESEL_E_IO},
};

/* /dev/tty cannot be had everywhere; a pseudo terminal can. */
FIBER_TEST(a_device_that_cannot_be_asked_is_watched)
{
    diesel_error err;
    faulty_sys_reset();
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    faulty_sys_fail(makings[row].kind, 1, makings[row].errnum);
    test_error_wipe(&err);
    diesel_stream *terminal = diesel_stream_from_fd(fd, "a terminal", &err);
    faulty_sys_reset();
    if (makings[row].code != 0) {
        ck_assert_ptr_null(terminal);
        assert_error(makings[row].code);
    } else {
        assert_made(terminal);
    }
    diesel_stream_close(terminal);
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loop_faults");
    test_case_rows(suite, "watches", what_cannot_be_watched_is_an_error,
                   TEST_COUNT(scenes));
    test_case_rows(suite, "descriptors", without_descriptors_it_is_an_error,
                   TEST_COUNT(scenes));
    test_case(suite, "files", files_are_always_ready_and_cannot_be_watched);
    test_case_rows(suite, "devices", a_device_that_cannot_be_asked_is_watched,
                   TEST_COUNT(makings));
    return test_suite_run(suite);
}
