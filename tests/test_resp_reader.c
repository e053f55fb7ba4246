/* SPDX-License-Identifier: MIT */
/*
 * redis/reply_reader.c: bytes to replies. Each row of the tables runs whole, byte
 * by byte, and split at each position: the outcome must be the same.
 */
#include <stdint.h>

#include <diesel/redis_reply.h>

#include "comma_locale.h"
#include "redis/reply_reader_internal.h"
#include "resp_show.h"
#include "test_util.h"

#define WIRE(literal) literal, sizeof(literal) - 1

static const dredis__limits roomy = {
    .depth = 128, .elements = 1 << 28, .bulk = 512 << 20};

/* What came out of the parser: the replies as text, and how it ended. */
struct outcome {
    struct resp_text shown;
    size_t replies;
    int result;
    diesel_error err;
};

static void take(void *arg, dredis_reply *reply)
{
    struct outcome *out = arg;
    resp_print(&out->shown, "%s", out->replies++ > 0 ? " " : "");
    resp_show(&out->shown, reply);
    dredis_reply_free(reply);
}

/* Parses `piece` bytes at first and then `rest` at a time. */
static void parse(struct outcome *out, const dredis__limits *limits,
                  const char *wire, size_t n, size_t piece, size_t rest)
{
    memset(out, 0, sizeof *out);
    dredis__reply_reader *reader = dredis__reply_reader_new(limits);
    ck_assert_ptr_nonnull(reader);
    while (n > 0 && out->result == 0) {
        /* Memory of its own, so that a read beyond it is seen. */
        piece = piece < n ? piece : n;
        char *copy = malloc(piece);
        ck_assert_ptr_nonnull(copy);
        memcpy(copy, wire, piece);
        out->result = dredis__reply_reader_parse(reader, copy, piece, take, out,
                                                 &out->err);
        free(copy);
        wire += piece;
        n -= piece;
        piece = rest;
    }
    if (out->result < 0) { /* nothing can be understood any more */
        diesel_error err;
        assert_fails(dredis__reply_reader_parse(reader, "+OK\r\n", 5, take, out,
                                                &err),
                     out->err.code);
    }
    dredis__reply_reader_free(reader);
}

static void assert_same(const struct outcome *got, const struct outcome *want)
{
    ck_assert_str_eq(got->shown.text, want->shown.text);
    ck_assert_int_eq(got->result, want->result);
    if (want->result < 0) {
        ck_assert_int_eq(got->err.code, want->err.code);
        ck_assert_str_eq(got->err.message, want->err.message);
    }
}

/* Parses in all ways and leaves the common outcome in *out. */
static void parse_split(struct outcome *out, const dredis__limits *limits,
                        const char *wire, size_t n)
{
    struct outcome split;
    parse(out, limits, wire, n, n, n);
    parse(&split, limits, wire, n, 1, 1);
    assert_same(&split, out);
    for (size_t i = 1; i < n; i++) {
        parse(&split, limits, wire, n, i, n);
        assert_same(&split, out);
    }
}

struct row {
    const char *wire;
    size_t n;
    const char *shown;
};

static const struct row resp2_rows[] = {
    {WIRE("+OK\r\n"), "+OK"},
    {WIRE("+\r\n"), "+"},
    {WIRE("-ERR no\r\n"), "-ERR no(1)"},
    {WIRE("-WRONGTYPE x\r\n"), "-WRONGTYPE x(28)"},
    {WIRE("-MYSCRIPT x\r\n"), "-MYSCRIPT x(0)"},
    {WIRE("-ERR\r\n"), "-ERR(1)"},
    {WIRE("-\r\n"), "-(0)"},
    {WIRE(":0\r\n"), "0"},
    {WIRE(":-1\r\n"), "-1"},
    {WIRE(":9223372036854775807\r\n"), "9223372036854775807"},
    {WIRE(":-9223372036854775808\r\n"), "-9223372036854775808"},
    {WIRE("$5\r\nhello\r\n"), "\"hello\""},
    {WIRE("$0\r\n\r\n"), "\"\""},
    {WIRE("$-1\r\n"), "nil"},
    {WIRE("$4\r\na\0\r\n\r\n"), "\"a\\x00\\x0d\\x0a\""},
    {WIRE("$3\r\n|||\r\n$1\r\n|\r\n"), "\"|||\" \"|\""},
    {WIRE("+a|b\r\n-ERR a|b\r\n"), "+a|b -ERR a|b(1)"},
    {WIRE("*0\r\n"), "[]"},
    {WIRE("*-1\r\n"), "nil"},
    {WIRE("*2\r\n$1\r\na\r\n:5\r\n"), "[\"a\" 5]"},
    {WIRE("*3\r\n$-1\r\n*-1\r\n*0\r\n"), "[nil nil []]"},
    {WIRE("*2\r\n*2\r\n:1\r\n*1\r\n+x\r\n-ERR y\r\n"), "[[1 [+x]] -ERR y(1)]"},
    {WIRE("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"), "[[[[[[1]]]]]]"},
    {WIRE("+a\r\n:1\r\n$1\r\nb\r\n*1\r\n:2\r\n+c\r\n"), "+a 1 \"b\" [2] +c"},
    {WIRE("+OK"), ""},
    {WIRE("$5\r\nhell"), ""},
    {WIRE(":1\r\n$5\r\nhello\r"), "1"},
    {WIRE("*2\r\n:1\r\n"), ""},
    {WIRE(""), ""},
};

static const struct row resp3_rows[] = {
    {WIRE("_\r\n"), "nil"},
    {WIRE("#t\r\n#f\r\n"), "true false"},
    {WIRE(",3.25\r\n"), "3.25d\"3.25\""},
    {WIRE(",10\r\n"), "10d\"10\""},
    {WIRE(",-1.5e300\r\n"), "-1.5000000000000001e+300d\"-1.5e300\""},
    {WIRE(",0.1\r\n"), "0.10000000000000001d\"0.1\""},
    {WIRE(",inf\r\n,-inf\r\n"), "infd\"inf\" -infd\"-inf\""},
    {WIRE(",nan\r\n"), "nand\"nan\""},
    {WIRE("(3492890328409238509324850943850943825024385\r\n"),
     "3492890328409238509324850943850943825024385big"},
    {WIRE("(-12\r\n"), "-12big"},
    {WIRE("=15\r\ntxt:Some string\r\n"), "txt\"Some string\""},
    {WIRE("=4\r\nmkd:\r\n"), "mkd\"\""},
    {WIRE("%0\r\n"), "{}"},
    {WIRE("%2\r\n+a\r\n:1\r\n+b\r\n%1\r\n+c\r\n_\r\n"), "{+a 1 +b {+c nil}}"},
    {WIRE("~3\r\n:1\r\n#t\r\n$1\r\nx\r\n"), "~{1 true \"x\"}"},
    {WIRE(">2\r\n$7\r\nmessage\r\n:1\r\n"), ">[\"message\" 1]"},
    {WIRE(">0\r\n"), ">[]"},
    {WIRE("*9\r\n+s\r\n:1\r\n,1\r\n_\r\n#t\r\n(1\r\n=5\r\ntxt:x\r\n~0\r\n%0\r\n"),
     "[+s 1 1d\"1\" nil true 1big txt\"x\" ~{} {}]"},
    {WIRE("$4\r\n-1|1\r\n"), "\"-1|1\""},

    /* Attributes belong to what follows them and are no reply. */
    {WIRE("|1\r\n+ttl\r\n:3600\r\n$1\r\nv\r\n"), "@{+ttl 3600}\"v\""},
    {WIRE("|1\r\n+a\r\n:1\r\n:7\r\n:8\r\n"), "@{+a 1}7 8"},
    {WIRE("|0\r\n:7\r\n"), "@{}7"},
    {WIRE("*3\r\n:1\r\n|1\r\n+k\r\n*2\r\n:5\r\n+z\r\n:2\r\n:3\r\n"),
     "[1 @{+k [5 +z]}2 3]"},
    {WIRE("|1\r\n+a\r\n:1\r\n*2\r\n|1\r\n+b\r\n:2\r\n:3\r\n|0\r\n%0\r\n"),
     "@{+a 1}[@{+b 2}3 @{}{}]"},
    {WIRE("|1\r\n|1\r\n+in\r\n:0\r\n+k\r\n:1\r\n+v\r\n"),
     "@{@{+in 0}+k 1}+v"},
    {WIRE("|1\r\n+a\r\n:1\r\n|1\r\n+b\r\n:2\r\n:3\r\n"), "@{+b 2}3"},
    {WIRE("|1\r\n+a|b\r\n$1\r\n|\r\n$3\r\n|1|\r\n"), "@{+a|b \"|\"}\"|1|\""},
    {WIRE("%1\r\n|1\r\n+x\r\n:1\r\n+k\r\n|1\r\n+y\r\n:2\r\n+v\r\n"),
     "{@{+x 1}+k @{+y 2}+v}"},
    {WIRE("|1\r\n+p\r\n:1\r\n>1\r\n+x\r\n"), "@{+p 1}>[+x]"},
    {WIRE("|1\r\n+a\r\n:1\r\n"), ""},
    {WIRE(":1\r\n|1\r\n+a\r\n"), "1"},
};

static void check_row(const struct row *row)
{
    struct outcome out;
    parse_split(&out, &roomy, row->wire, row->n);
    ck_assert_int_eq(out.result, 0);
    ck_assert_str_eq(out.shown.text, row->shown);
}

START_TEST(resp2_is_read)
{
    check_row(&resp2_rows[_i]);
}
END_TEST

START_TEST(resp3_is_read)
{
    if (dredis__reply_reader_knows_resp3())
        check_row(&resp3_rows[_i]);
}
END_TEST

static const struct {
    const char *wire;
    size_t n;
    bool resp3;
    const char *said;
} malformed_rows[] = {
    {WIRE("HTTP/1.1 400 Bad Request\r\n"), false, "not RESP"},
    {WIRE("?\r\n"), false, "not RESP"},
    {WIRE("\r\n"), false, "not RESP"},
    {WIRE("\0"), false, "not RESP"},
    {WIRE(":x\r\n"), false, "not RESP"},
    {WIRE(":\r\n"), false, "not RESP"},
    {WIRE(":1.5\r\n"), false, "not RESP"},
    {WIRE(":9223372036854775808\r\n"), false, "not RESP"},
    {WIRE("$x\r\n"), false, "not RESP"},
    {WIRE("$\r\n"), false, "not RESP"},
    {WIRE("$-2\r\n"), false, "not RESP"},
    {WIRE("$+5\r\nhello\r\n"), false, "not RESP"},
    {WIRE("$5x\r\nhello\r\n"), false, "not RESP"},
    {WIRE("$99999999999999999999\r\n"), false, "not RESP"},
    {WIRE("$3\r\nabcde\r\n"), false, "no CR LF after a string"},
    {WIRE("$3\r\nabc\n\r\n"), false, "no CR LF after a string"},
    {WIRE("*x\r\n"), false, "not RESP"},
    {WIRE("*-2\r\n"), false, "not RESP"},
    {WIRE("*1\r\n?\r\n"), false, "not RESP"},
    {WIRE("*2\r\n:1\r\n$-7\r\n"), false, "not RESP"},
    {WIRE("_x\r\n"), true, "not RESP"},
    {WIRE("#x\r\n"), true, "not RESP"},
    {WIRE("#\r\n"), true, "not RESP"},
    {WIRE(",\r\n"), true, "not RESP"},
    {WIRE(",1,5\r\n"), true, "not RESP"},
    {WIRE(",infinity\r\n"), true, "not RESP"},
    {WIRE("(12a\r\n"), true, "not RESP"},
    {WIRE("=2\r\nab\r\n"), true, "not RESP"},
    {WIRE("=6\r\nabcdef\r\n"), true, "not RESP"},
    {WIRE("%-2\r\n"), true, "not RESP"},
    {WIRE(">x\r\n"), true, "not RESP"},
    {WIRE("|x\r\n"), true, "not RESP"},
    {WIRE("|1\r\n+a\r\n?\r\n"), true, "not RESP"},
    {WIRE("*1\r\n|1\r\n+a\r\n$1\r\nxyz\r\n:1\r\n"), true,
     "no CR LF after a string"},
    {WIRE("$?\r\n;1\r\na\r\n;0\r\n"), true, "not RESP"},
};

START_TEST(what_is_malformed_is_refused)
{
    struct outcome out;
    if (malformed_rows[_i].resp3 && !dredis__reply_reader_knows_resp3())
        return;
    /* What was right before still comes. */
    char wire[128] = "+before\r\n";
    memcpy(wire + 9, malformed_rows[_i].wire, malformed_rows[_i].n);
    parse_split(&out, &roomy, wire, malformed_rows[_i].n + 9);
    diesel_error err = out.err;
    ck_assert_int_eq(out.result, -1);
    assert_error(DIESEL_E_PROTOCOL);
    assert_contains(err.message, malformed_rows[_i].said);
    ck_assert_str_eq(out.shown.text, "+before");
}
END_TEST

static const struct {
    dredis__limits limits;
    bool resp3;
    const char *wire;
    const char *want; /* the replies; or, after a '!', the error */
} limit_rows[] = {
    {{3, 9, 9}, false, "*1\r\n*1\r\n*1\r\n:1\r\n", "[[[1]]]"},
    {{3, 9, 9}, false, "*1\r\n*1\r\n*1\r\n*0\r\n", "!deeper than 3 levels"},
    {{0, 9, 9}, false, "*0\r\n", "!deeper than 0 levels"},
    {{0, 9, 9}, false, ":1\r\n", "1"},
    {{9, 2, 9}, false, "*2\r\n:1\r\n:2\r\n", "[1 2]"},
    {{9, 2, 9}, false, "*3\r\n", "!more than 2 elements"},
    {{9, 2, 9}, false, "*1\r\n*3\r\n", "!more than 2 elements"},
    {{9, 2, 9}, true, "%1\r\n:1\r\n:2\r\n", "{1 2}"},
    {{9, 2, 9}, true, "%2\r\n", "!more than 2 elements"},
    {{9, 9, 5}, false, "$5\r\nhello\r\n", "\"hello\""},
    {{9, 9, 5}, false, "$6\r\n", "!more than 5 bytes"},
    {{9, 9, 5}, false, "$600000000000\r\n", "!more than 5 bytes"},
    {{9, 9, 5}, false, "*1\r\n$6\r\n", "!more than 5 bytes"},
    {{9, 9, 5}, false, "+hello\r\n", "+hello"},
    {{9, 9, 5}, false, "+hello!\r\n", "!more than 5 bytes"},
    {{9, 9, 5}, false, "-ERR no\r\n", "!more than 5 bytes"},
    {{2, 9, 9}, true, "|1\r\n+a\r\n*0\r\n:1\r\n", "!deeper than 2 levels"},
    {{3, 9, 9}, true, "|1\r\n+a\r\n*0\r\n:1\r\n", "@{+a []}1"},
    {{2, 9, 9}, true, "|1\r\n|1\r\n|0\r\n", "!deeper than 2 levels"},
    {{9, 9, 5}, true, "|1\r\n$6\r\n", "!more than 5 bytes"},
};

START_TEST(limits_are_kept)
{
    struct outcome out;
    const char *want = limit_rows[_i].want;
    if (limit_rows[_i].resp3 && !dredis__reply_reader_knows_resp3())
        return;
    parse_split(&out, &limit_rows[_i].limits, limit_rows[_i].wire,
                strlen(limit_rows[_i].wire));
    if (want[0] != '!') {
        ck_assert_int_eq(out.result, 0);
        ck_assert_str_eq(out.shown.text, want);
        return;
    }
    diesel_error err = out.err;
    ck_assert_int_eq(out.result, -1);
    assert_error(DIESEL_E_LIMIT);
    assert_contains(err.message, want + 1);
}
END_TEST

/* An allocator that counts, and can fail. */
static struct {
    size_t calls, largest, live;
    size_t fail_at; /* 0: never */
} memory;

static bool may_allocate(size_t size)
{
    memory.calls++;
    memory.largest = size > memory.largest ? size : memory.largest;
    return memory.calls != memory.fail_at;
}

static void *counting_malloc(size_t size)
{
    void *p = may_allocate(size) ? malloc(size) : NULL;
    memory.live += p != NULL;
    return p;
}

static void *counting_calloc(size_t count, size_t size)
{
    void *p = may_allocate(count * size) ? calloc(count, size) : NULL;
    memory.live += p != NULL;
    return p;
}

static void *counting_realloc(void *p, size_t size)
{
    void *moved = may_allocate(size) ? realloc(p, size) : NULL;
    memory.live += p == NULL && moved != NULL;
    return moved;
}

static void counting_free(void *p)
{
    memory.live -= p != NULL;
    free(p);
}

static void count_memory(void)
{
    static const diesel_allocator counting = {counting_malloc, counting_calloc,
                                              counting_realloc, counting_free};
    diesel_allocator_set(&counting);
}

static void keep(void *arg, dredis_reply *reply)
{
    *(dredis_reply **)arg = reply;
}

static dredis_reply *parse_one(dredis__reply_reader *reader, const char *wire,
                               size_t n)
{
    diesel_error err;
    dredis_reply *reply = NULL;
    assert_ok(dredis__reply_reader_parse(reader, wire, n, keep, &reply, &err));
    return reply;
}

/* "*COUNT" and as many strings of `len` bytes, to be freed. */
static char *wire_of_array(size_t count, size_t len, size_t *n)
{
    char *wire = malloc(32 + count * (len + 16)), *at = wire;
    ck_assert_ptr_nonnull(wire);
    at += sprintf(at, "*%zu\r\n", count);
    for (size_t i = 0; i < count; i++) {
        at += sprintf(at, "$%zu\r\n", len);
        memset(at, 'a' + (int)(i % 26), len);
        at += len;
        at += sprintf(at, "\r\n");
    }
    *n = (size_t)(at - wire);
    return wire;
}

START_TEST(a_short_reply_is_one_allocation)
{
    static const char *const wires[] = {
        "$16\r\n0123456789abcdef\r\n", ":42\r\n", "+OK\r\n", "$-1\r\n",
        "*2\r\n$1\r\na\r\n$1\r\nb\r\n",
    };
    count_memory();
    dredis__reply_reader *reader = dredis__reply_reader_new(&roomy);
    size_t calls = memory.calls;
    dredis_reply_free(parse_one(reader, wires[_i], strlen(wires[_i])));
    ck_assert_uint_eq(memory.calls - calls, 1);
    dredis__reply_reader_free(reader);
    ck_assert_uint_eq(memory.live, 0);
}
END_TEST

START_TEST(a_thousand_short_elements_are_one_allocation)
{
    size_t n;
    char *wire = wire_of_array(1000, 16, &n);
    count_memory();
    dredis__reply_reader *reader = dredis__reply_reader_new(&roomy);
    size_t calls = memory.calls;
    dredis_reply *reply = parse_one(reader, wire, n);
    ck_assert_uint_eq(memory.calls - calls, 1);
    ck_assert_uint_eq(reply->elements, 1000);
    dredis_reply_free(reply);
    dredis__reply_reader_free(reader);
    free(wire);
}
END_TEST

START_TEST(large_arrays_are_whole_and_take_memory_as_they_come)
{
    static const struct {
        size_t count, len;
    } rows[] = {{4096, 3}, {4097, 3}, {8192, 0}, {8193, 40}, {100000, 5}};
    size_t count = rows[_i].count, len = rows[_i].len, n;
    char *wire = wire_of_array(count, len, &n);
    count_memory();
    dredis__reply_reader *reader = dredis__reply_reader_new(&roomy);

    ck_assert_ptr_null(parse_one(reader, wire, 10));
    ck_assert_uint_le(memory.largest, 4096 * sizeof(dredis_reply) * 2);
    dredis_reply *reply = parse_one(reader, wire + 10, n - 10);
    ck_assert_uint_eq(reply->elements, count);
    for (size_t i = 0; i < count; i++) {
        const dredis_reply *e = &reply->element[i];
        ck_assert(e->type == DREDIS_STRING && e->len == len &&
                  e->str[len] == '\0' &&
                  (len == 0 || (e->str[0] == 'a' + (char)(i % 26) &&
                                e->str[len - 1] == e->str[0])));
    }
    dredis_reply_free(reply);
    dredis__reply_reader_free(reader);
    ck_assert_uint_eq(memory.live, 0);
    free(wire);
}
END_TEST

struct two {
    dredis_reply *reply[2];
    size_t count;
};

static void keep_two(void *arg, dredis_reply *reply)
{
    struct two *two = arg;
    ck_assert_uint_lt(two->count, 2);
    two->reply[two->count++] = reply;
}

START_TEST(large_strings_are_whole)
{
    static const size_t sizes[] = {1000,  1200,  1201,   4096,
                                   16384, 65536, 100000, 3000000};
    size_t len = sizes[_i];
    char *wire = malloc(len + 64);
    ck_assert_ptr_nonnull(wire);
    int head = sprintf(wire, "$%zu\r\n", len);
    for (size_t i = 0; i < len; i++)
        wire[(size_t)head + i] = (char)(i * 131 + i / 256);
    memcpy(wire + head + len, "\r\n:7\r\n", 6);
    size_t n = (size_t)head + len + 6;

    for (size_t piece = 777; piece < 3 * len; piece = piece * 3 + 1) {
        diesel_error err;
        struct two got = {.count = 0};
        dredis__reply_reader *reader = dredis__reply_reader_new(&roomy);
        for (size_t at = 0; at < n; at += piece)
            assert_ok(dredis__reply_reader_parse(
                reader, wire + at, n - at < piece ? n - at : piece, keep_two,
                &got, &err));
        ck_assert_uint_eq(got.count, 2);
        ck_assert_uint_eq(got.reply[0]->len, len);
        ck_assert(memcmp(got.reply[0]->str, wire + head, len) == 0);
        ck_assert_int_eq(got.reply[1]->integer, 7);
        dredis_reply_free(got.reply[0]);
        dredis_reply_free(got.reply[1]);
        dredis__reply_reader_free(reader);
    }
    free(wire);
}
END_TEST

/* Headers that announce much and bring nothing. */
static const struct {
    const char *wire; /* repeated */
    size_t times;
    int code; /* 0: it waits for more */
} hostile_rows[] = {
    {"*1\r\n", 100000, DIESEL_E_LIMIT},
    {"*200000000\r\n", 1, 0},
    {"*200000000\r\n", 100000, DIESEL_E_LIMIT},
    {"$500000000\r\n", 1, 0},
    {"*1000000\r\n$500000000\r\n", 1, 0},
    {"*4294967296\r\n", 1, DIESEL_E_LIMIT},
    {"*9223372036854775807\r\n", 1, -1},
    {"$9223372036854775807\r\n", 1, DIESEL_E_LIMIT},
    {"aaaaaaaaaaaaaaaa", 1, DIESEL_E_PROTOCOL},
    {"+aaaaaaaaaaaaaaa", 200000, DIESEL_E_PROTOCOL},
    {"$00000000000000000", 100, DIESEL_E_PROTOCOL},
    {"|1\r\n", 100000, -1},
    {">100000000\r\n", 1, -2},
    {"%134217728\r\n", 1, -2},
    {"%4611686018427387904\r\n", 1, -1},
    {"%9223372036854775807\r\n", 1, -1},
};

START_TEST(a_hostile_server_gets_little_memory)
{
    size_t len = strlen(hostile_rows[_i].wire), times = hostile_rows[_i].times;
    int code = hostile_rows[_i].code;
    char *wire = malloc(len * times);
    ck_assert_ptr_nonnull(wire);
    for (size_t i = 0; i < times; i++)
        memcpy(wire + i * len, hostile_rows[_i].wire, len);
    count_memory();
    dredis__reply_reader *reader = dredis__reply_reader_new(&roomy);
    diesel_error err;
    dredis_reply *reply = NULL;
    int result = 0;
    for (size_t at = 0; at < len * times && result == 0; at += 1000)
        result = dredis__reply_reader_parse(
            reader, wire + at, len * times - at < 1000 ? len * times - at : 1000,
            keep, &reply, &err);
    ck_assert_ptr_null(reply);
    if (code == -2 && dredis__reply_reader_knows_resp3())
        code = 0;
    ck_assert_int_eq(result, code == 0 ? 0 : -1);
    if (code > 0)
        assert_error(code);
    ck_assert_uint_le(memory.largest, 1 << 20);
    dredis__reply_reader_free(reader);
    ck_assert_uint_eq(memory.live, 0);
    free(wire);
}
END_TEST

START_TEST(without_memory_it_says_so_and_leaks_nothing)
{
    static const char wire[] = "$3\r\nabc\r\n*3\r\n:1\r\n$900\r\n%900d\r\n:2\r\n";
    char full[2000];
    int n = sprintf(full, wire, 7);
    count_memory();
    bool failed;
    do {
        memory.calls = 0;
        failed = false;
        memory.fail_at++;
        dredis__reply_reader *reader = dredis__reply_reader_new(&roomy);
        if (reader == NULL) {
            failed = true;
        } else {
            struct outcome out = {.result = 0};
            out.result = dredis__reply_reader_parse(reader, full, (size_t)n,
                                                    take, &out, &out.err);
            failed = out.result < 0;
            if (failed)
                ck_assert_int_eq(out.err.code, DIESEL_E_NOMEM);
        }
        dredis__reply_reader_free(reader);
        ck_assert_uint_eq(memory.live, 0);
    } while (failed);
    ck_assert_uint_ge(memory.fail_at, 4);
}
END_TEST

START_TEST(doubles_are_read_in_any_locale)
{
    if (!dredis__reply_reader_knows_resp3() ||
        !test_use_comma_locale("doubles_are_read_in_any_locale"))
        return;
    dredis__reply_reader *reader = dredis__reply_reader_new(&roomy);
    dredis_reply *reply = parse_one(reader, WIRE(",3.5\r\n"));
    ck_assert_double_eq(reply->dval, 3.5);
    dredis_reply_free(reply);
    dredis__reply_reader_free(reader);
    ck_assert_str_eq(localeconv()->decimal_point, ",");
}
END_TEST

START_TEST(types_and_errors_have_names)
{
    ck_assert_str_eq(dredis_type_name(DREDIS_NIL), "nil");
    ck_assert_str_eq(dredis_type_name(DREDIS_ERROR), "error");
    ck_assert_str_eq(dredis_type_name((dredis_type)-1), "unknown");
    ck_assert_str_eq(dredis_type_name((dredis_type)DREDIS__TYPE_COUNT),
                     "unknown");
    for (int i = 0; i < DREDIS__ERR_COUNT; i++) {
        const char *name = dredis_error_name(i);
        if (i != DREDIS_ERR_OTHER)
            ck_assert_int_eq(dredis_error_detail(name, strlen(name)), i);
    }
    ck_assert_str_eq(dredis_error_name(-1), "OTHER");
    ck_assert_str_eq(dredis_error_name(DREDIS__ERR_COUNT), "OTHER");
    ck_assert_int_eq(dredis_error_detail("OTHER x", 7), DREDIS_ERR_OTHER);
    ck_assert_int_eq(dredis_error_detail("ERRor", 5), DREDIS_ERR_OTHER);
    ck_assert_int_eq(dredis_error_detail("ERR x", 2), DREDIS_ERR_OTHER);
    ck_assert_int_eq(dredis_error_detail("", 0), DREDIS_ERR_OTHER);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("resp_reader");
    test_case_rows(suite, "RESP2", resp2_is_read, TEST_COUNT(resp2_rows));
    test_case_rows(suite, "RESP3", resp3_is_read, TEST_COUNT(resp3_rows));
    test_case_rows(suite, "malformed", what_is_malformed_is_refused,
                   TEST_COUNT(malformed_rows));
    test_case_rows(suite, "limits", limits_are_kept, TEST_COUNT(limit_rows));
    test_case_rows(suite, "hostile", a_hostile_server_gets_little_memory,
                   TEST_COUNT(hostile_rows));
    test_case_rows(suite, "short", a_short_reply_is_one_allocation, 5);
    test_case_rows(suite, "large arrays",
                   large_arrays_are_whole_and_take_memory_as_they_come, 5);
    test_case_rows(suite, "large strings", large_strings_are_whole, 8);
    test_case(suite, "memory", a_thousand_short_elements_are_one_allocation,
              without_memory_it_says_so_and_leaks_nothing);
    test_case(suite, "others", doubles_are_read_in_any_locale,
              types_and_errors_have_names);
    return test_suite_run(suite);
}
