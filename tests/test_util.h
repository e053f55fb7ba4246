/* SPDX-License-Identifier: MIT */
/*
 * What the check suites share.
 *
 * check runs each test in a process of its own, so a test makes its own
 * scheduler, and what it leaves behind is seen by LeakSanitizer and Valgrind
 * when that process ends. A test whose body is a fiber is written
 *
 *     FIBER_TEST(sleep_lasts_at_least_as_long_as_asked)
 *     {
 *         diesel_error err;
 *         assert_ok(diesel_sleep(5, &err));
 *         return 0;
 *     }
 *     END_TEST
 *
 * The assert_ macros here take a call that fills a variable named `err`, which
 * they show when it came out otherwise.
 */
#ifndef DIESEL_TEST_UTIL_H
#define DIESEL_TEST_UTIL_H

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <diesel/core.h>

#if defined __has_include
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif
#ifndef RUNNING_ON_VALGRIND
#define RUNNING_ON_VALGRIND 0
#endif

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define TEST_SANITIZED 1
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TEST_SANITIZED 1
#endif
#endif
#ifndef TEST_SANITIZED
#define TEST_SANITIZED 0
#endif

#define TEST_COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A number that shows what a test is about, or a smaller one where a sanitizer
 * or Valgrind makes everything slow and large. */
static inline int test_many(int many, int few)
{
    return TEST_SANITIZED || RUNNING_ON_VALGRIND ? few : many;
}

/* The call succeeds: its result is not negative. */
#define assert_ok(call)                                                        \
    do {                                                                       \
        if ((call) < 0)                                                        \
            ck_abort_msg("%s failed: %s: %s", #call,                           \
                         diesel_error_name(err.code), err.message);            \
    } while (0)

/* The call gives a pointer. */
#define assert_made(call)                                                      \
    do {                                                                       \
        if ((call) == NULL)                                                    \
            ck_abort_msg("%s failed: %s: %s", #call,                           \
                         diesel_error_name(err.code), err.message);            \
    } while (0)

/* `err` is filled, with this code and a message on one line. */
#define assert_error(want)                                                     \
    do {                                                                       \
        ck_assert_msg(err.code == (want), "error is %s (%s) and not %s",       \
                      diesel_error_name(err.code), err.message,                \
                      diesel_error_name(want));                                \
        test_message_is_sound(&err);                                           \
    } while (0)

/* The call returns -1 with this code in `err`. */
#define assert_fails(call, want)                                               \
    do {                                                                       \
        test_error_wipe(&err);                                                 \
        long long got_ = (call);                                               \
        ck_assert_msg(got_ == -1, "%s gave %lld and not -1", #call, got_);     \
        assert_error(want);                                                    \
    } while (0)

/* The call returns NULL with this code in `err`. */
#define assert_fails_null(call, want)                                          \
    do {                                                                       \
        test_error_wipe(&err);                                                 \
        ck_assert_msg((call) == NULL, "%s succeeded", #call);                  \
        assert_error(want);                                                    \
    } while (0)

#define assert_contains(text, part)                                            \
    ck_assert_msg(strstr((text), (part)) != NULL, "\"%s\" not in \"%s\"",      \
                  (part), (text))

/* Fills an error with what no call of Diesel writes. */
static inline void test_error_wipe(diesel_error *err)
{
    memset(err, 0x5A, sizeof *err);
    err->code = -1;
    err->message[sizeof err->message - 1] = '\0';
}

static inline void test_message_is_sound(const diesel_error *err)
{
    const char *end = memchr(err->message, '\0', sizeof err->message);
    ck_assert_msg(end != NULL, "the message does not end");
    ck_assert_msg(end != err->message, "the message is empty");
    ck_assert_msg(strchr(err->message, '\n') == NULL,
                  "the message has more than one line: %s", err->message);
    ck_assert_msg(end[-1] != '.', "the message ends in a full stop: %s",
                  err->message);
}

/* Runs fn(arg) as the first fiber of a scheduler; it must end well. */
static inline void test_run(diesel_fn *fn, void *arg)
{
    diesel_error err;
    assert_ok(diesel_run(fn, arg, NULL, &err));
}

/* A test that runs as a fiber; `row` is check's _i. */
#define FIBER_TEST(name)                                                       \
    static int name##_fiber(void *arg);                                        \
    static int name##_body(int row);                                           \
    START_TEST(name)                                                           \
    {                                                                          \
        int row = _i;                                                          \
        test_run(name##_fiber, &row);                                          \
    }                                                                          \
    static int name##_fiber(void *arg)                                         \
    {                                                                          \
        return name##_body(*(int *)arg);                                       \
    }                                                                          \
    static int name##_body(int row __attribute__((unused)))

/* What a process has executed is written when it exits, where coverage is counted.
 * For one that ends by a signal or by _exit() these do it. */
extern void __gcov_dump(void) __attribute__((weak));

static inline void test_dump_coverage(int number)
{
    signal(number, SIG_DFL);
    if (__gcov_dump != NULL)
        __gcov_dump();
    raise(number);
}

static inline _Noreturn void test_exit(int status)
{
    if (__gcov_dump != NULL)
        __gcov_dump();
    _exit(status);
}

/* fork(2), unseen by the compiler: where coverage is counted, that would replace it
 * by one that forgets what the handlers of pthread_atfork(3) have executed. */
static inline pid_t test_fork(void)
{
    static pid_t (*volatile plain)(void) = fork;
    return plain();
}

static inline void test_dump_coverage_on(int number)
{
    struct sigaction action = {.sa_handler = test_dump_coverage,
                               .sa_flags = SA_ONSTACK | SA_NODEFER};
    if (__gcov_dump != NULL)
        sigaction(number, &action, NULL);
}

/* Runs fn(arg) in a process of its own, which must end by abort() and say `text`
 * on standard error. */
static inline void assert_aborts(void (*fn)(void *arg), void *arg,
                                 const char *text)
{
    int fds[2];
    ck_assert_int_eq(pipe(fds), 0);
    fflush(NULL);
    pid_t child = test_fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        dup2(fds[1], STDERR_FILENO);
        test_dump_coverage_on(SIGABRT);
        fn(arg);
        test_exit(0);
    }
    close(fds[1]);
    char said[8192];
    size_t have = 0;
    ssize_t got;
    while ((got = read(fds[0], said + have, sizeof said - 1 - have)) > 0)
        have += (size_t)got;
    said[have] = '\0';
    close(fds[0]);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
                  "it did not abort: status %#x, \"%s\"", (unsigned)status,
                  said);
    assert_contains(said, text);
}

static inline int test_remove_entry(const char *path, const struct stat *st,
                                    int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static char test_dir_path[64];
static pid_t test_dir_owner;

static inline void test_dir_remove(void)
{
    if (getpid() == test_dir_owner)
        nftw(test_dir_path, test_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* A path in an empty folder that lasts as long as the test's process. */
static inline const char *test_path(const char *name)
{
    static char path[108];
    if (test_dir_owner != getpid()) {
        snprintf(test_dir_path, sizeof test_dir_path,
                 "/tmp/diesel-test-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(test_dir_path));
        test_dir_owner = getpid();
        atexit(test_dir_remove);
    }
    snprintf(path, sizeof path, "%s/%s", test_dir_path, name);
    return path;
}

/* How many descriptors the process has open. */
static inline int test_open_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    ck_assert_ptr_nonnull(dir);
    int count = -1; /* that of the folder itself */
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.')
            count++;
    closedir(dir);
    return count;
}

/* A stream and, in *raw, the plain socket at its other end. */
static inline diesel_stream *test_stream_type(int *raw, int type)
{
    diesel_error err;
    int fds[2];
    ck_assert_int_eq(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds), 0);
    diesel_stream *stream = diesel_stream_from_fd(fds[0], "the stream", &err);
    assert_made(stream);
    *raw = fds[1];
    return stream;
}

static inline diesel_stream *test_stream(int *raw)
{
    return test_stream_type(raw, SOCK_STREAM);
}

/* Writes all of a string to a plain descriptor, which has room for it. */
static inline void test_raw_write(int fd, const char *text)
{
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* Whether a plain descriptor has something to read. */
static inline bool test_raw_readable(int fd)
{
    return poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0) == 1;
}

/* Reads what a plain descriptor has right now, up to its emptiness or end. */
static inline size_t test_raw_read_all(int fd, void *buf, size_t size)
{
    size_t have = 0;
    while (have < size && test_raw_readable(fd)) {
        ssize_t got = recv(fd, (char *)buf + have, size - have, MSG_DONTWAIT);
        if (got <= 0)
            break;
        have += (size_t)got;
    }
    return have;
}

/* Notes the order in which things happened, as one letter each. */
struct test_log {
    char text[64];
    size_t length;
};

static inline void test_note(struct test_log *log, char what)
{
    ck_assert_uint_lt(log->length, sizeof log->text - 1);
    log->text[log->length++] = what;
    log->text[log->length] = '\0';
}

/* Adds a case of tests to the suite. The time limit is for hangs only. */
#define test_case(suite, name, ...)                                            \
    do {                                                                       \
        const TTest *const tests_[] = {__VA_ARGS__};                           \
        TCase *case_ = tcase_create(name);                                     \
        tcase_set_timeout(case_, RUNNING_ON_VALGRIND ? 600 : 60);              \
        for (size_t i_ = 0; i_ < TEST_COUNT(tests_); i_++)                     \
            tcase_add_test(case_, tests_[i_]);                                 \
        suite_add_tcase(suite, case_);                                         \
    } while (0)

/* The same for one test that is run for each row of a table. */
#define test_case_rows(suite, name, test, rows)                                \
    do {                                                                       \
        TCase *case_ = tcase_create(name);                                     \
        tcase_set_timeout(case_, RUNNING_ON_VALGRIND ? 600 : 60);              \
        tcase_add_loop_test(case_, test, 0, (int)(rows));                      \
        suite_add_tcase(suite, case_);                                         \
    } while (0)

/* For main(): runs the suite and gives the exit status. */
static inline int test_suite_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
