/* SPDX-License-Identifier: MIT */
/*
 * The console: what it answers, who may attach, and that the scheduler is as
 * before when nobody does. The other side is a fiber of the same process.
 */
#include <errno.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "core/backtrace_internal.h"
#include "core/console_internal.h"
#include "core/tally_internal.h"
#include "faulty_memory.h"
#include "test_util.h"

static const char *path;
static int expected_to_end; /* how the run ends: 0, or -1 */

/* Runs fn as the first fiber of a scheduler with a console. */
static void run_with_console(diesel_fn *fn)
{
    diesel_error err;
    path = test_path("console");
    diesel_options options = {.console = path};
    int result = diesel_run(fn, NULL, &options, &err);
    ck_assert_msg(result == expected_to_end, "%d: %s", result, err.message);
}

#define CONSOLE_TEST(name)                                                     \
    static int name##_fiber(void *arg);                                        \
    START_TEST(name)                                                           \
    {                                                                          \
        run_with_console(name##_fiber);                                        \
    }                                                                          \
    END_TEST                                                                   \
    static int name##_fiber(void *arg __attribute__((unused)))

static char body[200000];

/* Sends a request; the answer's status is returned, its bytes are in `body`. */
static const char *ask(diesel_stream *stream, const char *line)
{
    static char status[40];
    diesel_error err;
    size_t n = 0;
    assert_ok(diesel_stream_write(stream, line, strlen(line), DIESEL_FOREVER, &err));
    assert_ok(diesel_stream_write(stream, "\n", 1, DIESEL_FOREVER, &err));
    do {
        ck_assert_uint_lt(n, sizeof status);
        assert_ok(diesel_stream_read_exactly(stream, status + n, 1,
                                             DIESEL_FOREVER, &err));
    } while (status[n++] != '\n');
    size_t len;
    char *space = memchr(status, ' ', n);
    ck_assert_ptr_nonnull(space);
    *space = '\0';
    ck_assert_int_eq(sscanf(space + 1, "%zu", &len), 1);
    ck_assert_uint_lt(len, sizeof body);
    if (len > 0)
        assert_ok(diesel_stream_read_exactly(stream, body, len, DIESEL_FOREVER,
                                             &err));
    body[len] = '\0';
    return status;
}

static diesel_stream *attach(void)
{
    diesel_error err;
    diesel_stream *stream = diesel_unix_connect(path, DIESEL_FOREVER, &err);
    assert_made(stream);
    return stream;
}

/* The number after `key` in what follows `after` in the answer. */
static double number_after(const char *after, const char *key)
{
    const char *at = strstr(body, after);
    ck_assert_msg(at != NULL, "%s not in %s", after, body);
    at = strstr(at, key);
    ck_assert_msg(at != NULL, "%s not in %s", key, body);
    return strtod(at + strlen(key), NULL);
}

/* --- Pages */

START_TEST(rows_become_tables)
{
    diesel_console_page page;
    diesel__page_init(&page, false, 10000);
    diesel_console_row(&page, "name", "ada", "n", 1);
    diesel_console_row(&page, "name", "gr\xc3\xa4\x63\x65\n", "n", 20);
    diesel_console_row(&page, "name", (char *)NULL, "n", "");
    diesel__page_say(&page, "said\n", 5);
    diesel_console_row(&page, "only", "x");
    diesel_console_row_values(&page, NULL, 0);
    diesel__page_finish(&page);
    ck_assert_str_eq(diesel__text_string(&page.text),
                     "name     n\nada      1\ngr\xc3\xa4\x63\x65\\n  20\n-\n"
                     "said\n\nonly\nx\n");
    diesel__page_clear(&page);
    diesel__page_init(&page, true, 10000);
    diesel_console_row(&page, "na\"me", "a\nb", "n", 0.5, "z", (bool)true);
    diesel__page_say(&page, "said", 4);
    diesel__page_finish(&page);
    ck_assert_str_eq(diesel__text_string(&page.text),
                     "[\n{\"na\\\"me\":\"a\\nb\",\"n\":0.5,\"z\":true},\n"
                     "\"said\"\n]\n");
    diesel__page_clear(&page);
}
END_TEST

START_TEST(a_page_beyond_its_limit_is_cut)
{
    for (int json = 0; json <= 1; json++) {
        diesel_console_page page;
        diesel__page_init(&page, json, 1000);
        for (int i = 0; i < 1000; i++)
            diesel_console_row(&page, "name", "value", "i", i);
        diesel__page_finish(&page);
        ck_assert(page.text.cut);
        diesel__page_clear(&page);
    }
}
END_TEST

/* --- Fibers */

static diesel_channel *never;
static volatile int passed; /* something to do after a call: no tail calls */

static __attribute__((noinline)) int wait_deep_inside(void)
{
    diesel_error err;
    int item;
    int got = diesel_channel_recv(never, &item, DIESEL_FOREVER, &err);
    passed++;
    return got < 0 ? diesel_fail(&err) : 0;
}

static __attribute__((noinline)) int wait_inside(void)
{
    int result = wait_deep_inside();
    passed++;
    return result;
}

static int wait_for_ever(void *arg)
{
    (void)arg;
    int result = wait_inside();
    passed++;
    return result;
}

static int sleep_long(void *arg)
{
    diesel_error err;
    (void)arg;
    diesel_scope *scope = diesel_scope_open(
        &(diesel_scope_options){.label = "with \"limit\"", .timeout_ms = 5000000});
    int slept = diesel_sleep(1 << 30, NULL);
    ck_assert_int_eq(slept, -1);
    return diesel_scope_wait(scope, &err) < 0 ? diesel_fail(&err) : 0;
}

/* Two fibers that wait, in a scope; and who asks about them. */
static diesel_scope *start_waiters(void)
{
    diesel_error err;
    never = diesel_channel_new(sizeof(int), 1, &err);
    assert_made(never);
    diesel_scope *scope =
        diesel_scope_open(&(diesel_scope_options){.label = "waiters"});
    diesel_go(scope, wait_for_ever, NULL);
    diesel_go(scope, sleep_long, NULL);
    assert_ok(diesel_yield(&err));
    return scope;
}

static void end_waiters(diesel_scope *scope)
{
    diesel_error err;
    diesel_scope_cancel(scope);
    assert_ok(diesel_scope_wait(scope, &err));
    diesel_channel_free(never);
}

CONSOLE_TEST(fibers_are_shown_in_their_tree)
{
    diesel_scope *scope = start_waiters();
    diesel_stream *stream = attach();
    ck_assert_str_eq(ask(stream, "fibers"), "ok");
    assert_contains(body, "[root]");
    assert_contains(body, "\n  [main]");
    assert_contains(body, "\n    main ");
    assert_contains(body, "\n    [waiters]");
    assert_contains(body, "\n      wait_for_ever ");
    assert_contains(body, "an item in a channel");
    assert_contains(body, "\n      sleep_long ");
    assert_contains(body, "a sleep's end");
    assert_contains(body, "\n      [with \"limit\"]");
    assert_contains(body, "running");
    ck_assert_str_eq(ask(stream, " json  fibers \r"), "ok");
    assert_contains(body, "{\"fiber\":\"wait_for_ever\",\"id\":");
    assert_contains(body, "\"waits_for\":\"an item in a channel\"");
    assert_contains(body, "\"scope\":\"waiters\",\"depth\":3,");
    ck_assert_str_eq(ask(stream, "groups"), "ok");
    assert_contains(body, "1      wait_for_ever");
    ck_assert_str_eq(ask(stream, "scopes"), "ok");
    assert_contains(body, "with \"limit\"");
    ck_assert_str_eq(ask(stream, "json scopes"), "ok");
    double left = number_after("{\"scope\":\"with \\\"limit\\\"\"", "\"left_ms\":");
    ck_assert(left > 0 && left <= 5000000);
    ck_assert_str_eq(ask(stream, "timers"), "ok");
    assert_contains(body, "a sleep's end");
    assert_contains(body, "a scope");
    ck_assert_str_eq(ask(stream, "json channels"), "ok");
    assert_contains(body, "\"items\":0,\"capacity\":1,\"item_bytes\":4,"
                          "\"senders\":0,\"receivers\":1,\"state\":\"\"}");
    ck_assert_str_eq(ask(stream, "channels"), "ok");
    ck_assert_str_eq(ask(stream, "scheduler"), "ok");
    assert_contains(body, "fibers alive");
    diesel_stream_close(stream);
    end_waiters(scope);
    return 0;
}

static uint64_t id_of(diesel_stream *stream, const char *label)
{
    char after[100];
    snprintf(after, sizeof after, "{\"fiber\":\"%s\"", label);
    ck_assert_str_eq(ask(stream, "json fibers"), "ok");
    return (uint64_t)number_after(after, "\"id\":");
}

static bool has_frame_of(void *const *frames, int n, const void *start, size_t size)
{
    for (int i = 0; i < n; i++)
        if ((const char *)frames[i] > (const char *)start &&
            (const char *)frames[i] <= (const char *)start + size)
            return true;
    return false;
}

CONSOLE_TEST(a_fiber_is_shown_with_where_it_waits)
{
    diesel_scope *scope = start_waiters();
    diesel_stream *stream = attach();
    char line[40];
    snprintf(line, sizeof line, "fiber %llu",
             (unsigned long long)id_of(stream, "wait_for_ever"));
    ck_assert_str_eq(ask(stream, line), "ok");
    assert_contains(body, "wait_for_ever");
#ifndef DIESEL_SWITCH_UCONTEXT
    assert_contains(body, "address");
    assert_contains(body, "  wait_deep_inside+0x");
    assert_contains(body, "  wait_for_ever+0x");
#endif
    ck_assert_str_eq(ask(stream, "fiber 99999999"), "error");
    assert_contains(body, "no fiber");
    static const char *const wrong[] = {"fiber x", "fiber 1x", "fiber -",
                                        "fiber 99999999999999999999999"};
    for (size_t i = 0; i < TEST_COUNT(wrong); i++)
        ck_assert_str_eq(ask(stream, wrong[i]), "error");
    diesel_stream_close(stream);
    end_waiters(scope);
    return 0;
}

static int just_started(void *arg)
{
    (void)arg;
    return 0;
}

FIBER_TEST(backtraces_lead_through_the_functions_of_a_fiber)
{
    diesel_error err;
    diesel_scope *scope = start_waiters();
    diesel_fiber *waiter = DIESEL__HOLDER(scope->fibers.next, diesel_fiber, in_home);
    void *frames[50];
    int n = diesel__backtrace_of(waiter, frames, 50);
    if (n == 0) { /* switched with ucontext */
        end_waiters(scope);
        return 0;
    }
    ck_assert_int_gt(n, 3);
    ck_assert_int_lt(n, 50); /* it ends */
    ck_assert(has_frame_of(frames, n, (void *)wait_deep_inside, 200));
    ck_assert(has_frame_of(frames, n, (void *)wait_inside, 200));
    ck_assert(has_frame_of(frames, n, (void *)wait_for_ever, 200));
    ck_assert(has_frame_of(frames, n, (void *)diesel__fiber_main, 2000));
    ck_assert_int_eq(diesel__backtrace_of(waiter, frames, 2), 2);

    n = diesel__backtrace_of(diesel_self(), frames, 50);
    ck_assert(has_frame_of(frames, n, (void *)diesel__fiber_main, 2000));

    diesel_go(scope, just_started, NULL);
    diesel_fiber *fresh = DIESEL__HOLDER(scope->fibers.prev, diesel_fiber, in_home);
    n = diesel__backtrace_of(fresh, frames, 50);
    ck_assert_int_eq(n, 1);
    ck_assert_ptr_eq(frames[0], (void *)just_started);

    diesel__text text;
    diesel__text_init(&text, 10000);
    diesel__backtrace_line(&text, (void *[]){(void *)malloc, (void *)8}, 2);
    assert_contains(diesel__text_string(&text), " < 0x8");
    diesel__text_clear(&text);
    assert_ok(diesel_yield(&err));
    end_waiters(scope);
    return 0;
}
END_TEST

CONSOLE_TEST(cancelling_a_fiber_cancels_its_scope)
{
    diesel_error err;
    diesel_scope *scope = start_waiters();
    diesel_stream *stream = attach();
    char line[40];
    snprintf(line, sizeof line, "cancel %llu",
             (unsigned long long)id_of(stream, "sleep_long"));
    ck_assert_str_eq(ask(stream, line), "ok");
    assert_contains(body, "with \"limit\"");
    while (diesel_scope_count(scope) == 2) /* the fiber ends, its scope having */
        assert_ok(diesel_yield(&err));     /* been asked to: that is no failure */
    ck_assert_uint_eq(diesel_scope_count(scope), 1);
    ck_assert_str_eq(ask(stream, "cancel"), "error");
    ck_assert_str_eq(ask(stream, "cancel 123456"), "error");
    diesel_stream_close(stream);
    diesel_scope_cancel(scope);
    (void)diesel_scope_wait(scope, &err);
    diesel_channel_free(never);
    return 0;
}

static int burn(void *arg)
{
    diesel_error err;
    int64_t end = diesel__clock() + *(int64_t *)arg;
    while (diesel__clock() < end)
        ;
    return diesel_sleep(1 << 30, &err) < 0 ? diesel_fail(&err) : 0;
}

CONSOLE_TEST(time_is_tallied_while_somebody_is_attached)
{
    diesel_error err;
    diesel_scope *scope = start_waiters();
    diesel_stream *stream = attach();
    ck_assert_str_eq(ask(stream, "help"), "ok"); /* the console runs by now */
    int64_t ns = 3000000;
    diesel_scope *burner = diesel_scope_open(NULL);
    diesel_go(burner, burn, &ns);
    assert_ok(diesel_yield(&err));
    ck_assert_str_eq(ask(stream, "json fibers"), "ok");
    ck_assert(number_after("\"fiber\":\"burn\"", "\"ran_ms\":") >= 3);
    ck_assert(number_after("\"fiber\":\"wait_for_ever\"", "\"ran_ms\":") == 0);
    ck_assert(number_after("\"fiber\":\"wait_for_ever\"", "\"for_ms\":") >= 3);
    ck_assert(strstr(strstr(body, "\"fiber\":\"wait_for_ever\""), "\"exact\":false"));
    ck_assert(strstr(strstr(body, "\"fiber\":\"burn\""), "\"exact\":true"));
    ck_assert(number_after("\"fiber\":\"burn\"", "\"stack_kib\":") >= 4);
    ck_assert_str_eq(ask(stream, "fibers"), "ok");
    assert_contains(body, " >"); /* at least */
    diesel_scope_cancel(burner);
    assert_ok(diesel_scope_wait(burner, &err));
    diesel_stream_close(stream);
    while (diesel__current->tally.users > 0)
        assert_ok(diesel_sleep(1, &err));
    assert_ok(diesel_yield(&err));
    end_waiters(scope);
    return 0;
}

static int take_turns(void *arg)
{
    diesel_error err;
    for (int i = 0; i < 1000; i++) {
        assert_ok(diesel_yield(&err));
        ++*(int *)arg;
    }
    return 0;
}

FIBER_TEST(the_tally_changes_no_turn_and_adds_up)
{
    diesel_error err;
    diesel__sched *s = diesel__current;
    for (int tallied = 0; tallied <= 1; tallied++) {
        int count = 0;
        if (tallied)
            diesel__tally_start(s);
        diesel_scope *scope = diesel_scope_open(NULL);
        for (int i = 0; i < 10; i++)
            diesel_go(scope, take_turns, &count);
        assert_ok(diesel_scope_wait(scope, &err));
        ck_assert_int_eq(count, 10000);
        if (tallied) {
            int64_t ran = diesel__tally_ran(s, diesel_self());
            ck_assert(ran > 0 && ran <= diesel__clock() - s->tally.began);
            diesel__tally_start(s);
            diesel__tally_stop(s);
            ck_assert_int_eq(s->tally.users, 1);
            diesel__tally_stop(s);
        }
    }
    return 0;
}
END_TEST

/* --- Logs, metrics, pages */

static diesel_logger shop = DIESEL_LOGGER("shop.cart");
static diesel_logger again = DIESEL_LOGGER("shop.cart");

CONSOLE_TEST(levels_are_shown_and_set)
{
    diesel_stream *stream = attach();
    ck_assert(diesel_log_is_on(&shop, DIESEL_INFO));
    ck_assert(diesel_log_is_on(&again, DIESEL_INFO));
    ck_assert_str_eq(ask(stream, "json loggers"), "ok");
    char *line = strstr(body, "{\"logger\":\"shop.cart\",\"level\":\"info\"}");
    ck_assert_ptr_nonnull(line);
    ck_assert_ptr_null(strstr(line + 20, "shop.cart")); /* once */
    ck_assert_str_eq(ask(stream, "level shop debug"), "ok");
    assert_contains(body, "debug");
    ck_assert(diesel_log_is_on(&shop, DIESEL_DEBUG));
    ck_assert_str_eq(ask(stream, "level shop inherit"), "ok");
    ck_assert(!diesel_log_is_on(&shop, DIESEL_DEBUG));
    ck_assert_str_eq(ask(stream, "level * error"), "ok");
    ck_assert(!diesel_log_is_on(&shop, DIESEL_WARNING));
    ck_assert_str_eq(ask(stream, "level shop loud"), "error");
    assert_contains(body, "loud");
    diesel_stream_close(stream);
    return 0;
}

CONSOLE_TEST(metrics_are_shown)
{
    diesel_error err;
    diesel_stream *stream = attach();
    diesel_counter_add(diesel_counter_register("jobs_total", "Jobs.",
                                               DIESEL_LABELS("kind", "mail"), &err),
                       5);
    diesel_gauge_set(diesel_gauge_register("depth", "", NULL, 0, &err), 2.5);
    diesel_histogram_add(
        diesel_histogram_register("took_seconds", "",
                                  &(diesel_histogram_options){.scale = 0.5}, NULL,
                                  0, &err),
        8);
    ck_assert_str_eq(ask(stream, "json metrics"), "ok");
    assert_contains(body, "{\"metric\":\"jobs_total\",\"labels\":"
                          "\"kind=\\\"mail\\\"\",\"value\":5}");
    assert_contains(body, "{\"metric\":\"depth\",\"labels\":\"\",\"value\":2.5}");
    assert_contains(body, "\"count\":1,\"sum\":4,\"p50\":4,");
    ck_assert_str_eq(ask(stream, "metrics"), "ok");
    diesel_stream_close(stream);
    return 0;
}

static void show_pool(void *arg, diesel_console_page *page)
{
    diesel_console_row(page, "host", (const char *)arg, "busy", 3);
}

CONSOLE_TEST(programs_add_pages)
{
    diesel_error err;
    diesel_stream *stream = attach();
    diesel_console_entry *a = diesel_console_add("pools", "Pools.", show_pool,
                                                 "db1", &err);
    diesel_console_entry *b = diesel_console_add("pools", "Pools.", show_pool,
                                                 "db2", &err);
    assert_made(a);
    assert_made(b);
    ck_assert_str_eq(ask(stream, "pools"), "ok");
    ck_assert_str_eq(body, "host  busy\ndb1   3\ndb2   3\n");
    ck_assert_str_eq(ask(stream, "help"), "ok");
    char *once = strstr(body, "pools");
    ck_assert_ptr_nonnull(once);
    ck_assert_ptr_null(strstr(once + 1, "pools"));
    diesel_console_remove(a);
    ck_assert_str_eq(ask(stream, "json pools"), "ok");
    ck_assert_str_eq(body, "[\n{\"host\":\"db2\",\"busy\":3}\n]\n");
    ck_assert_str_eq(ask(stream, "pools x"), "error");
    static const char *const wrong[] = {"", "fibers", "two words", "json", "a\n"};
    for (size_t i = 0; i < TEST_COUNT(wrong); i++)
        assert_fails_null(diesel_console_add(wrong[i], "", show_pool, NULL, &err),
                          DIESEL_E_INVAL);
    diesel_console_remove(NULL);
    diesel_stream_close(stream);
    return 0; /* b is left over */
}

/* --- Attaching */

CONSOLE_TEST(requests_may_come_in_pieces_and_together)
{
    diesel_error err;
    diesel_stream *stream = attach();
    assert_ok(diesel_stream_write(stream, "sched", 5, DIESEL_FOREVER, &err));
    assert_ok(diesel_sleep(1, &err));
    assert_ok(diesel_stream_write(stream, "uler\n\nnonsense\nhe", 17,
                                  DIESEL_FOREVER, &err));
    char answers[2000] = "";
    size_t have = 0;
    while (strstr(answers, "try help") == NULL) {
        ssize_t n = diesel_stream_read(stream, answers + have,
                                       sizeof answers - 1 - have, DIESEL_FOREVER,
                                       &err);
        ck_assert_int_gt(n, 0);
        have += (size_t)n;
    }
    ck_assert_int_eq(strncmp(answers, "ok ", 3), 0);
    assert_contains(answers, "ok 0\nerror ");
    ck_assert_str_eq(ask(stream, "lp"), "ok");
    assert_contains(body, "command");
    diesel_stream_close(stream);
    return 0;
}

CONSOLE_TEST(a_line_without_end_ends_the_visit)
{
    diesel_error err;
    diesel_stream *stream = attach();
    char line[DIESEL__CONSOLE_LINE + 1];
    memset(line, 'x', sizeof line);
    assert_ok(diesel_stream_write(stream, line, sizeof line, DIESEL_FOREVER, &err));
    ssize_t got = diesel_stream_read(stream, line, 1, DIESEL_FOREVER, &err);
    ck_assert_int_le(got, 0); /* at its end, or reset */
    diesel_stream_close(stream);
    stream = attach(); /* others may still come */
    ck_assert_str_eq(ask(stream, "help"), "ok");
    diesel_stream_close(stream);
    return 0;
}

CONSOLE_TEST(sixteen_may_be_attached)
{
    diesel_error err;
    diesel_stream *all[17];
    diesel_log_sinks_set(NULL, 0, NULL);
    for (int i = 0; i < 16; i++) {
        all[i] = attach();
        ck_assert_str_eq(ask(all[i], "level * info"), "ok");
    }
    all[16] = attach();
    char byte;
    ck_assert_int_le(diesel_stream_read(all[16], &byte, 1, DIESEL_FOREVER, &err), 0);
    for (int i = 0; i < 17; i++)
        diesel_stream_close(all[i]);
    return 0;
}

CONSOLE_TEST(only_the_owner_may_open_the_socket)
{
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 07777, 0600);
    return 0;
}


START_TEST(the_console_ends_with_its_scheduler)
{
    int before = test_open_fds();
    run_with_console(just_started);
    ck_assert_int_eq(test_open_fds(), before);
    struct stat st;
    ck_assert_int_eq(stat(path, &st), -1);
}
END_TEST

static diesel_thread_channel *between;

static int wait_for_threads(void *arg)
{
    diesel_error err;
    int item;
    (void)arg;
    int got = diesel_thread_channel_recv(between, &item, DIESEL_FOREVER, &err);
    ck_assert_int_eq(got, 0);
    return 0;
}

CONSOLE_TEST(channels_between_threads_are_shown)
{
    diesel_error err;
    diesel_thread_channel *full = diesel_thread_channel_new(8, 2, &err);
    assert_made(full);
    assert_made(between = diesel_thread_channel_new(sizeof(int), 3, &err));
    assert_ok(diesel_thread_channel_try_send(full, "12345678", &err));
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_go(scope, wait_for_threads, NULL);
    diesel_go(scope, wait_for_threads, NULL);
    diesel_stream *stream = attach();
    ck_assert_str_eq(ask(stream, "json channels"), "ok");
    assert_contains(body, "\"between\":\"threads\",\"items\":1,\"capacity\":2,"
                          "\"item_bytes\":8,\"senders\":0,\"receivers\":0,");
    assert_contains(body, "\"between\":\"threads\",\"items\":0,\"capacity\":3,"
                          "\"item_bytes\":4,\"senders\":0,\"receivers\":2,"
                          "\"state\":\"\"}");
    diesel_thread_channel_close(between);
    assert_ok(diesel_scope_wait(scope, &err));
    ck_assert_str_eq(ask(stream, "json channels"), "ok");
    assert_contains(body, "\"receivers\":0,\"state\":\"closed\"}");
    diesel_thread_channel_free(between);
    diesel_thread_channel_free(full);
    ck_assert_str_eq(ask(stream, "json channels"), "ok");
    ck_assert_ptr_null(strstr(body, "threads"));
    diesel_stream_close(stream);
    return 0;
}

static diesel_channel *left;
static diesel_broadcast *left_broadcast;
static diesel_broadcast_reader *left_reader;

static int leave_a_channel(void *arg)
{
    diesel_error err;
    (void)arg;
    left = diesel_channel_new(1, 1, &err);
    assert_made(left);
    diesel_channel_close(left);
    left_broadcast = diesel_broadcast_new(
        &(diesel_broadcast_options){.item_size = 1}, &err);
    assert_made(left_broadcast);
    left_reader = diesel_broadcast_join(
        left_broadcast, &(diesel_broadcast_reader_options){.capacity = 1}, &err);
    assert_made(left_reader);
    assert_ok(diesel_broadcast_send(left_broadcast, "x", DIESEL_NOW, &err));
    diesel_stream *stream = attach();
    ck_assert_str_eq(ask(stream, "channels"), "ok");
    assert_contains(body, "closed");
    ck_assert_str_eq(ask(stream, "json broadcasts"), "ok");
    assert_contains(body, "\"readers\":1,\"full\":1,\"most_items\":1,"
                          "\"item_bytes\":1,\"senders\":0,\"state\":\"\"}");
    diesel_stream_close(stream);
    return 0;
}

START_TEST(a_channel_may_outlive_its_scheduler)
{
    diesel_error err;
    diesel_channel *before = diesel_channel_new(1, 1, &err); /* under none */
    assert_made(before);
    run_with_console(leave_a_channel);
    diesel_channel_free(left);
    diesel_channel_free(before);
    diesel_broadcast_leave(left_reader);
    diesel_broadcast_free(left_broadcast);
}
END_TEST

static int count_fibers(void *arg)
{
    *(size_t *)arg = diesel__current->fibers;
    return 0;
}

START_TEST(the_first_scheduler_takes_the_environments_path)
{
    diesel_error err;
    size_t fibers;
    setenv("DIESEL_CONSOLE", test_path("from-%p-here"), 1);
    assert_ok(diesel_run(count_fibers, &fibers, NULL, &err));
    ck_assert_uint_eq(fibers, 2);
    assert_ok(diesel_run(count_fibers, &fibers, NULL, &err));
    ck_assert_uint_eq(fibers, 1);
}
END_TEST

static void count_records(void *arg, const diesel_log_record *record)
{
    ck_assert_str_eq(record->logger, "diesel.console");
    ++*(int *)arg;
}

static const char *const wrong_paths[] = {
    "/nonexistent/console",
    "/a/path/that/is/too/long/for/the/address/of/a/socket/a/path/that/is/too/"
    "long/for/the/address/of/a/socket",
    "/even/longer/a/path/that/is/too/long/for/the/address/of/a/socket/a/path/"
    "that/is/too/long/for/the/address/of/a/socket/and/for/the/room/here",
};

START_TEST(a_console_that_cannot_be_opened_is_logged_and_missed_by_nobody)
{
    diesel_error err;
    int records = 0;
    size_t fibers;
    assert_ok(diesel_log_sinks_set(&(diesel_log_sink){count_records, &records}, 1,
                                   &err));
    diesel_options options = {.console = wrong_paths[_i]};
    assert_ok(diesel_run(count_fibers, &fibers, &options, &err));
    ck_assert_uint_eq(fibers, 1);
    ck_assert_int_eq(records, 1);
}
END_TEST

static int attach_and_ask(void *arg)
{
    diesel_error err;
    static const char all[] = "fibers\ngroups\nfiber 1\nscopes\ntimers\nhelp\n"
                              "json fibers\nlevel a debug\nmetrics\nloggers\n";
    (void)arg;
    char buf[4096];
    diesel_stream *stream = diesel_unix_connect(path, DIESEL_FOREVER, &err);
    if (stream == NULL)
        return diesel_fail(&err);
    int result = diesel_stream_write(stream, all, sizeof all - 1, DIESEL_FOREVER,
                                     &err);
    ssize_t got = 1;
    if (result == 0)
        result = diesel_stream_shutdown_write(stream, DIESEL_FOREVER, &err);
    while (result == 0 && got > 0)
        got = diesel_stream_read(stream, buf, sizeof buf, DIESEL_FOREVER, &err);
    diesel_stream_close(stream);
    return result < 0 || got < 0 ? diesel_fail(&err) : 0;
}

START_TEST(each_allocation_may_fail)
{
    path = test_path("console");
    int fds = test_open_fds();
    diesel_log_sinks_set(NULL, 0, NULL);
    diesel_allocator_set(&faulty_memory);
    long kept = 0; /* the level that is set lasts */
    for (long n = 1;; n++) {
        diesel_error err;
        diesel_options options = {.console = path};
        test_error_wipe(&err);
        faulty_memory_fail(n);
        if (diesel_run(attach_and_ask, NULL, &options, &err) < 0)
            test_message_is_sound(&err);
        kept += faulty_alive;
        ck_assert_int_le(kept, 2);
        ck_assert_int_eq(test_open_fds(), fds);
        if (faulty_allocations < n)
            break;
        ck_assert_int_lt(n, 1000);
    }
}
END_TEST

struct visit {
    long turns; /* until it is cut */
    bool cancels, ended;
};

static int ask_until_cut(void *arg)
{
    struct visit *visit = arg;
    int result = attach_and_ask(NULL);
    visit->ended = result == 0;
    return result;
}

/* A visit that is cut after some turns: its scope is cancelled, or the scheduler
 * ends with the visitor's plain socket still open. */
static int visit_for_some_turns(void *arg)
{
    struct visit *visit = arg;
    diesel_error err;
    int raw = -1;
    diesel_scope *scope = diesel_scope_open(NULL);
    if (visit->cancels) {
        diesel_go(scope, ask_until_cut, visit);
    } else {
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        strcpy(at.sun_path, path);
        raw = socket(AF_UNIX, SOCK_STREAM, 0);
        ck_assert_int_eq(connect(raw, (struct sockaddr *)&at, sizeof at), 0);
        test_raw_write(raw, "json fibers\nscopes\nfibers\n");
    }
    for (long i = 0; i < visit->turns && !visit->ended; i++) {
        diesel__current->slice = diesel__current->slices = 0; /* to the loop */
        assert_ok(diesel_yield(&err));
    }
    diesel_scope_cancel(scope);
    assert_ok(diesel_scope_wait(scope, &err));
    if (raw >= 0)
        close(raw);
    return 0;
}

START_TEST(a_visit_may_be_cut_at_each_turn)
{
    path = test_path("console");
    int fds = test_open_fds();
    diesel_allocator_set(&faulty_memory);
    diesel_log_configure("a=debug", NULL); /* as the visitor does */
    for (int cancels = 0; cancels <= 1; cancels++) {
        struct visit visit = {.cancels = cancels};
        for (visit.turns = 0; !visit.ended && visit.turns < 60; visit.turns++) {
            diesel_error err;
            diesel_options options = {.console = path};
            faulty_memory_fail(0);
            assert_ok(diesel_run(visit_for_some_turns, &visit, &options, &err));
            ck_assert_int_eq(faulty_alive, 0);
            ck_assert_int_eq(test_open_fds(), fds);
        }
        ck_assert_int_gt(visit.turns, 3);
    }
}
END_TEST

int main(void)
{
    unsetenv("DIESEL_CONSOLE");
    unsetenv("DIESEL_LOG");
    Suite *suite = suite_create("console");
    test_case(suite, "page", rows_become_tables, a_page_beyond_its_limit_is_cut);
    test_case(suite, "fiber", fibers_are_shown_in_their_tree,
              channels_between_threads_are_shown,
              a_fiber_is_shown_with_where_it_waits,
              backtraces_lead_through_the_functions_of_a_fiber,
              cancelling_a_fiber_cancels_its_scope,
              time_is_tallied_while_somebody_is_attached,
              the_tally_changes_no_turn_and_adds_up);
    test_case(suite, "other", levels_are_shown_and_set, metrics_are_shown,
              programs_add_pages);
    test_case(suite, "attach", requests_may_come_in_pieces_and_together,
              a_line_without_end_ends_the_visit, sixteen_may_be_attached,
              only_the_owner_may_open_the_socket,
              the_console_ends_with_its_scheduler,
              a_channel_may_outlive_its_scheduler,
              the_first_scheduler_takes_the_environments_path,
              each_allocation_may_fail, a_visit_may_be_cut_at_each_turn);
    test_case_rows(suite, "wrong path",
                   a_console_that_cannot_be_opened_is_logged_and_missed_by_nobody,
                   TEST_COUNT(wrong_paths));
    return test_suite_run(suite);
}
