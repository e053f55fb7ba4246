/* SPDX-License-Identifier: MIT */
/*
 * Forked children: what of the parent's scheduler they may not do, and that they
 * may have one of their own.
 */
#include <event2/event.h>

#include <diesel/event.h>

#include "thread_kit.h"

static void forks_and_yields(void *arg)
{
    diesel_error err;
    (void)arg;
    (void)diesel_yield(&err);
}

static void forks_and_sleeps(void *arg)
{
    (void)arg;
    (void)diesel_sleep(10, NULL);
}

static void forks_and_opens(void *arg)
{
    (void)arg;
    (void)diesel_scope_open(&(diesel_scope_options){.shield = true});
}

static diesel_scope *open_scope;

static void forks_and_waits(void *arg)
{
    (void)arg;
    (void)diesel_scope_wait(open_scope, NULL);
}

static int raw;
static diesel_stream *stream;

static void forks_and_reads(void *arg)
{
    char byte;
    (void)arg;
    (void)!diesel_stream_read(stream, &byte, 1, DIESEL_FOREVER, NULL);
}

static void forks_and_makes_a_stream(void *arg)
{
    (void)arg;
    (void)diesel_stream_from_fd(raw, "raw", NULL);
}

/* In the child, abort() names the call and both processes. */
static const struct {
    void (*does)(void *arg);
    const char *says;
} forbidden[] = {
    {forks_and_yields, "its turn in process"},
    {forks_and_sleeps, "a sleep's end in process"},
    {forks_and_opens, "diesel_scope_open in process"},
    {forks_and_waits, "diesel_scope_wait in process"},
    {forks_and_reads, "input in process"},
    {forks_and_makes_a_stream, "watching a descriptor in process"},
};

FIBER_TEST(a_child_that_uses_its_parents_scheduler_is_stopped)
{
    diesel_error err;
    char parent[40];
    snprintf(parent, sizeof parent, "a fork of process %ld", (long)getpid());
    stream = test_stream(&raw);
    open_scope = diesel_scope_open(NULL);
    assert_aborts(forbidden[row].does, NULL, forbidden[row].says);
    assert_aborts(forbidden[row].does, NULL, parent);
    assert_ok(diesel_scope_wait(open_scope, &err)); /* all is well here */
    diesel_stream_close(stream);
    close(raw);
    return 0;
}
END_TEST

/* Waits for the child, which must end well. */
static void child_ends_well(pid_t child)
{
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
                  "the child ended with status %#x", (unsigned)status);
}

static int child_app(void *arg)
{
    diesel_error err;
    if (diesel_sleep(1, &err) < 0)
        return diesel_fail(&err);
    *(int *)arg = 5;
    return 0;
}

FIBER_TEST(a_child_may_run_a_scheduler_of_its_own)
{
    diesel_error err;
    fflush(NULL);
    pid_t child = test_fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        int done = 0;
        int result = diesel_run(child_app, &done, NULL, &err);
        if (result == 0) /* and another one */
            result = diesel_run(child_app, &done, NULL, &err);
        test_exit(result == 0 && done == 5 ? 0 : 1);
    }
    assert_ok(diesel_sleep(1, &err));
    child_ends_well(child);
    return 0;
}
END_TEST

FIBER_TEST(a_child_may_close_streams_without_harm_to_the_parents)
{
    diesel_error err;
    char got[8];
    stream = test_stream(&raw);
    char *room = diesel_stream_reserve(stream, 4, &err);
    memcpy(room, "once", 4);
    diesel_stream_commit(stream, 4);
    fflush(NULL);
    pid_t child = test_fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        diesel_stream_close(stream);
        test_exit(0);
    }
    child_ends_well(child);
    ck_assert(!test_raw_readable(raw)); /* the child has sent nothing */
    assert_ok(diesel_stream_drain(stream, 0, DIESEL_FOREVER, &err));
    ck_assert_uint_eq(test_raw_read_all(raw, got, sizeof got), 4);
    assert_ok(diesel_yield(&err));
    test_raw_write(raw, "hi");
    /* The loop still sees it: that is what the child could have undone. */
    ck_assert_int_eq(diesel_stream_read(stream, got, 2, DIESEL_FOREVER, &err), 2);
    diesel_stream_close(stream);
    close(raw);
    return 0;
}
END_TEST

static void no_call(void *arg)
{
    (void)arg;
    ck_abort_msg("a letter to the parent was delivered in the child");
}

START_TEST(a_child_cannot_post_to_the_parents_threads)
{
    diesel_error err;
    struct peer peer;
    peer_start(&peer);
    fflush(NULL);
    pid_t child = test_fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        int result = diesel_post(peer.thread, no_call, NULL, &err);
        test_exit(result == -1 && err.code == DIESEL_E_FAILED &&
                      strstr(err.message, "forked") != NULL
                  ? 0
                  : 1);
    }
    child_ends_well(child);
    peer_stop(&peer);
    peer_forget(&peer);
}
END_TEST

static struct event_base *base;

static void turns_the_loop(void *arg)
{
    (void)arg;
    event_base_loop(base, EVLOOP_NONBLOCK);
}

static void detaches(void *arg)
{
    (void)arg;
    diesel_detach();
}

static int sleeps(void *arg)
{
    (void)arg;
    return diesel_sleep(1, NULL);
}

START_TEST(a_child_may_not_turn_an_attached_loop)
{
    diesel_error err;
    base = event_base_new();
    assert_ok(diesel_attach(base, NULL, &err));
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.detached = true});
    diesel_go(scope, sleeps, NULL);
    assert_aborts(turns_the_loop, NULL, "running fibers in process");
    assert_aborts(detaches, NULL, "diesel_detach in process");
    diesel_detach();
    event_base_free(base);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fork");
    test_case_rows(suite, "forbidden",
                   a_child_that_uses_its_parents_scheduler_is_stopped,
                   TEST_COUNT(forbidden));
    test_case(suite, "children", a_child_may_run_a_scheduler_of_its_own,
              a_child_may_close_streams_without_harm_to_the_parents,
              a_child_cannot_post_to_the_parents_threads,
              a_child_may_not_turn_an_attached_loop);
    return test_suite_run(suite);
}
