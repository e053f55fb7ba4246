/* SPDX-License-Identifier: MIT */
/*
 * <diesel/copy.h> and <diesel/pipe.h>: bytes moved between streams of all kinds
 * and from files, in the kernel and through TLS; pipes and the standard
 * descriptors.
 */
#include <stdint.h>

#include "cancel_loop.h"
#include "faulty_memory.h"
#include "faulty_sys.h"
#include "tls_certs.h"
#include "tls_pair.h"

enum { BULK = 700001 };

static char *bulk;

static void fill_bulk(void)
{
    bulk = malloc(BULK);
    for (size_t i = 0; i < BULK; i++)
        bulk[i] = (char)(i * 13 + i / 249);
}

/* --- Links: two streams, what is written to [0] is read from [1]. */

enum kind { PAIR, TCP, PIPE, TLS };

static diesel_tls *client_tls, *server_tls;

static int open_tcp(diesel_stream *link[2], diesel_error *err)
{
    diesel_listener *listener = diesel_tcp_listen("127.0.0.1", 0, NULL, err);
    if (listener == NULL)
        return -1;
    link[0] = diesel_tcp_connect("127.0.0.1", diesel_listener_port(listener),
                                 NULL, DIESEL_FOREVER, err);
    link[1] = link[0] != NULL ? diesel_accept(listener, DIESEL_FOREVER, err)
                              : NULL;
    if (link[1] == NULL)
        diesel_stream_close(link[0]);
    diesel_listener_close(listener);
    return link[1] != NULL ? 0 : -1;
}

static void open_tls(diesel_stream *link[2])
{
    struct tls_pair pair;
    tls_pair_must_open(&pair, client_tls, server_tls, "localhost");
    link[0] = pair.client.stream;
    link[1] = pair.server.stream;
}

static int open_link(enum kind kind, diesel_stream *link[2], diesel_error *err)
{
    diesel_stream *ends[2];
    switch (kind) {
    case PAIR:
        return diesel_stream_pair(link, err);
    case TCP:
        return open_tcp(link, err);
    case PIPE:
        if (diesel_pipe(ends, err) < 0)
            return -1;
        link[0] = ends[1];
        link[1] = ends[0];
        return 0;
    case TLS:
        open_tls(link);
        return 0;
    }
    return -1;
}

static void close_link(diesel_stream *link[2])
{
    diesel_stream_close(link[0]);
    diesel_stream_close(link[1]);
}

static void prepare_tls(void)
{
    tls_ca *ca = tls_ca_new("ca");
    server_tls = tls_made(&(diesel_tls_options){
        .server = true,
        .cert_file = tls_ca_issue(ca, &(tls_cert){.subject = "server",
                                                  .names = "DNS:localhost"})});
    client_tls = tls_made(&(diesel_tls_options){.ca_file = tls_ca_file(ca)});
    tls_ca_free(ca);
}

static void free_tls(void)
{
    diesel_tls_free(client_tls);
    diesel_tls_free(server_tls);
}

/* --- One way of a proxy: source -> in -> [splice] -> out -> sink. */

struct way {
    diesel_stream *in[2], *out[2];
    uint64_t moved;
    size_t n;
};

static int feed(void *arg)
{
    struct way *way = arg;
    diesel_error err;
    int result = diesel_stream_write(way->in[0], bulk, way->n, DIESEL_FOREVER,
                                     &err);
    diesel_stream_close(way->in[0]);
    way->in[0] = NULL;
    return result < 0 ? diesel_fail(&err) : 0;
}

static int forward(void *arg)
{
    struct way *way = arg;
    diesel_error err;
    int result = diesel_stream_splice(way->in[1], way->out[0], UINT64_MAX,
                                      &way->moved, DIESEL_FOREVER, &err);
    diesel_stream_close(way->out[0]);
    way->out[0] = NULL;
    return result < 0 ? diesel_fail(&err) : 0;
}

static int drink(struct way *way, diesel_error *err)
{
    char *got = malloc(way->n + 1);
    int result = diesel_stream_read_exactly(way->out[1], got, way->n,
                                            DIESEL_FOREVER, err);
    if (result == 0)
        ck_assert(memcmp(got, bulk, way->n) == 0);
    if (result == 0)
        result = (int)diesel_stream_read(way->out[1], got, 1, DIESEL_FOREVER,
                                         err);
    ck_assert_int_le(result, 0);
    free(got);
    return result;
}

static int run_way(enum kind in, enum kind out, size_t n)
{
    diesel_error err;
    struct way way = {.n = n};
    if (open_link(in, way.in, &err) < 0)
        return diesel_fail(&err);
    if (open_link(out, way.out, &err) < 0) {
        close_link(way.in);
        return diesel_fail(&err);
    }
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, feed, &way);
    diesel_go(scope, forward, &way);
    int result = scope != NULL ? drink(&way, &err) : 0;
    if (result < 0)
        diesel_scope_cancel(scope);
    diesel_error first;
    if (diesel_scope_wait(scope, &first) < 0 &&
        (result == 0 || err.code == DIESEL_E_CANCELLED)) {
        err = first;
        result = -1;
    }
    if (result == 0)
        ck_assert_uint_eq(way.moved, n);
    close_link(way.in);
    close_link(way.out);
    return result < 0 ? diesel_fail(&err) : 0;
}

FIBER_TEST(bytes_are_moved_between_streams_of_any_kind)
{
    const enum kind in = row / 4, out = row % 4;
    prepare_tls();
    ck_assert_int_eq(run_way(in, out, BULK), 0);
    ck_assert_int_eq(run_way(in, out, 1), 0);
    ck_assert_int_eq(run_way(in, out, 0), 0);
    free_tls();
    return 0;
}
END_TEST

/* What a read took too much goes first; and only as much as was asked for. */
FIBER_TEST(what_is_held_and_appended_goes_first)
{
    diesel_error err;
    diesel_stream *in[2], *out[2];
    char *line, got[20] = "";
    uint64_t moved = 100;
    assert_ok(diesel_stream_pair(in, &err));
    assert_ok(diesel_stream_pair(out, &err));
    assert_ok(diesel_stream_write(in[0], "line\nheld", 9, DIESEL_FOREVER, &err));
    ck_assert_int_eq(diesel_stream_read_line(in[1], &line, NULL, 10,
                                             DIESEL_FOREVER, &err), 1);
    assert_ok(diesel_stream_write(in[0], ", spliced, rest", 15, DIESEL_FOREVER,
                                  &err));
    memcpy(diesel_stream_reserve(out[0], 6, &err), "first:", 6);
    diesel_stream_commit(out[0], 6);
    assert_ok(diesel_stream_splice(in[1], out[0], 13, &moved, DIESEL_FOREVER,
                                   &err));
    ck_assert_uint_eq(moved, 113);
    assert_ok(diesel_stream_read_exactly(out[1], got, 19, DIESEL_FOREVER, &err));
    ck_assert_str_eq(got, "first:held, spliced");
    ck_assert_uint_eq(diesel_stream_sent(out[0]), 19);
    ck_assert_int_eq(diesel_stream_read(in[1], got, 20, DIESEL_FOREVER, &err),
                     6);
    ck_assert_mem_eq(got, ", rest", 6);
    close_link(in);
    close_link(out);
    return 0;
}
END_TEST

FIBER_TEST(a_reader_that_is_slow_holds_the_writer_up)
{
    diesel_error err;
    struct way way = {.n = BULK};
    char *more = calloc(1, 20 * 1000 * 1000);
    assert_ok(diesel_stream_pair(way.in, &err));
    assert_ok(diesel_stream_pair(way.out, &err));
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, forward, &way);
    assert_fails(diesel_stream_write(way.in[0], more, 20 * 1000 * 1000,
                                     diesel_now() + 20, &err),
                 DIESEL_E_TIMEDOUT);
    ck_assert_uint_lt(way.moved, 10 * 1000 * 1000);
    diesel_scope_cancel(scope);
    assert_ok(diesel_scope_wait(scope, &err));
    free(more);
    close_link(way.in);
    close_link(way.out);
    return 0;
}
END_TEST

FIBER_TEST(a_peer_that_goes_is_an_error_and_no_signal)
{
    diesel_error err;
    diesel_stream *in[2], *out[2];
    signal(SIGPIPE, SIG_DFL);
    assert_ok(open_link(TCP, in, &err));
    assert_ok(open_link(row == 0 ? TCP : row == 1 ? PIPE : PAIR, out, &err));
    diesel_stream_close(out[1]);
    assert_ok(diesel_sleep(1, &err));
    int result = 0;
    for (int i = 0; i < 10 && result == 0; i++) {
        assert_ok(diesel_stream_write(in[0], "x", 1, DIESEL_FOREVER, &err));
        result = diesel_stream_splice(in[1], out[0], 1, NULL, DIESEL_FOREVER,
                                      &err);
    }
    ck_assert_int_eq(result, -1);
    assert_error(DIESEL_E_CLOSED);
    assert_fails(diesel_stream_write(out[0], "x", 1, DIESEL_FOREVER, &err),
                 DIESEL_E_CLOSED);
    close_link(in);
    diesel_stream_close(out[0]);
    return 0;
}
END_TEST

FIBER_TEST(writing_to_a_pipe_without_reader_raises_no_signal)
{
    diesel_error err;
    diesel_stream *ends[2];
    signal(SIGPIPE, SIG_DFL);
    assert_ok(diesel_pipe(ends, &err));
    diesel_stream_close(ends[0]);
    assert_fails(diesel_stream_write(ends[1], "x", 1, DIESEL_FOREVER, &err),
                 DIESEL_E_CLOSED);
    diesel_stream_close(ends[1]);
    return 0;
}
END_TEST

FIBER_TEST(a_stream_is_not_spliced_with_itself)
{
    diesel_error err;
    diesel_stream *pair[2];
    assert_ok(diesel_stream_pair(pair, &err));
    assert_fails(diesel_stream_splice(pair[0], pair[0], 1, NULL, DIESEL_FOREVER,
                                      &err),
                 DIESEL_E_INVAL);
    assert_fails(diesel_stream_splice(pair[0], pair[1], 1, NULL,
                                      diesel_now() + 1, &err),
                 DIESEL_E_TIMEDOUT);
    close_link(pair);
    return 0;
}
END_TEST

/* --- Files. */

static int bulk_file(void)
{
    int fd = open(test_path("bulk"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
                  0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bulk, BULK), BULK);
    return fd;
}

struct file {
    diesel_stream *link[2];
    int fd;
    int64_t offset;
    uint64_t n, moved;
};

static int send_it(void *arg)
{
    struct file *file = arg;
    diesel_error err;
    int result = diesel_stream_send_file(file->link[0], file->fd, file->offset,
                                         file->n, &file->moved, DIESEL_FOREVER,
                                         &err);
    diesel_stream_close(file->link[0]);
    file->link[0] = NULL;
    return result < 0 ? diesel_fail(&err) : 0;
}

static void send_part(enum kind kind, int64_t offset, uint64_t n, size_t want)
{
    diesel_error err;
    char *got = malloc(want + 1);
    struct file file = {.fd = bulk_file(), .offset = offset, .n = n};
    assert_ok(open_link(kind, file.link, &err));
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, send_it, &file);
    assert_ok(diesel_stream_read_exactly(file.link[1], got, want,
                                         DIESEL_FOREVER, &err));
    ck_assert(memcmp(got, bulk + offset, want) == 0);
    ck_assert_int_eq(diesel_stream_read(file.link[1], got, 1, DIESEL_FOREVER,
                                        &err), 0);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_uint_eq(file.moved, want);
    ck_assert_int_eq(lseek(file.fd, 0, SEEK_CUR), BULK); /* as it was */
    close(file.fd);
    close_link(file.link);
    free(got);
}

FIBER_TEST(a_file_is_sent)
{
    prepare_tls();
    send_part(row, 0, UINT64_MAX, BULK);
    send_part(row, 0, BULK, BULK);
    send_part(row, 1000, 600000, 600000);
    send_part(row, BULK - 1, UINT64_MAX, 1);
    send_part(row, 5, 0, 0);
    free_tls();
    return 0;
}
END_TEST

FIBER_TEST(a_file_that_is_too_short_is_an_error)
{
    diesel_error err;
    diesel_stream *pair[2];
    char got[10];
    int fd = bulk_file();
    assert_ok(diesel_stream_pair(pair, &err));
    assert_fails(diesel_stream_send_file(pair[0], fd, BULK - 10, 11, NULL,
                                         DIESEL_FOREVER, &err),
                 DIESEL_E_CLOSED);
    assert_contains(err.message, "1 of 11 bytes");
    assert_ok(diesel_stream_read_exactly(pair[1], got, 10, DIESEL_FOREVER,
                                         &err));
    assert_fails(diesel_stream_send_file(pair[0], fd, -1, 1, NULL,
                                         DIESEL_FOREVER, &err),
                 DIESEL_E_INVAL);
    assert_fails(diesel_stream_send_file(pair[0], -1, 0, 1, NULL,
                                         DIESEL_FOREVER, &err),
                 DIESEL_E_INVAL);
    close(fd);
    close_link(pair);
    return 0;
}
END_TEST

/* --- Faults. */

static int fault_body(void *arg)
{
    const int *kinds = arg;
    return run_way((enum kind)kinds[0], (enum kind)kinds[1], 100000);
}

static int ways[][2] = {{PAIR, TCP}, {TCP, PIPE}, {PIPE, PAIR}};

static const struct {
    enum faulty_kind kind;
    int errnum, want;
} faults[] = {
    {FAULTY_splice, EINTR, 0},
    {FAULTY_splice, EINVAL, 0}, /* it is copied */
    {FAULTY_splice, EIO, DIESEL_E_IO},
    {FAULTY_splice, EPIPE, DIESEL_E_CLOSED},
    {FAULTY_pipe2, EMFILE, DIESEL_E_LIMIT},
    {FAULTY_fcntl, EPERM, DIESEL_E_IO},
};

START_TEST(any_call_may_fail)
{
    diesel_allocator_set(&faulty_memory);
    for (size_t way = 0; way < TEST_COUNT(ways); way++) {
        for (long n = 1;; n++) {
            diesel_error err;
            test_error_wipe(&err);
            faulty_memory_fail(0);
            faulty_sys_reset();
            faulty_sys_fail(faults[_i].kind, n, faults[_i].errnum);
            int fds = test_open_fds();
            int result = diesel_run(fault_body, ways[way], NULL, &err);
            ck_assert_int_eq(faulty_alive, 0);
            ck_assert_int_eq(test_open_fds(), fds);
            if (faulty_sys_calls(faults[_i].kind) < n)
                break;
            if (result < 0)
                test_message_is_sound(&err);
            ck_assert_msg(result == 0 || err.code == faults[_i].want ||
                              (faults[_i].want != 0 &&
                               err.code == DIESEL_E_CLOSED),
                          "%s %ld: %s", faulty_sys_name(faults[_i].kind), n,
                          err.message);
        }
    }
}
END_TEST

START_TEST(any_allocation_may_fail)
{
    diesel_allocator_set(&faulty_memory);
    for (long n = 1;; n++) {
        diesel_error err;
        test_error_wipe(&err);
        faulty_memory_fail(n);
        int result = diesel_run(fault_body, ways[_i], NULL, &err);
        ck_assert_int_eq(faulty_alive, 0);
        if (faulty_allocations < n) {
            ck_assert_int_eq(result, 0);
            break;
        }
        if (result < 0)
            ck_assert(err.code == DIESEL_E_NOMEM || err.code == DIESEL_E_CLOSED);
    }
}
END_TEST

START_TEST(a_splice_may_be_cancelled_at_any_turn)
{
    ck_assert_int_gt(cancel_loop(fault_body, ways[_i]), 3);
}
END_TEST

START_TEST(calls_may_do_a_part_only)
{
    diesel_error err;
    for (size_t way = 0; way < TEST_COUNT(ways); way++) {
        faulty_sys_reset();
        faulty_sys_cut_writes(777);
        faulty_sys_cut_reads(999);
        faulty_sys_interrupt();
        assert_ok(diesel_run(fault_body, ways[way], NULL, &err));
    }
}
END_TEST

/* --- The standard descriptors. */

FIBER_TEST(standard_input_is_a_stream)
{
    diesel_error err;
    int fds[2];
    char *line;
    diesel_stream *in;
    ck_assert_int_eq(pipe(fds), 0);
    if (row == 0) { /* a pipe */
        dup2(fds[0], 0);
        test_raw_write(fds[1], "one\ntwo\n");
        close(fds[1]);
    } else if (row == 1) { /* a file */
        int fd = open(test_path("in"), O_RDWR | O_CREAT, 0600);
        test_raw_write(fd, "one\ntwo\n");
        lseek(fd, 0, SEEK_SET);
        dup2(fd, 0);
    } else { /* a socket, of which no second one can be opened */
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        dup2(fds[0], 0);
        test_raw_write(fds[1], "one\ntwo\n");
        close(fds[1]);
    }
    assert_made(in = diesel_stdin(&err));
    ck_assert_str_eq(diesel_stream_name(in), "standard input");
    ck_assert(row == 2 || !(fcntl(0, F_GETFL) & O_NONBLOCK));
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(diesel_stream_read_line(in, &line, NULL, 10,
                                                 DIESEL_FOREVER, &err), 1);
        ck_assert_str_eq(line, i == 0 ? "one" : "two");
        if (row == 0 && i == 0)
            close(fds[0]);
    }
    if (row == 0)
        close(0); /* the last reader but ours */
    ck_assert_int_eq(diesel_stream_read_line(in, &line, NULL, 10,
                                             DIESEL_FOREVER, &err), 0);
    diesel_stream_close(in);
    return 0;
}
END_TEST

static int write_output(void *arg)
{
    diesel_error err;
    diesel_stream *out;
    (void)arg;
    assert_made(out = diesel_stdout(&err));
    assert_ok(diesel_stream_write(out, "hello\n", 6, DIESEL_FOREVER, &err));
    diesel_stream_close(out);
    diesel_stream *said;
    assert_made(said = diesel_stderr(&err));
    assert_ok(diesel_stream_write(said, "oh\n", 3, DIESEL_FOREVER, &err));
    diesel_stream_close(said);
    return 0;
}

START_TEST(standard_output_is_put_right_at_the_exit)
{
    int fds[2];
    char got[20] = "";
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    fflush(NULL);
    pid_t child = test_fork();
    if (child == 0) {
        dup2(fds[0], 1);
        dup2(fds[0], 2);
        test_run(write_output, NULL);
        if (!(fcntl(fds[0], F_GETFL) & O_NONBLOCK))
            abort();
        exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(read(fds[1], got, sizeof got), 9);
    ck_assert_str_eq(got, "hello\noh\n");
    ck_assert_int_eq(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

FIBER_TEST(devices_that_are_always_ready_do_not_wait)
{
    diesel_error err;
    char buf[10];
    diesel_stream *null, *zero;
    assert_made(null = diesel_stream_from_fd(open("/dev/null", O_RDWR),
                                             "/dev/null", &err));
    ck_assert_int_eq(diesel_stream_read(null, buf, 10, DIESEL_FOREVER, &err),
                     0);
    assert_made(zero = diesel_stream_from_fd(open("/dev/zero", O_RDWR),
                                             "/dev/zero", &err));
    uint64_t moved = 0;
    assert_ok(diesel_stream_splice(zero, null, 1000000, &moved, DIESEL_FOREVER,
                                   &err));
    ck_assert_uint_eq(moved, 1000000);
    diesel_stream_close(zero);
    diesel_stream_close(null);
    close(0);
    assert_fails_null(diesel_stdin(&err), DIESEL_E_INVAL);
    return 0;
}
END_TEST

int main(void)
{
    fill_bulk();
    Suite *suite = suite_create("copy");
    test_case_rows(suite, "kinds", bytes_are_moved_between_streams_of_any_kind,
                   16);
    test_case_rows(suite, "gone", a_peer_that_goes_is_an_error_and_no_signal,
                   3);
    test_case(suite, "streams", what_is_held_and_appended_goes_first,
              a_reader_that_is_slow_holds_the_writer_up,
              writing_to_a_pipe_without_reader_raises_no_signal,
              a_stream_is_not_spliced_with_itself);
    test_case_rows(suite, "files", a_file_is_sent, 4);
    test_case(suite, "short", a_file_that_is_too_short_is_an_error);
    test_case_rows(suite, "faults", any_call_may_fail, TEST_COUNT(faults));
    test_case_rows(suite, "memory", any_allocation_may_fail, TEST_COUNT(ways));
    test_case_rows(suite, "cancelled", a_splice_may_be_cancelled_at_any_turn,
                   TEST_COUNT(ways));
    test_case(suite, "parts", calls_may_do_a_part_only);
    test_case_rows(suite, "input", standard_input_is_a_stream, 3);
    test_case(suite, "output", standard_output_is_put_right_at_the_exit,
              devices_that_are_always_ready_do_not_wait);
    int failed = test_suite_run(suite);
    free(bulk);
    return failed;
}
