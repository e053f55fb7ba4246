/* SPDX-License-Identifier: MIT */
/*
 * The log: levels and names, fields and how they look, contexts of fibers,
 * limits, and each sink.
 */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/un.h>

#include "core/text_internal.h"
#include "faulty_memory.h"
#include "test_util.h"

static diesel_logger shop = DIESEL_LOGGER("shop");
static diesel_logger cart = DIESEL_LOGGER("shop.cart");
static diesel_logger shopping = DIESEL_LOGGER("shopping");

/* --- A sink that keeps the last record as text: "message name=value ..." */

struct kept {
    int count;
    diesel_log_record last; /* but for its fields */
    char text[2000];
};

static void keep(void *arg, const diesel_log_record *record)
{
    struct kept *kept = arg;
    diesel__text text;
    diesel__text_init(&text, 1 << 16);
    diesel__text_puts(&text, record->message);
    for (size_t i = 0; i < record->count; i += 2) {
        diesel__text_putc(&text, ' ');
        diesel__text_plain(&text, &record->fields[i]);
        diesel__text_putc(&text, '=');
        diesel__text_human(&text, &record->fields[i + 1]);
    }
    snprintf(kept->text, sizeof kept->text, "%s", diesel__text_string(&text));
    diesel__text_clear(&text);
    kept->last = *record;
    kept->count++;
}

static struct kept kept;

static void keep_records(void)
{
    diesel_error err;
    memset(&kept, 0, sizeof kept);
    assert_ok(diesel_log_sinks_set(&(diesel_log_sink){keep, &kept}, 1, &err));
}

/* What a sink that writes to a descriptor has written so far. */
static const char *written(int fd)
{
    static char text[1 << 18];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    ck_assert_int_ge(n, 0);
    text[n] = '\0';
    return text;
}

static diesel_log_file to_memory(diesel_log_fn *fn, diesel_log_file *file)
{
    diesel_error err;
    file->fd = memfd_create("log", 0);
    ck_assert_int_ge(file->fd, 0);
    assert_ok(diesel_log_sinks_set(&(diesel_log_sink){fn, file}, 1, &err));
    return *file;
}

/* --- Levels */

static int evaluated;

static int evaluate(void)
{
    return ++evaluated;
}

START_TEST(a_disabled_level_evaluates_nothing)
{
    keep_records();
    diesel_log(&shop, DIESEL_DEBUG, "no", "n", evaluate());
    diesel_log(&shop, DIESEL_DEBUG, "no", "n", evaluate()); /* now known */
    ck_assert_int_eq(kept.count, 0);
    ck_assert_int_le(evaluated, 1); /* the first use asks the rules */
    int before = evaluated;
    diesel_log(&shop, DIESEL_TRACE, "no", "n", evaluate());
    ck_assert_int_eq(evaluated, before);
    diesel_log(&shop, DIESEL_INFO, "yes", "n", 1);
    ck_assert_int_eq(kept.count, 1);
    ck_assert_str_eq(kept.text, "yes n=1");
    ck_assert_str_eq(kept.last.logger, "shop");
    ck_assert_int_eq(kept.last.level, DIESEL_INFO);
}
END_TEST

static const struct {
    const char *levels;
    int shop, cart, shopping;
} level_rows[] = {
    {"", DIESEL_INFO, DIESEL_INFO, DIESEL_INFO},
    {"debug", DIESEL_DEBUG, DIESEL_DEBUG, DIESEL_DEBUG},
    {"*=error", DIESEL_ERROR, DIESEL_ERROR, DIESEL_ERROR},
    {"shop=debug", DIESEL_DEBUG, DIESEL_DEBUG, DIESEL_INFO},
    {"shop.cart=off", DIESEL_INFO, DIESEL_OFF, DIESEL_INFO},
    {"shop=trace,*=warning", DIESEL_TRACE, DIESEL_TRACE, DIESEL_WARNING},
    {"shop.cart=warn, shop=debug\n*=ERROR", DIESEL_DEBUG, DIESEL_WARNING,
     DIESEL_ERROR},
    {"shop=debug,shop=error", DIESEL_ERROR, DIESEL_ERROR, DIESEL_INFO},
    {"sho=debug,shop.car=trace,shop.cart.x=off", DIESEL_INFO, DIESEL_INFO,
     DIESEL_INFO},
};

static void check_levels(int row)
{
    ck_assert_int_eq(diesel_log_level("shop"), level_rows[row].shop);
    ck_assert_int_eq(diesel_log_level("shop.cart"), level_rows[row].cart);
    ck_assert_int_eq(diesel_log_level("shopping"), level_rows[row].shopping);
    ck_assert(diesel_log_is_on(&shop, level_rows[row].shop));
    ck_assert(!diesel_log_is_on(&cart, level_rows[row].cart - 1));
    ck_assert(!diesel_log_is_on(&shopping, level_rows[row].shopping - 1));
}

START_TEST(levels_hold_for_a_name_and_all_below_it)
{
    diesel_error err;
    assert_ok(diesel_log_configure(level_rows[_i].levels, &err));
    check_levels(_i);
}
END_TEST

START_TEST(the_environment_sets_levels)
{
    setenv("DIESEL_LOG", level_rows[_i].levels, 1);
    check_levels(_i);
}
END_TEST

START_TEST(a_level_changes_for_loggers_in_use)
{
    diesel_error err;
    ck_assert(!diesel_log_is_on(&cart, DIESEL_DEBUG));
    assert_ok(diesel_log_level_set("shop", DIESEL_DEBUG, &err));
    ck_assert(diesel_log_is_on(&cart, DIESEL_DEBUG));
    assert_ok(diesel_log_level_set("shop.cart", DIESEL_OFF, &err));
    ck_assert(!diesel_log_is_on(&cart, DIESEL_ERROR));
    assert_ok(diesel_log_level_set("shop.cart", DIESEL_INHERIT, &err));
    ck_assert(diesel_log_is_on(&cart, DIESEL_DEBUG));
    assert_ok(diesel_log_level_set("shop", DIESEL_INHERIT, &err));
    ck_assert(!diesel_log_is_on(&cart, DIESEL_DEBUG));
    assert_ok(diesel_log_level_set("*", DIESEL_ERROR, &err));
    ck_assert_int_eq(diesel_log_level("*"), DIESEL_ERROR);
    ck_assert(!diesel_log_is_on(&cart, DIESEL_WARNING));
    assert_ok(diesel_log_level_set("nobody", DIESEL_INHERIT, &err));
    assert_fails(diesel_log_level_set("shop", DIESEL_OFF + 1, &err),
                 DIESEL_E_INVAL);
    assert_fails(diesel_log_level_set("shop", -1, &err), DIESEL_E_INVAL);
}
END_TEST

static const char *const wrong_levels[] = {"loud", "shop=", "=debug",
                                           "shop=debug,x=y", "shop=inherit",
                                           "shop==debug"};

START_TEST(wrong_levels_are_named_and_change_nothing)
{
    diesel_error err;
    assert_fails(diesel_log_configure(wrong_levels[_i], &err), DIESEL_E_INVAL);
    ck_assert_int_eq(diesel_log_level("shop"), DIESEL_INFO);
    const char *comma = strchr(wrong_levels[_i], ',');
    assert_contains(err.message, comma ? comma + 1 : wrong_levels[_i]);
}
END_TEST

START_TEST(a_wrong_environment_is_reported_once_and_ignored)
{
    setenv("DIESEL_LOG", "shop=loud", 1);
    keep_records();
    diesel_log(&shop, DIESEL_DEBUG, "first");
    ck_assert_int_eq(kept.count, 1);
    ck_assert_str_eq(kept.last.logger, "diesel.log");
    assert_contains(kept.text, "shop=loud");
    diesel_log(&cart, DIESEL_INFO, "second");
    ck_assert_int_eq(kept.count, 2);
    ck_assert_str_eq(kept.text, "second");
}
END_TEST

/* --- Fields */

START_TEST(values_look_right_for_people_and_in_json)
{
    static const struct {
        diesel_value value;
        const char *human, *json;
    } rows[] = {
        {{.type = DIESEL_VALUE_NULL}, "null", "null"},
        {{.type = DIESEL_VALUE_BOOL, .b = true}, "true", "true"},
        {{.type = DIESEL_VALUE_INT, .i = INT64_MIN}, "-9223372036854775808",
         "-9223372036854775808"},
        {{.type = DIESEL_VALUE_UINT, .u = UINT64_MAX}, "18446744073709551615",
         "18446744073709551615"},
        {{.type = DIESEL_VALUE_DOUBLE, .d = 0.1}, "0.1", "0.1"},
        {{.type = DIESEL_VALUE_DOUBLE, .d = 1.0 / 3}, "0.3333333333333333",
         "0.3333333333333333"},
        {{.type = DIESEL_VALUE_DOUBLE, .d = 1e300}, "1e+300", "1e+300"},
        {{.type = DIESEL_VALUE_DOUBLE, .d = NAN}, "NaN", "\"NaN\""},
        {{.type = DIESEL_VALUE_DOUBLE, .d = -INFINITY}, "-Inf", "\"-Inf\""},
#define TEXT(t) {.type = DIESEL_VALUE_STR, .len = sizeof(t) - 1, .s = (t)}
        {TEXT("plain"), "plain", "\"plain\""},
        {TEXT(""), "\"\"", "\"\""},
        {TEXT("two words"), "\"two words\"", "\"two words\""},
        {TEXT("a=b"), "\"a=b\"", "\"a=b\""},
        {TEXT("say \"hi\" \\"), "\"say \\\"hi\\\" \\\\\"",
         "\"say \\\"hi\\\" \\\\\""},
        {TEXT("a\nb\tc\x1b[2J"), "\"a\\nb\\tc\\x1b[2J\"",
         "\"a\\nb\\tc\\u001b[2J\""},
        {TEXT("\b\f\r\x7f"), "\"\\x08\\x0c\\x0d\\x7f\"",
         "\"\\b\\f\\r\\u007f\""},
        {TEXT("h\xc3\xa9llo"), "h\xc3\xa9llo", "\"h\xc3\xa9llo\""},
        {TEXT("\xe2\x82\xac\xf0\x9f\x98\x80"), "\xe2\x82\xac\xf0\x9f\x98\x80",
         "\"\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {TEXT("x\xff\xfey"), "\"x\\xff\\xfey\"", "\"x\\ufffd\\ufffdy\""},
        {TEXT("\xed\xa0\x80"), "\"\\xed\\xa0\\x80\"",
         "\"\\ufffd\\ufffd\\ufffd\""}, /* a surrogate */
        {TEXT("cut \xe2\x82"), "\"cut \\xe2\\x82\"", "\"cut \\ufffd\\ufffd\""},
        {TEXT("csi \xc2\x9b"), "\"csi \\xc2\\x9b\"", "\"csi \\u009b\""},
        {TEXT("nul\0nul"), "\"nul\\x00nul\"", "\"nul\\u0000nul\""},
#undef TEXT
        {{.type = DIESEL_VALUE_BYTES, .len = 3, .s = "\x00\xffz"}, "00ff7a",
         "\"00ff7a\""},
    };
    for (size_t i = 0; i < TEST_COUNT(rows); i++) {
        diesel__text text;
        diesel__text_init(&text, 1000);
        diesel__text_human(&text, &rows[i].value);
        ck_assert_str_eq(diesel__text_string(&text), rows[i].human);
        diesel__text_clear(&text);
        diesel__text_json(&text, &rows[i].value);
        ck_assert_str_eq(diesel__text_string(&text), rows[i].json);
        diesel__text_clear(&text);
    }
}
END_TEST

START_TEST(text_grows_to_its_limit_and_no_further)
{
    diesel__text text;
    diesel__text_init(&text, 5000);
    for (int i = 0; i < 5000; i++)
        diesel__text_putc(&text, (char)('a' + i % 26));
    ck_assert(!text.cut);
    ck_assert_uint_eq(text.len, 5000);
    diesel__text_putc(&text, 'x');
    ck_assert(text.cut);
    ck_assert_uint_eq(text.len, 5000);
    ck_assert_uint_eq(strlen(diesel__text_string(&text)), 5000);
    size_t len;
    ck_assert_ptr_null(diesel__text_take(&text, &len));
    diesel__text_printf(&text, "%0700d", 7);
    char *taken = diesel__text_take(&text, &len);
    ck_assert_uint_eq(len, 700);
    ck_assert_uint_eq(strlen(taken), 700);
    diesel_free(taken);
    diesel__text_puts(&text, "short");
    taken = diesel__text_take(&text, &len);
    ck_assert_str_eq(taken, "short");
    diesel_free(taken);
}
END_TEST

START_TEST(secrets_are_not_seen_by_any_sink)
{
    keep_records();
    const char *pin = "1234";
    diesel_log(&shop, DIESEL_INFO, "login", "password", "hunter2", "user", "ada",
               "db_Password", 5, "api-token", "abc", "Authorization", "Basic x",
               "pin", DIESEL_REDACTED(pin), "tokens", 3);
    ck_assert_str_eq(kept.text,
                     "login password=[redacted] user=ada "
                     "db_Password=[redacted] api-token=[redacted] "
                     "Authorization=[redacted] pin=[redacted] tokens=3");
}
END_TEST

START_TEST(more_fields_than_there_is_room_for_are_left_out)
{
    keep_records();
    diesel_value fields[200];
    for (int i = 0; i < 200; i += 2) {
        fields[i] = diesel_str("n");
        fields[i + 1] = diesel_int(i / 2);
    }
    diesel_log_write(&shop, DIESEL_INFO, NULL, "many", fields, 200);
    ck_assert_uint_eq(kept.last.count, 80);
    assert_contains(kept.text, "n=39");
    diesel_log_write(&shop, DIESEL_INFO, NULL, NULL, fields, 3);
    ck_assert_str_eq(kept.text, " n=0"); /* a name without a value */
    fields[0] = diesel_int(3);
    diesel_log_write(&shop, DIESEL_INFO, NULL, "odd", fields, 2);
    ck_assert_str_eq(kept.text, "odd ?=0");
}
END_TEST

START_TEST(errno_is_kept)
{
    errno = ENOTTY;
    diesel_log(&shop, DIESEL_INFO, "to stderr", "x", 1);
    diesel_log_sink bad = {diesel_log_human, &(diesel_log_file){.fd = -1}};
    diesel_error err;
    assert_ok(diesel_log_sinks_set(&bad, 1, &err));
    diesel_log(&shop, DIESEL_INFO, "lost");
    ck_assert_int_eq(errno, ENOTTY);
    ck_assert_uint_eq(diesel_log_lost(), 1);
}
END_TEST

/* --- Limits */

static void log_in_a_loop(int count, int every_ms)
{
    static diesel_log_site site = {"file", "function", 1, 0, 0, 0};
    site.every_ms = every_ms;
    for (int i = 0; i < count; i++)
        diesel_log_write(&shop, DIESEL_INFO, &site, "again", NULL, 0);
}

START_TEST(a_place_logs_once_in_its_time_and_says_how_often_it_did_not)
{
    keep_records();
    log_in_a_loop(1000, 1 << 30);
    ck_assert_int_eq(kept.count, 1);
    ck_assert_uint_eq(kept.last.suppressed, 0);
    log_in_a_loop(1, 0); /* without its limit */
    ck_assert_int_eq(kept.count, 2);

    for (int i = 0; i < 3; i++) {
        static diesel_log_site site = {"file", "function", 1, 5000, 0, 0};
        site.quiet_until = i < 2 ? site.quiet_until : 0; /* the time is over */
        diesel_log_write(&shop, DIESEL_INFO, &site, "x", NULL, 0);
    }
    ck_assert_int_eq(kept.count, 4);
    ck_assert_uint_eq(kept.last.suppressed, 1);

    for (int i = 0; i < 10; i++)
        diesel_log_every(1 << 30, &shop, DIESEL_INFO, "from a macro", "i", i);
    ck_assert_int_eq(kept.count, 5);
    ck_assert_str_eq(kept.text, "from a macro i=0");
}
END_TEST

/* --- Contexts */

static int log_inside(void *arg)
{
    diesel_error err;
    diesel_log(&shop, DIESEL_INFO, "inside");
    ck_assert_str_eq(kept.text, arg);
    assert_ok(diesel_yield(&err));
    diesel_log_context *own = diesel_log_push("own", 1);
    diesel_log(&shop, DIESEL_INFO, "inside", "x", 1);
    assert_contains(kept.text, "inside x=1 own=1");
    assert_ok(diesel_yield(&err));
    diesel_log(&shop, DIESEL_INFO, "inside", "x", 1);
    assert_contains(kept.text, "inside x=1 own=1");
    diesel_log_pop(own);
    diesel_log(&shop, DIESEL_INFO, "inside");
    ck_assert_str_eq(kept.text, arg);
    ck_assert_str_eq(kept.last.fiber, "log_inside");
    return 0;
}

FIBER_TEST(a_context_nests_and_is_inherited_by_fibers_started_in_it)
{
    diesel_error err;
    keep_records();
    char name[] = "user", value[] = "ada";
    diesel_scope *scope = diesel_scope_open(NULL);
    diesel_log_context *outer = diesel_log_push("request", 7, name, value);
    name[0] = value[0] = 'X'; /* they were copied */
    diesel_log_context *inner = diesel_log_push("step", "two");
    diesel_go(scope, log_inside, "inside step=two request=7 user=ada");
    diesel_log_pop(inner);
    diesel_go(scope, log_inside, "inside request=7 user=ada");
    diesel_log_pop(outer);
    diesel_go(scope, log_inside, "inside");
    diesel_log(&shop, DIESEL_INFO, "outside");
    ck_assert_str_eq(kept.text, "outside");
    assert_ok(diesel_scope_wait(scope, &err)); /* they outlive the contexts */
    return 0;
}
END_TEST

static int leave_contexts(void *arg)
{
    (void)arg;
    (void)diesel_log_push("a", 1);
    (void)diesel_log_push("b", 2);
    return 0;
}

FIBER_TEST(what_a_fiber_leaves_of_its_context_ends_with_it)
{
    diesel_error err;
    keep_records();
    for (int i = 0; i < 3; i++) {
        diesel_scope *scope = diesel_scope_open(NULL);
        diesel_go(scope, leave_contexts, NULL);
        assert_ok(diesel_scope_wait(scope, &err));
        scope = diesel_scope_open(NULL); /* on the same stack */
        diesel_go(scope, log_inside, "inside");
        assert_ok(diesel_scope_wait(scope, &err));
    }
    diesel_log_pop(NULL);
    return 0;
}
END_TEST

static int pop_in_the_wrong_order(void *arg)
{
    (void)arg;
    diesel_log_context *outer = diesel_log_push("a", 1);
    (void)diesel_log_push("b", 2);
    diesel_log_pop(outer);
    return 0;
}

static void run_wrong_order(void *arg)
{
    diesel_run(pop_in_the_wrong_order, arg, NULL, NULL);
}

START_TEST(popping_a_context_that_is_not_the_innermost_aborts)
{
    assert_aborts(run_wrong_order, NULL, "not the running fiber's innermost");
}
END_TEST

START_TEST(without_a_scheduler_there_is_no_context)
{
    keep_records();
    diesel_log_context *context = diesel_log_push("a", 1);
    ck_assert_ptr_null(context);
    diesel_log(&shop, DIESEL_INFO, "alone");
    ck_assert_str_eq(kept.text, "alone");
    ck_assert_ptr_null(kept.last.fiber);
    diesel_log_pop(context);
}
END_TEST

static int log_a_lot(void *arg)
{
    diesel_log_context *context = diesel_log_push("request", "0123456789");
    diesel_log(&shop, DIESEL_INFO, "long", "text", (const char *)arg);
    diesel_log_pop(context);
    diesel_error err;
    int result = diesel_log_configure("a=debug,b=error,c=off", &err);
    if (result < 0) {
        assert_error(DIESEL_E_NOMEM);
        ck_assert_int_eq(diesel_log_level("c"), DIESEL_INFO);
    }
    return 0;
}

START_TEST(without_memory_the_log_says_less_and_fails_in_no_other_way)
{
    static char text[3000];
    memset(text, 'x', sizeof text - 1);
    diesel_allocator_set(&faulty_memory);
    int null = open("/dev/null", O_WRONLY);
    diesel_log_file file = {.fd = null};
    diesel_log_sink all[] = {{diesel_log_human, &file}, {diesel_log_json, &file},
                             {diesel_log_syslog, &(diesel_log_socket){.path = "/none"}},
                             {diesel_log_journal, &(diesel_log_socket){.path = "/none"}}};
    diesel_error err;
    assert_ok(diesel_log_sinks_set(all, TEST_COUNT(all), &err));
    long n = 1;
    for (;; n++) {
        ck_assert_int_lt(n, 100);
        faulty_memory_fail(0);
        for (const char *name = "abc"; *name != '\0'; name++)
            assert_ok(diesel_log_level_set((char[]){*name, 0}, DIESEL_INHERIT, &err));
        faulty_memory_fail(n);
        int result = diesel_run(log_a_lot, text, NULL, &err);
        if (result < 0)
            assert_error(DIESEL_E_NOMEM);
        if (faulty_allocations < n)
            break;
    }
    ck_assert_int_gt(n, 5);
}
END_TEST

/* --- Sinks */

static void log_again(void *arg, const diesel_log_record *record)
{
    (void)record;
    ++*(int *)arg;
    diesel_log(&shop, DIESEL_ERROR, "from a sink");
}

START_TEST(what_a_sink_logs_is_dropped)
{
    diesel_error err;
    int count = 0;
    diesel_log_sink sinks[] = {{log_again, &count}, {log_again, &count}};
    assert_ok(diesel_log_sinks_set(sinks, 2, &err));
    diesel_log(&shop, DIESEL_INFO, "once");
    ck_assert_int_eq(count, 2);
    assert_ok(diesel_log_sinks_set(NULL, 0, &err));
    diesel_log(&shop, DIESEL_INFO, "to nobody");
    ck_assert_int_eq(count, 2);
    diesel_log_sink many[9] = {{log_again, &count}};
    assert_fails(diesel_log_sinks_set(many, 9, &err), DIESEL_E_LIMIT);
}
END_TEST

START_TEST(a_line_for_people)
{
    diesel_log_file file = {0};
    to_memory(diesel_log_human, &file);
    diesel_log(&cart, DIESEL_WARNING, "odd\nthing", "user", "a b", "n", -3);
    const char *line = written(file.fd);
    ck_assert_int_eq(line[2], ':');
    ck_assert_str_eq(line + strlen("12:34:56.789"),
                     " WARNING shop.cart: odd\\nthing user=\"a b\" n=-3\n");
}
END_TEST

START_TEST(colours_are_for_those_who_want_them)
{
    diesel_log_file file = {.colour = 1};
    to_memory(diesel_log_human, &file);
    diesel_log(&shop, DIESEL_ERROR, "red", "n", 1);
    assert_contains(written(file.fd), "\033[1;31mERROR  \033[0m");
    file.colour = -1;
    to_memory(diesel_log_human, &file);
    diesel_log(&shop, DIESEL_ERROR, "plain");
    ck_assert_ptr_null(strchr(written(file.fd), '\033'));
}
END_TEST

/* A new pseudo-terminal's two ends. */
static int open_terminal(int *master)
{
    *master = posix_openpt(O_RDWR | O_NOCTTY);
    if (*master < 0 || grantpt(*master) < 0 || unlockpt(*master) < 0)
        return -1;
    return open(ptsname(*master), O_RDWR | O_NOCTTY);
}

static const struct {
    const char *no_color, *term;
    bool coloured;
} terminal_rows[] = {
    {NULL, "xterm", true}, {"", "xterm", true},  {"1", "xterm", false},
    {NULL, "dumb", false}, {NULL, NULL, false},
};

START_TEST(a_terminal_gets_colours_unless_it_says_no)
{
    int master, fd = open_terminal(&master);
    if (fd < 0)
        return; /* there are no pseudo-terminals here */
    unsetenv("NO_COLOR");
    unsetenv("TERM");
    if (terminal_rows[_i].no_color != NULL)
        setenv("NO_COLOR", terminal_rows[_i].no_color, 1);
    if (terminal_rows[_i].term != NULL)
        setenv("TERM", terminal_rows[_i].term, 1);
    diesel_log_file file = {.fd = fd};
    diesel_error err;
    assert_ok(diesel_log_sinks_set(&(diesel_log_sink){diesel_log_human, &file},
                                   1, &err));
    diesel_log(&shop, DIESEL_INFO, "hello");
    char line[200];
    ssize_t n = read(master, line, sizeof line - 1);
    ck_assert_int_gt(n, 0);
    line[n] = '\0';
    assert_contains(line, "hello");
    ck_assert_int_eq(strchr(line, '\033') != NULL, terminal_rows[_i].coloured);
}
END_TEST

static int log_one_json(void *arg)
{
    (void)arg;
    diesel_log(&cart, DIESEL_ERROR, "q\"uote", "na\"me", "v", "d", 0.5, "null",
               (char *)NULL, "raw", diesel_bytes("\x01\x02", 2));
    return 0;
}

START_TEST(a_line_of_json)
{
    diesel_log_file file = {0};
    to_memory(diesel_log_json, &file);
    test_run(log_one_json, NULL);
    const char *line = written(file.fd);
    ck_assert_int_eq(strncmp(line, "{\"time\":\"20", 11), 0);
    const char *rest = strstr(line, "Z\",");
    ck_assert_ptr_nonnull(rest);
    ck_assert_int_eq(rest - line, 35);
    const char want[] = "Z\",\"level\":\"error\",\"logger\":\"shop.cart\","
                        "\"message\":\"q\\\"uote\",\"fiber\":\"main\",\"site\":\"";
    ck_assert_msg(strncmp(rest, want, strlen(want)) == 0, "%s", rest);
    assert_contains(line, "test_log.c:");
    assert_contains(line, ",\"fields\":{\"na\\\"me\":\"v\",\"d\":0.5,"
                          "\"null\":null,\"raw\":\"0102\"}}\n");
    ck_assert_int_eq(strchr(line, '\n')[1], '\0');
}
END_TEST

START_TEST(a_record_too_long_for_a_line_loses_its_fields)
{
    diesel_log_file file = {0};
    to_memory(diesel_log_json, &file);
    char *text = calloc(1, 100001);
    memset(text, 'x', 100000);
    diesel_log(&shop, DIESEL_INFO, "long", "text", text);
    assert_contains(written(file.fd), "\"cut\":true}\n");
    to_memory(diesel_log_human, &file);
    diesel_log(&shop, DIESEL_INFO, "long", "n", 1, "text", text);
    const char *line = written(file.fd);
    assert_contains(line, "shop: long n=1 text=");
    ck_assert_int_eq(line[strlen(line) - 1], '\n');
    ck_assert_uint_eq(diesel_log_lost(), 0);
    diesel_log(&shop, DIESEL_INFO, text);
    ck_assert_int_eq(diesel_log_lost(), 0);
    free(text);
}
END_TEST

START_TEST(a_full_pipe_that_does_not_block_loses_records)
{
    diesel_error err;
    int fds[2];
    ck_assert_int_eq(pipe2(fds, O_NONBLOCK), 0);
    diesel_log_file file = {.fd = fds[1]};
    assert_ok(diesel_log_sinks_set(&(diesel_log_sink){diesel_log_human, &file},
                                   1, &err));
    while (diesel_log_lost() < 3)
        diesel_log(&shop, DIESEL_INFO, "more and more and more", "x", 1);
}
END_TEST

static int daemon_socket(const char *path)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    strcpy(at.sun_path, path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

START_TEST(syslog_gets_a_datagram)
{
    diesel_error err;
    diesel_log_socket to = {.path = test_path("log"), .ident = "shopd",
                            .facility = 16};
    int fd = daemon_socket(to.path);
    assert_ok(diesel_log_sinks_set(&(diesel_log_sink){diesel_log_syslog, &to}, 1,
                                   &err));
    diesel_log(&cart, DIESEL_WARNING, "slow\n", "ms", 300, "what", "a b");
    char got[500];
    ssize_t n = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);
    ck_assert_int_gt(n, 0);
    got[n] = '\0';
    ck_assert_int_eq(strncmp(got, "<132>", 5), 0);
    char want[200];
    snprintf(want, sizeof want, " shopd[%ld]: shop.cart: slow\\n ms=300 what=\"a b\"",
             (long)getpid());
    ck_assert_str_eq(got + strlen("<132>Nov 24 10:54:59"), want);
    ck_assert_uint_eq(diesel_log_lost(), 0);
    close(fd);
    diesel_log(&cart, DIESEL_WARNING, "nobody listens");
    ck_assert_uint_eq(diesel_log_lost(), 1);
}
END_TEST

/* Receives a datagram, or the file that one brings. */
static size_t receive_journal(int fd, char *buf, size_t size)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec into = {buf, size - 1};
    struct msghdr message = {.msg_iov = &into, .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT);
    ck_assert_int_ge(n, 0);
    if (message.msg_controllen > 0) {
        int file;
        memcpy(&file, CMSG_DATA(&control.head), sizeof file);
        ck_assert_int_eq(fcntl(file, F_GET_SEALS) & F_SEAL_WRITE, F_SEAL_WRITE);
        n = pread(file, buf, size - 1, 0);
        close(file);
    }
    buf[n] = '\0';
    return (size_t)n;
}

START_TEST(the_journal_gets_its_native_protocol)
{
    diesel_error err;
    diesel_log_socket to = {.path = test_path("journal"), .ident = "shopd"};
    int fd = daemon_socket(to.path);
    assert_ok(diesel_log_sinks_set(&(diesel_log_sink){diesel_log_journal, &to},
                                   1, &err));
    diesel_log(&cart, DIESEL_ERROR, "failed", "user-name", "ada", "1st", 5,
               "_x", "two\nlines", "", 1);
    static char got[300000];
    size_t n = receive_journal(fd, got, sizeof got);
    assert_contains(got, "MESSAGE=failed\nPRIORITY=3\nSYSLOG_IDENTIFIER=shopd\n"
                         "LOGGER=shop.cart\nCODE_FILE=");
    assert_contains(got, "\nUSER_NAME=ada\nF1ST=5\nF_X\n");
    static const char binary[] = "F_X\n\x09\0\0\0\0\0\0\0two\nlines\nF=1\n";
    ck_assert_ptr_nonnull(memmem(got, n, binary, sizeof binary - 1));

    int least = 2000; /* no long datagram: the record goes as a file */
    char *text = calloc(1, 50001);
    memset(text, 'x', 50000);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
    for (int i = 0; i < 4; i++)
        diesel_log(&cart, DIESEL_ERROR, "long", "a", text, "b", text, "c", text,
                   "d", text, "e", text);
    n = receive_journal(fd, got, sizeof got);
    assert_contains(got, "MESSAGE=long\n");
    ck_assert_uint_gt(n, 250000);
    ck_assert_int_eq(got[n - 1], '\n');
    free(text);
}
END_TEST

static const struct {
    int level;
    const char *syslog, *journal;
} severities[] = {
    {DIESEL_ERROR, "<11>", "PRIORITY=3\n"},  {DIESEL_WARNING, "<12>", "PRIORITY=4\n"},
    {DIESEL_INFO, "<14>", "PRIORITY=6\n"},   {DIESEL_DEBUG, "<15>", "PRIORITY=7\n"},
    {DIESEL_TRACE, "<15>", "PRIORITY=7\n"},
};

/* Logs where two records have been left out before. */
static int log_suppressed(void *arg)
{
    diesel_log_site site = {"file.c", "function", 7, 1, 0, 2};
    diesel_log_write(&shop, *(int *)arg, &site, "seldom", NULL, 0);
    return 0;
}

START_TEST(the_system_gets_severity_and_what_was_left_out)
{
    diesel_error err;
    int level = severities[_i].level;
    char got[1000];
    diesel_log_socket to = {.path = test_path("log")};
    int fd = daemon_socket(to.path);
    assert_ok(diesel_log_configure("trace", &err));
    diesel_log_sink sink = {diesel_log_syslog, &to};
    assert_ok(diesel_log_sinks_set(&sink, 1, &err));
    test_run(log_suppressed, &level);
    receive_journal(fd, got, sizeof got);
    ck_assert_int_eq(strncmp(got, severities[_i].syslog, 4), 0);
    assert_contains(got, " suppressed=2");
    assert_contains(got, program_invocation_short_name);

    sink.write = diesel_log_journal;
    assert_ok(diesel_log_sinks_set(&sink, 1, &err));
    test_run(log_suppressed, &level);
    receive_journal(fd, got, sizeof got);
    assert_contains(got, severities[_i].journal);
    assert_contains(got, "\nFIBER=main\n");
    assert_contains(got, "\nCODE_FILE=file.c\nCODE_FUNC=function\nCODE_LINE=7\n");
    close(fd);
}
END_TEST

START_TEST(a_path_that_no_socket_can_have_loses_records)
{
    diesel_error err;
    char path[300];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    diesel_log_socket to = {.path = path};
    diesel_log_sink sinks[] = {{diesel_log_syslog, &to}, {diesel_log_journal, &to}};
    assert_ok(diesel_log_sinks_set(sinks, 2, &err));
    diesel_log(&shop, DIESEL_INFO, "nowhere");
    ck_assert_uint_eq(diesel_log_lost(), 2);
}
END_TEST

static void *log_from_thread(void *arg)
{
    for (int i = 0; i < 500; i++) {
        diesel_log_level_set("shop", i % 2 ? DIESEL_DEBUG : DIESEL_INFO, NULL);
        diesel_log(&cart, DIESEL_INFO, "from a thread", "i", i);
        diesel_log_every(1, &cart, DIESEL_INFO, "seldom");
    }
    return arg;
}

START_TEST(several_threads_log_whole_lines)
{
    diesel_log_file file = {.fd = open(test_path("lines"), O_RDWR | O_CREAT | O_APPEND, 0600)};
    diesel_error err;
    assert_ok(diesel_log_sinks_set(&(diesel_log_sink){diesel_log_human, &file},
                                   1, &err));
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, log_from_thread, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    FILE *lines = fdopen(file.fd, "r");
    char line[300];
    int count = 0;
    rewind(lines);
    while (fgets(line, sizeof line, lines) != NULL) {
        const char *said = line + strlen("12:34:56.789 INFO    ");
        ck_assert_msg(strncmp(said, "shop.cart: ", 11) == 0, "%s", line);
        count += strstr(said, "from a thread") != NULL;
    }
    fclose(lines);
    ck_assert_int_eq(count, 2000);
}
END_TEST

int main(void)
{
    unsetenv("DIESEL_LOG");
    Suite *suite = suite_create("log");
    test_case(suite, "level", a_disabled_level_evaluates_nothing,
              a_level_changes_for_loggers_in_use,
              a_wrong_environment_is_reported_once_and_ignored);
    test_case_rows(suite, "levels", levels_hold_for_a_name_and_all_below_it,
                   TEST_COUNT(level_rows));
    test_case_rows(suite, "environment", the_environment_sets_levels,
                   TEST_COUNT(level_rows));
    test_case_rows(suite, "wrong", wrong_levels_are_named_and_change_nothing,
                   TEST_COUNT(wrong_levels));
    test_case(suite, "field", values_look_right_for_people_and_in_json,
              text_grows_to_its_limit_and_no_further,
              secrets_are_not_seen_by_any_sink,
              more_fields_than_there_is_room_for_are_left_out, errno_is_kept);
    test_case(suite, "limit",
              a_place_logs_once_in_its_time_and_says_how_often_it_did_not);
    test_case(suite, "context",
              a_context_nests_and_is_inherited_by_fibers_started_in_it,
              what_a_fiber_leaves_of_its_context_ends_with_it,
              popping_a_context_that_is_not_the_innermost_aborts,
              without_a_scheduler_there_is_no_context,
              without_memory_the_log_says_less_and_fails_in_no_other_way);
    test_case(suite, "sink", what_a_sink_logs_is_dropped, a_line_for_people,
              colours_are_for_those_who_want_them, a_line_of_json,
              a_record_too_long_for_a_line_loses_its_fields,
              a_full_pipe_that_does_not_block_loses_records,
              syslog_gets_a_datagram, the_journal_gets_its_native_protocol,
              several_threads_log_whole_lines);
    test_case(suite, "nowhere", a_path_that_no_socket_can_have_loses_records);
    test_case_rows(suite, "system", the_system_gets_severity_and_what_was_left_out,
                   TEST_COUNT(severities));
    test_case_rows(suite, "terminal", a_terminal_gets_colours_unless_it_says_no,
                   TEST_COUNT(terminal_rows));
    return test_suite_run(suite);
}
