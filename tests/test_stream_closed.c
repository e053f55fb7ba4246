/* SPDX-License-Identifier: MIT */
/*
 * Streams that another fiber closes after the world has woken those who wait on
 * them, and before these run: they are told that it was closed, and touch nothing.
 */
#include <sys/un.h>

#include "test_util.h"

/* Waits, of one kind each; the object is closed meanwhile. */

static char bulk[1000000];
static diesel_stream *stream, *other[2];
static diesel_listener *listener;
static int raw; /* the other end of the stream */

static int read_it(diesel_error *err)
{
    char c;
    return (int)diesel_stream_read(stream, &c, 1, DIESEL_FOREVER, err);
}

static int read_line(diesel_error *err)
{
    char *line;
    return diesel_stream_read_line(stream, &line, NULL, 100, DIESEL_FOREVER, err);
}

static int read_exactly(diesel_error *err)
{
    char c[2];
    return diesel_stream_read_exactly(stream, c, 2, DIESEL_FOREVER, err);
}

static int splice_from(diesel_error *err)
{
    return diesel_stream_splice(stream, other[0], 10, NULL, DIESEL_FOREVER, err);
}

static int write_it(diesel_error *err)
{
    return diesel_stream_write(stream, bulk, sizeof bulk, DIESEL_FOREVER, err);
}

static int drain_it(diesel_error *err)
{
    void *room = diesel_stream_reserve(stream, sizeof bulk, err);
    ck_assert_ptr_nonnull(room);
    memcpy(room, bulk, sizeof bulk);
    diesel_stream_commit(stream, sizeof bulk);
    return diesel_stream_drain(stream, 0, DIESEL_FOREVER, err);
}

static int splice_to(diesel_error *err)
{
    int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    diesel_stream *zero = diesel_stream_from_fd(fd, "zero", err);
    ck_assert_ptr_nonnull(zero);
    int result = diesel_stream_splice(zero, stream, UINT64_MAX, NULL,
                                      DIESEL_FOREVER, err);
    diesel_stream_close(zero);
    return result;
}

static int send_file(diesel_error *err)
{
    int fd = open(test_path("zeros"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_eq(ftruncate(fd, sizeof bulk), 0);
    int result = diesel_stream_send_file(stream, fd, 0, sizeof bulk, NULL,
                                         DIESEL_FOREVER, err);
    close(fd);
    return result;
}

static int accept_one(diesel_error *err)
{
    diesel_stream *peer = diesel_accept(listener, DIESEL_FOREVER, err);
    diesel_stream_close(peer);
    return peer != NULL ? 0 : -1;
}

static const struct {
    const char *name;
    int (*wait)(diesel_error *err);
    enum { READS, WRITES, ACCEPTS } kind;
} waits[] = {
    {"read", read_it, READS},         {"read_line", read_line, READS},
    {"read_exactly", read_exactly, READS},
    {"splice from", splice_from, READS},
    {"write", write_it, WRITES},      {"drain", drain_it, WRITES},
    {"splice to", splice_to, WRITES}, {"send_file", send_file, WRITES},
    {"accept", accept_one, ACCEPTS},
};

static diesel_error told;
static int told_result;

static int waits_there(void *arg)
{
    test_error_wipe(&told);
    told_result = waits[*(int *)arg].wait(&told);
    return 0;
}

/* Is woken before the one above, and closes what that waits on. */
static int closes_when_woken(void *arg)
{
    diesel_error err;
    char c;
    assert_ok(diesel_stream_read_exactly(other[1], &c, 1, DIESEL_FOREVER, &err));
    if (waits[*(int *)arg].kind == ACCEPTS)
        diesel_listener_close(listener);
    else
        diesel_stream_close(stream);
    return 0;
}

/* Makes happen what the fiber waits for. */
static void wake_it(int row)
{
    static char scrap[sizeof bulk];
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    switch (waits[row].kind) {
    case READS:
        test_raw_write(raw, "x");
        break;
    case WRITES:
        ck_assert_uint_gt(test_raw_read_all(raw, scrap, sizeof scrap), 1000);
        break;
    case ACCEPTS:
        snprintf(sa.sun_path, sizeof sa.sun_path, "%s", test_path("listener"));
        raw = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_eq(connect(raw, (struct sockaddr *)&sa, sizeof sa), 0);
    }
}

FIBER_TEST(who_was_woken_before_the_close_is_told_of_it)
{
    diesel_error err;
    assert_ok(diesel_stream_pair(other, &err));
    if (waits[row].kind == ACCEPTS)
        assert_made(listener = diesel_unix_listen(test_path("listener"), NULL, &err));
    else
        stream = test_stream(&raw);
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, closes_when_woken, &row);
    diesel_go(scope, waits_there, &row);
    assert_ok(diesel_sleep(2, &err)); /* all edges of the beginning are past */
    ck_assert_int_eq(write(diesel_stream_fd(other[0]), "x", 1), 1);
    wake_it(row);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_int_eq(told_result, -1);
    ck_assert_msg(told.code == DIESEL_E_CLOSED, "%s: %s: %s", waits[row].name,
                  diesel_error_name(told.code), told.message);
    assert_contains(told.message, "closed");
    diesel_stream_close(other[0]);
    diesel_stream_close(other[1]);
    close(raw);
    return 0;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stream_closed");
    test_case_rows(suite, "woken", who_was_woken_before_the_close_is_told_of_it,
                   TEST_COUNT(waits));
    return test_suite_run(suite);
}
