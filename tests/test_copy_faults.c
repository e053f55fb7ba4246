/* SPDX-License-Identifier: MIT */
/*
 * Moving bytes while things go wrong: every way, from streams and from files into
 * streams that are plain, that speak TLS and whose output is limited, with the
 * n-th system call or allocation failing, with short calls, cancelled at the n-th
 * turn, and with either end closed at the n-th turn.
 */
#include <limits.h>
#include <stdint.h>

#include "cancel_loop.h"
#include "core/sched_internal.h"
#include "core/stream_internal.h"
#include "fault_loop.h"
#include "tls_certs.h"

enum { BULK = 300007 };

static char *bulk;
static int bulk_fd;
static diesel_tls *client_tls, *server_tls;

static void prepare(void)
{
    bulk = malloc(BULK);
    for (size_t i = 0; i < BULK; i++)
        bulk[i] = (char)(i * 13 + i / 249);
    bulk_fd = open(test_path("bulk"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_eq(write(bulk_fd, bulk, BULK), BULK);
    diesel_error err;
    tls_ca *ca = tls_ca_new("ca");
    assert_made(server_tls = diesel_tls_new(
                    &(diesel_tls_options){
                        .server = true,
                        .cert_file = tls_ca_issue(
                            ca, &(tls_cert){.subject = "server",
                                            .names = "DNS:localhost"})},
                    &err));
    assert_made(client_tls = diesel_tls_new(
                    &(diesel_tls_options){.ca_file = tls_ca_file(ca),
                                          .no_resumption = true},
                    &err));
    tls_ca_free(ca);
}

static void clean(void)
{
    diesel_tls_free(client_tls);
    diesel_tls_free(server_tls);
    close(bulk_fd);
    free(bulk);
}

/* --- The ways. Faults begin when the links are there. */

enum end { NOTHING, PLAIN, TLS, A_PIPE };

struct way {
    enum end in, out; /* in: NOTHING: a file is sent */
    size_t n;
    size_t limit; /* of the output; 0: none */
};

static const struct way ways[] = {
    {PLAIN, PLAIN, 100000, 0}, {PLAIN, TLS, 100000, 0},
    {TLS, PLAIN, 100000, 0},   {TLS, TLS, 60000, 4000},
    {A_PIPE, PLAIN, BULK, 0},  {PLAIN, A_PIPE, BULK, 0},
    {NOTHING, PLAIN, BULK, 0}, {NOTHING, TLS, BULK, 0},
    {NOTHING, TLS, 60000, 5000},
};

static void (*arm)(void); /* NULL: nothing goes wrong */

struct run {
    const struct way *way;
    diesel_stream *in[2], *out[2]; /* what is written to [0] is read from [1] */
    uint64_t moved;
};

struct shaker {
    diesel_stream *stream;
    diesel_tls *tls;
};

static int shakes_hands(void *arg)
{
    const struct shaker *s = arg;
    diesel_error err;
    return diesel_tls_start(s->stream, s->tls, "localhost", DIESEL_FOREVER, &err) < 0
               ? diesel_fail(&err)
               : 0;
}

static int start_tls(diesel_stream *link[2], diesel_error *err)
{
    struct shaker ends[] = {{link[0], client_tls}, {link[1], server_tls}};
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < 2; i++)
        diesel_go(scope, shakes_hands, &ends[i]);
    return diesel_scope_wait(scope, err);
}

static int open_link(enum end kind, diesel_stream *link[2], diesel_error *err)
{
    diesel_stream *ends[2];
    if (kind == NOTHING)
        return 0;
    if (kind == A_PIPE) {
        if (diesel_pipe(ends, err) < 0)
            return -1;
        link[0] = ends[1];
        link[1] = ends[0];
        return 0;
    }
    if (diesel_stream_pair(link, err) < 0)
        return -1;
    return kind == TLS ? start_tls(link, err) : 0;
}

static void close_end(diesel_stream **stream)
{
    diesel_stream_close(*stream);
    *stream = NULL;
}

static void close_all(struct run *run)
{
    for (int i = 0; i < 2; i++) {
        close_end(&run->in[i]);
        close_end(&run->out[i]);
    }
}

/* To close alone would not wait until the end of TLS has been sent. */
static int say_end(diesel_stream *stream, enum end kind, diesel_error *err)
{
    return kind == TLS ? diesel_stream_shutdown_write(stream, DIESEL_FOREVER, err)
                       : 0;
}

static int feed(void *arg)
{
    struct run *run = arg;
    diesel_error err;
    if (run->in[0] == NULL)
        return 0;
    int result = diesel_stream_write(run->in[0], bulk, run->way->n,
                                     DIESEL_FOREVER, &err);
    if (result == 0)
        result = say_end(run->in[0], run->way->in, &err);
    close_end(&run->in[0]);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int forward(void *arg)
{
    struct run *run = arg;
    diesel_error err;
    int result =
        run->way->in == NOTHING
            ? diesel_stream_send_file(run->out[0], bulk_fd, 0, run->way->n,
                                      &run->moved, DIESEL_FOREVER, &err)
            : diesel_stream_splice(run->in[1], run->out[0], UINT64_MAX,
                                   &run->moved, DIESEL_FOREVER, &err);
    if (result == 0)
        result = say_end(run->out[0], run->way->out, &err);
    close_end(&run->out[0]);
    return result < 0 ? diesel_fail(&err) : 0;
}

static int drink(struct run *run, diesel_error *err)
{
    size_t n = run->way->n;
    char *got = malloc(n);
    int result = diesel_stream_read_exactly(run->out[1], got, n, DIESEL_FOREVER,
                                            err);
    if (result == 0)
        ck_assert(memcmp(got, bulk, n) == 0);
    if (result == 0)
        result = (int)diesel_stream_read(run->out[1], got, 1, DIESEL_FOREVER, err);
    ck_assert_int_le(result, 0);
    free(got);
    return result;
}

static int open_run(struct run *run, diesel_error *err)
{
    if (open_link(run->way->in, run->in, err) < 0 ||
        open_link(run->way->out, run->out, err) < 0) {
        close_all(run);
        return -1;
    }
    diesel_stream_limit_output(run->out[0], run->way->limit);
    return 0;
}

static int whole(void *arg)
{
    diesel_error err, first;
    struct run run = {.way = arg};
    if (open_run(&run, &err) < 0)
        return diesel_fail(&err);
    if (arm != NULL)
        arm();
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, feed, &run);
    diesel_go(scope, forward, &run);
    int result = scope != NULL ? drink(&run, &err) : 0;
    if (result < 0)
        diesel_scope_cancel(scope);
    if (diesel_scope_wait(scope, &first) < 0 &&
        (result == 0 || err.code == DIESEL_E_CANCELLED ||
         err.code == DIESEL_E_CLOSED)) {
        err = first;
        result = -1;
    }
    if (result == 0)
        ck_assert_uint_eq(run.moved, run.way->n);
    close_all(&run);
    return result < 0 ? diesel_fail(&err) : 0;
}

static void *way_of(int row)
{
    return (void *)(uintptr_t)&ways[row];
}

/* --- System calls. */

static const struct {
    enum faulty_kind kind;
    int errnum, want; /* 0: nobody notices */
} calls[] = {
    {FAULTY_splice, EINTR, 0},
    {FAULTY_splice, EINVAL, 0}, /* it is copied then */
    {FAULTY_splice, EIO, DIESEL_E_IO},
    {FAULTY_splice, EPIPE, DIESEL_E_CLOSED},
    {FAULTY_pipe2, EMFILE, DIESEL_E_LIMIT},
    {FAULTY_fcntl, EPERM, 0}, /* a smaller pipe */
    {FAULTY_sendfile, EINTR, 0},
    {FAULTY_sendfile, EINVAL, 0},
    {FAULTY_sendfile, ENOSYS, 0},
    {FAULTY_sendfile, EIO, DIESEL_E_IO},
    {FAULTY_sendfile, EPIPE, DIESEL_E_CLOSED},
    {FAULTY_pread, EINTR, 0},
    {FAULTY_pread, EIO, DIESEL_E_IO},
    {FAULTY_read, EINTR, 0},
    {FAULTY_read, ECONNRESET, DIESEL_E_CLOSED},
    {FAULTY_read, EIO, DIESEL_E_IO},
    {FAULTY_sendmsg, EINTR, 0},
    {FAULTY_sendmsg, EAGAIN, 0},
    {FAULTY_sendmsg, EIO, DIESEL_E_IO},
    {FAULTY_writev, EINTR, 0},
    {FAULTY_writev, EIO, DIESEL_E_IO},
};

static int call_row;
static long call_number;

static void fail_a_call(void)
{
    faulty_sys_fail(calls[call_row].kind, call_number, calls[call_row].errnum);
}

/* The n-th call of the kind; whether there was one. */
static bool fails_at(int row, long n)
{
    diesel_error err;
    int want = calls[call_row].want;
    call_number = n;
    faulty_memory_fail(0);
    faulty_sys_reset();
    int result = fault_loop_run(whole, way_of(row),
                                faulty_sys_name(calls[call_row].kind), n, &err);
    bool met = faulty_sys_calls(calls[call_row].kind) >= n;
    faulty_sys_reset();
    ck_assert_msg(result == 0 || (met && want != 0 && (err.code == want ||
                                                       err.code == DIESEL_E_CLOSED)),
                  "way %d, %s %ld: %s: %s", row,
                  faulty_sys_name(calls[call_row].kind), n,
                  diesel_error_name(err.code), err.message);
    return met;
}

START_TEST(any_system_call_may_fail)
{
    prepare();
    diesel_allocator_set(&faulty_memory);
    arm = fail_a_call;
    call_row = _i;
    bool met = false;
    for (size_t row = 0; row < TEST_COUNT(ways); row++) {
        /* The first calls, and then some of the many. */
        for (long n = 1, step = 1; fails_at((int)row, n); n += step) {
            met = true;
            step = n < 20 ? 1 : 37;
        }
    }
    ck_assert_msg(met, "nobody calls %s", faulty_sys_name(calls[_i].kind));
    clean();
}
END_TEST

static void interrupt_and_cut(void)
{
    faulty_sys_cut_reads(999);
    faulty_sys_cut_writes(777);
    faulty_sys_interrupt();
}

START_TEST(calls_may_do_a_part_only)
{
    diesel_error err;
    prepare();
    arm = interrupt_and_cut;
    faulty_sys_reset();
    assert_ok(diesel_run(whole, way_of(_i), NULL, &err));
    clean();
}
END_TEST

/* --- Memory. */

static long allocation_number;

static void fail_an_allocation(void)
{
    faulty_fail_at = faulty_allocations + allocation_number;
}

START_TEST(any_allocation_may_fail)
{
    prepare();
    diesel_allocator_set(&faulty_memory);
    arm = fail_an_allocation;
    for (long n = 1;; n++) {
        diesel_error err;
        allocation_number = n;
        faulty_memory_fail(0);
        int result = fault_loop_run(whole, way_of(_i), "allocation", n, &err);
        bool met = faulty_allocations >= faulty_fail_at;
        ck_assert_msg(result == 0 || (met && (err.code == DIESEL_E_NOMEM ||
                                              err.code == DIESEL_E_CLOSED)),
                      "allocation %ld: %s: %s", n, diesel_error_name(err.code),
                      err.message);
        if (!met)
            break;
    }
    clean();
}
END_TEST

/* --- Cancelled, and closed, at any turn. */

START_TEST(it_may_be_cancelled_at_any_turn)
{
    prepare();
    ck_assert_int_gt(cancel_loop(whole, way_of(_i)), 3);
    clean();
}
END_TEST

struct closing {
    const struct way *way;
    bool input; /* or the output */
    long turns;
    bool was_early; /* it had not ended before */
};

static int closes_at_a_turn(void *arg)
{
    struct closing *c = arg;
    diesel_error err;
    struct run run = {.way = c->way};
    if (open_run(&run, &err) < 0)
        return diesel_fail(&err);
    diesel_stream *sink = run.out[1];
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, feed, &run);
    diesel_go(scope, forward, &run);
    char scrap[3000];
    for (long i = 0; i < c->turns && run.out[0] != NULL; i++) {
        if (i % 3 == 0 && diesel_stream_is_readable(sink))
            ck_assert_int_ge(diesel_stream_read(sink, scrap, sizeof scrap,
                                                DIESEL_FOREVER, &err), 0);
        (void)cancel_loop_turn();
    }
    c->was_early = run.out[0] != NULL;
    if (c->was_early) {
        close_end(c->input ? &run.in[1] : &run.out[0]);
        close_end(&run.in[0]); /* for who still writes to it */
    }
    while (diesel_stream_read(sink, scrap, sizeof scrap, DIESEL_FOREVER, NULL) > 0)
        ;
    int result = diesel_scope_wait(scope, &err);
    if (result < 0 && err.code != DIESEL_E_CLOSED)
        ck_abort_msg("closed at turn %ld: %s", c->turns, err.message);
    close_all(&run);
    return 0;
}

START_TEST(either_end_may_be_closed_at_any_turn)
{
    prepare();
    diesel_allocator_set(&faulty_memory);
    for (int input = 0; input < 2; input++) {
        struct closing c = {
            .way = &ways[_i], .input = input, .turns = 1, .was_early = true};
        if (input == 1 && ways[_i].in == NOTHING)
            continue;
        for (; c.was_early; c.turns += 1 + c.turns / 10) {
            diesel_error err;
            faulty_memory_fail(0);
            ck_assert_int_eq(fault_loop_run(closes_at_a_turn, &c, "closed",
                                            c.turns, &err), 0);
        }
        ck_assert_int_gt(c.turns, 1);
    }
    clean();
}
END_TEST

/* --- What is not for splice(2): what is in the pipe already is copied. */

FIBER_TEST(a_descriptor_that_takes_no_splice_is_written_to)
{
    diesel_error err;
    diesel_stream *in[2], *counter;
    uint64_t numbers[] = {5, 37}, sum = 0, moved = 0;
    assert_ok(diesel_stream_pair(in, &err));
    assert_made(counter = diesel_stream_from_fd(
                    eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "a counter", &err));
    assert_ok(diesel_stream_write(in[0], &numbers[0], 8, DIESEL_FOREVER, &err));
    assert_ok(diesel_stream_splice(in[1], counter, 8, &moved, DIESEL_FOREVER, &err));
    assert_ok(diesel_stream_write(in[0], &numbers[1], 8, DIESEL_FOREVER, &err));
    assert_ok(diesel_stream_splice(in[1], counter, 8, &moved, DIESEL_FOREVER, &err));
    ck_assert_int_eq(read(diesel_stream_fd(counter), &sum, 8), 8);
    ck_assert_uint_eq(sum, 42);
    ck_assert_uint_eq(moved, 16);
    diesel_stream_close(counter);
    diesel_stream_close(in[0]);
    diesel_stream_close(in[1]);
    return 0;
}
END_TEST

/* --- The stock of pipes is small. */

enum { MANY = 12 };

FIBER_TEST(of_many_pipes_a_few_are_kept)
{
    diesel_error err;
    static const struct way way = {PLAIN, PLAIN, BULK, 0};
    static struct run runs[MANY];
    prepare();
    int fds = test_open_fds();
    diesel_scope *scope = diesel_scope_open(NULL);
    for (int i = 0; i < MANY; i++) {
        runs[i].way = &way;
        assert_ok(open_run(&runs[i], &err));
        diesel_go(scope, feed, &runs[i]);
        diesel_go(scope, forward, &runs[i]);
    }
    for (int i = 0; i < MANY; i++) /* each is stuck with a full pipe */
        while (!runs[i].out[0]->blocked)
            assert_ok(diesel_yield(&err));
    ck_assert_int_eq(test_open_fds(), fds + 3 * MANY + 2 * MANY); /* all is fed */
    for (int i = 0; i < MANY; i++)
        assert_ok(drink(&runs[i], &err));
    assert_ok(diesel_scope_wait(scope, &err));
    for (int i = 0; i < MANY; i++)
        close_all(&runs[i]);
    ck_assert_int_eq(test_open_fds(), fds + 2 * 8);
    ck_assert_uint_eq(diesel__current->pipe_count, 8);
    clean();
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("copy_faults");
    test_case_rows(suite, "calls", any_system_call_may_fail, TEST_COUNT(calls));
    test_case_rows(suite, "parts", calls_may_do_a_part_only, TEST_COUNT(ways));
    test_case_rows(suite, "memory", any_allocation_may_fail, TEST_COUNT(ways));
    test_case_rows(suite, "cancelled", it_may_be_cancelled_at_any_turn,
                   TEST_COUNT(ways));
    test_case_rows(suite, "closed", either_end_may_be_closed_at_any_turn,
                   TEST_COUNT(ways));
    test_case(suite, "others", a_descriptor_that_takes_no_splice_is_written_to,
              of_many_pipes_a_few_are_kept);
    return test_suite_run(suite);
}
