/* SPDX-License-Identifier: MIT */
/*
 * Logging to the system where the socket fails, is too small, or is not there; and
 * fields with names that the journal would not take.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/un.h>

#include "faulty_sys.h"
#include "test_util.h"

static diesel_logger shop = DIESEL_LOGGER("shop");

static int daemon_socket(const char *path)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    strcpy(at.sun_path, path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static int log_to(void (*write)(void *arg, const diesel_log_record *record),
                  diesel_log_socket *to)
{
    diesel_error err;
    int fd = to != NULL ? daemon_socket(to->path) : -1;
    assert_ok(diesel_log_sinks_set(&(diesel_log_sink){write, to}, 1, &err));
    faulty_sys_reset();
    return fd;
}

/* Both sinks, and each call that may fail: whether the record is lost then. */
static const struct {
    void (*sink)(void *arg, const diesel_log_record *record);
    enum faulty_kind kind;
    int errnum;
    unsigned lost;
} faults[] = {
    {diesel_log_syslog, FAULTY_socket, EMFILE, 1},
    {diesel_log_syslog, FAULTY_sendmsg, EINTR, 0},
    {diesel_log_syslog, FAULTY_sendmsg, EAGAIN, 1},
    {diesel_log_journal, FAULTY_socket, EMFILE, 1},
    {diesel_log_journal, FAULTY_sendmsg, EINTR, 0},
    {diesel_log_journal, FAULTY_sendmsg, ECONNREFUSED, 1},
    {diesel_log_journal, FAULTY_sendmsg, EMSGSIZE, 0}, /* as a file then */
    {diesel_log_journal, FAULTY_sendmsg, ENOBUFS, 0},
};

START_TEST(a_record_that_cannot_be_sent_is_lost_and_counted)
{
    diesel_log_socket to = {.path = test_path("log")};
    int fd = log_to(faults[_i].sink, &to);
    faulty_sys_fail(faults[_i].kind, 1, faults[_i].errnum);
    diesel_log(&shop, DIESEL_INFO, "first");
    ck_assert_uint_eq(diesel_log_lost(), faults[_i].lost);
    ck_assert(test_raw_readable(fd) == (faults[_i].lost == 0));
    diesel_log(&shop, DIESEL_INFO, "second");
    ck_assert_uint_eq(diesel_log_lost(), faults[_i].lost);
    ck_assert(test_raw_readable(fd));
    close(fd);
}
END_TEST

/* A record that has become a file: the file's calls fail. */
static const struct {
    enum faulty_kind kind;
    int errnum;
} file_faults[] = {{FAULTY_write, ENOSPC}, {FAULTY_fcntl, EPERM}};

START_TEST(a_file_for_the_journal_may_fail)
{
    diesel_log_socket to = {.path = test_path("log")};
    int fd = log_to(diesel_log_journal, &to);
    faulty_sys_fail(FAULTY_sendmsg, 1, EMSGSIZE);
    faulty_sys_fail(file_faults[_i].kind, 1, file_faults[_i].errnum);
    int before = test_open_fds();
    diesel_log(&shop, DIESEL_INFO, "lost");
    ck_assert_uint_eq(diesel_log_lost(), 1);
    ck_assert(!test_raw_readable(fd));
    ck_assert_int_eq(test_open_fds(), before + 1); /* the one socket for all */
    faulty_sys_fail(FAULTY_sendmsg, 1, EMSGSIZE);
    faulty_sys_cut_writes(3);
    diesel_log(&shop, DIESEL_INFO, "a part is none");
    ck_assert_uint_eq(diesel_log_lost(), 2);
    close(fd);
}
END_TEST

START_TEST(without_a_place_the_usual_one_is_taken)
{
    static const struct {
        void (*sink)(void *arg, const diesel_log_record *record);
        const char *path;
    } usual[] = {{diesel_log_syslog, "/dev/log"},
                 {diesel_log_journal, "/run/systemd/journal/socket"}};
    if (access(usual[_i].path, F_OK) == 0)
        return; /* the machine's own log is not for tests */
    (void)log_to(usual[_i].sink, NULL);
    diesel_log(&shop, DIESEL_INFO, "nobody hears");
    ck_assert_uint_eq(diesel_log_lost(), 1);
}
END_TEST

START_TEST(names_are_made_fit_for_the_journal)
{
    static const struct {
        const char *name, *shown;
    } rows[] = {
        {"ms", "\nMS=1\n"},         {"Ms-9", "\nMS_9=1\n"},
        {"9lives", "\nF9LIVES=1\n"}, {"_x", "\nF_X=1\n"},
        {"", "\nF=1\n"},            {"\x7f{", "\nF__=1\n"},
    };
    char got[2000] = "";
    diesel_log_socket to = {.path = test_path("log")};
    int fd = log_to(diesel_log_journal, &to);
    diesel_log(&shop, DIESEL_INFO, "x", rows[_i].name, 1);
    ck_assert_int_gt(recv(fd, got, sizeof got - 1, MSG_DONTWAIT), 0);
    assert_contains(got, rows[_i].shown);
    close(fd);
}
END_TEST

/* Such names are as long as the journal takes them (64 characters). */
START_TEST(long_names_are_cut_for_the_journal)
{
    char name[100], got[2000] = "";
    memset(name, _i == 0 ? 'a' : '1', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    diesel_log_socket to = {.path = test_path("log")};
    int fd = log_to(diesel_log_journal, &to);
    diesel_log(&shop, DIESEL_INFO, "x", (const char *)name, 5);
    ck_assert_int_gt(recv(fd, got, sizeof got - 1, MSG_DONTWAIT), 0);
    char *field = strstr(got, _i == 0 ? "\nAAAA" : "\nF111");
    ck_assert_ptr_nonnull(field);
    ck_assert_int_eq(strcspn(field + 1, "="), 64);
    close(fd);
}
END_TEST

/* --- Lines to a descriptor. */

START_TEST(an_interrupted_line_is_written_again)
{
    diesel_error err;
    int fds[2];
    char got[300] = "";
    ck_assert_int_eq(pipe(fds), 0);
    diesel_log_file file = {.fd = fds[1]};
    void (*const formats[])(void *, const diesel_log_record *) = {diesel_log_human,
                                                                  diesel_log_json};
    assert_ok(diesel_log_sinks_set(&(diesel_log_sink){formats[_i], &file}, 1, &err));
    faulty_sys_reset();
    faulty_sys_fail(FAULTY_write, 1, EINTR);
    faulty_sys_fail(FAULTY_writev, 1, EINTR);
    diesel_log(&shop, DIESEL_INFO, "said once");
    ck_assert_int_gt(read(fds[0], got, sizeof got - 1), 0);
    assert_contains(got, "said once");
    ck_assert(!test_raw_readable(fds[0]));
    ck_assert_uint_eq(diesel_log_lost(), 0);
    faulty_sys_fail(FAULTY_write, 1, EIO);
    faulty_sys_fail(FAULTY_writev, 1, EIO);
    diesel_log(&shop, DIESEL_INFO, "lost");
    ck_assert_uint_eq(diesel_log_lost(), 1);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

START_TEST(a_level_that_is_none_is_shown_as_something)
{
    diesel_error err;
    int fds[2];
    char got[300] = "";
    const int levels[] = {-5, DIESEL_OFF, 1000};
    ck_assert_int_eq(pipe(fds), 0);
    diesel_log_file file = {.fd = fds[1]};
    diesel_log_sink sinks[] = {{diesel_log_human, &file}, {diesel_log_json, &file}};
    assert_ok(diesel_log_sinks_set(sinks, 2, &err));
    diesel_log_site site = {"file.c", "function", 7, 0, 0, 3};
    diesel_log_write(&shop, levels[_i], &site, "strange", NULL, 0);
    if (test_raw_readable(fds[0])) {
        ck_assert_int_gt(read(fds[0], got, sizeof got - 1), 0);
        assert_contains(got, "strange");
    }
    close(fds[0]);
    close(fds[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log_faults");
    test_case_rows(suite, "system",
                   a_record_that_cannot_be_sent_is_lost_and_counted,
                   TEST_COUNT(faults));
    test_case_rows(suite, "file", a_file_for_the_journal_may_fail,
                   TEST_COUNT(file_faults));
    test_case_rows(suite, "usual", without_a_place_the_usual_one_is_taken, 2);
    test_case_rows(suite, "names", names_are_made_fit_for_the_journal, 6);
    test_case_rows(suite, "long", long_names_are_cut_for_the_journal, 2);
    test_case_rows(suite, "lines", an_interrupted_line_is_written_again, 2);
    test_case_rows(suite, "levels", a_level_that_is_none_is_shown_as_something, 3);
    return test_suite_run(suite);
}
