/* SPDX-License-Identifier: MIT */
/*
 * Faults of memory: a stack that is used up is told apart from others, and each
 * ends the program as it would have without us.
 */
#include <event2/event.h>
#include <sys/mman.h>

#include <diesel/event.h>

#include "core/sched_internal.h"
#include "test_util.h"

/* --- What goes wrong, each in a process of its own. */

static __attribute__((noinline)) int use_it_up(int depth)
{
    volatile char frame[512];
    memset((void *)frame, 1, sizeof frame);
    return depth > 100000 ? 0 : use_it_up(depth + 1) + frame[5];
}

static int overflow(void *arg)
{
    return use_it_up(0) > 0 ? 0 : arg != NULL;
}

static int in_a_fiber_of_a_long_name(void *arg)
{
    static char label[301];
    memset(label, 'x', sizeof label - 1);
    diesel_error err;
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go_labelled(scope, label, overflow, arg);
    return diesel_scope_wait(scope, &err);
}

/* Never readable nor writable. */
static volatile char *hole;

static int touch(void *arg)
{
    (void)arg;
    return *hole;
}

static int touch_above_the_stack(void *arg)
{
    (void)arg;
    volatile char here = 0;
    const diesel__sched *s = diesel__current;
    hole = &here - s->stacks.size - s->stacks.guard - (1 << 20);
    (void)mmap((void *)((uintptr_t)hole & ~(uintptr_t)0xffff), 1 << 17, PROT_NONE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    return *hole;
}

static int raise_it(void *arg)
{
    raise(*(int *)arg);
    return 0;
}

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void touch_after_all(void)
{
    diesel_run(nothing, NULL, NULL, NULL);
    touch(NULL);
}

static void touch_when_due(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    touch(arg);
}

static void touch_between_fibers(void)
{
    struct event_base *base = event_base_new();
    diesel_attach(base, NULL, NULL);
    event_base_once(base, -1, EV_TIMEOUT, touch_when_due, NULL,
                    &(struct timeval){0, 0});
    event_base_dispatch(base);
}

static void send_to_itself(void)
{
    diesel_run(nothing, NULL, NULL, NULL);
    kill(getpid(), SIGSEGV);
}

static int sent[] = {SIGSEGV, SIGBUS};

static const struct {
    const char *name;
    diesel_fn *fn; /* as first fiber, or: */
    void (*plain)(void);
    int *arg;
    int signal;
    const char *says; /* "": nothing */
} ends[] = {
    {"overflow", overflow, NULL, NULL, SIGSEGV,
     "diesel: fiber main overflowed its stack of 64 KiB; "},
    {"a long name", in_a_fiber_of_a_long_name, NULL, NULL, SIGSEGV,
     "diesel: fiber xxx"},
    {"a hole", touch, NULL, NULL, SIGSEGV, ""},
    {"a hole beside the stack", touch_above_the_stack, NULL, NULL, SIGSEGV, ""},
    {"raised", raise_it, NULL, &sent[0], SIGSEGV, ""},
    {"another raised", raise_it, NULL, &sent[1], SIGBUS, ""},
    {"without a scheduler", NULL, touch_after_all, NULL, SIGSEGV, ""},
    {"without a fiber", NULL, touch_between_fibers, NULL, SIGSEGV, ""},
    {"sent", NULL, send_to_itself, NULL, SIGSEGV, ""},
};

static size_t read_all(int fd, char *said, size_t size)
{
    size_t have = 0;
    ssize_t got;
    while ((got = read(fd, said + have, size - 1 - have)) > 0)
        have += (size_t)got;
    said[have] = '\0';
    return have;
}

/* Runs one of the ends; what it says on standard error, and how it ended. */
static size_t run_end(int row, char *said, size_t size, int *status)
{
    int fds[2];
    ck_assert_int_eq(pipe(fds), 0);
    pid_t child = test_fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        dup2(fds[1], STDERR_FILENO);
        test_dump_coverage_on(ends[row].signal);
        if (ends[row].fn != NULL)
            diesel_run(ends[row].fn, ends[row].arg, NULL, NULL);
        else
            ends[row].plain();
        test_exit(0);
    }
    close(fds[1]);
    size_t n = read_all(fds[0], said, size);
    close(fds[0]);
    ck_assert_int_eq(waitpid(child, status, 0), child);
    return n;
}

START_TEST(the_program_ends_as_it_would_have_and_an_overflow_is_named)
{
    if (TEST_SANITIZED || RUNNING_ON_VALGRIND)
        return; /* they report it in their own way */
    static char said[20000];
    int status;
    size_t n = run_end(_i, said, sizeof said, &status);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == ends[_i].signal,
                  "%s: ended with %#x: %s", ends[_i].name, (unsigned)status, said);
    ck_assert_uint_eq(strlen(said), n); /* there is no other end in it */
    ck_assert_int_eq(strncmp(said, ends[_i].says, strlen(ends[_i].says)), 0);
    if (*ends[_i].says == '\0')
        ck_assert_str_eq(said, "");
    else
        assert_contains(said, "\n    use_it_up+0x");
}
END_TEST

/* --- The signal stack. */

static int find_stack(void *arg)
{
    return sigaltstack(NULL, arg);
}

START_TEST(a_signal_stack_of_the_programs_own_stays)
{
    if (TEST_SANITIZED)
        return; /* they have their own, and no handler of ours */
    diesel_error err;
    stack_t own = {.ss_sp = malloc(65536), .ss_size = 65536}, seen, after;
    ck_assert_int_eq(sigaltstack(&own, NULL), 0);
    assert_ok(diesel_run(find_stack, &seen, NULL, &err));
    ck_assert_ptr_eq(seen.ss_sp, own.ss_sp);
    ck_assert_int_eq(sigaltstack(NULL, &after), 0);
    ck_assert_ptr_eq(after.ss_sp, own.ss_sp);
    ck_assert(!(after.ss_flags & SS_DISABLE));
}
END_TEST

static stack_t later;

static int set_stack(void *arg)
{
    (void)arg;
    return sigaltstack(&later, NULL);
}

START_TEST(a_signal_stack_that_is_set_meanwhile_stays)
{
    if (TEST_SANITIZED)
        return;
    diesel_error err;
    stack_t after;
    later = (stack_t){.ss_sp = malloc(65536), .ss_size = 65536};
    assert_ok(diesel_run(set_stack, NULL, NULL, &err));
    ck_assert_int_eq(sigaltstack(NULL, &after), 0);
    ck_assert_ptr_eq(after.ss_sp, later.ss_sp);
    ck_assert(!(after.ss_flags & SS_DISABLE));
}
END_TEST

START_TEST(ours_goes_with_the_scheduler)
{
    if (TEST_SANITIZED)
        return;
    diesel_error err;
    stack_t seen, after;
    assert_ok(diesel_run(find_stack, &seen, NULL, &err));
    ck_assert(!(seen.ss_flags & SS_DISABLE));
    ck_assert_int_eq(sigaltstack(NULL, &after), 0);
    ck_assert(after.ss_flags & SS_DISABLE);
}
END_TEST

int main(void)
{
    hole = mmap(NULL, 1 << 16, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    Suite *suite = suite_create("overflow");
    test_case_rows(suite, "ends",
                   the_program_ends_as_it_would_have_and_an_overflow_is_named,
                   TEST_COUNT(ends));
    test_case(suite, "stack", a_signal_stack_of_the_programs_own_stays,
              a_signal_stack_that_is_set_meanwhile_stays,
              ours_goes_with_the_scheduler);
    return test_suite_run(suite);
}
