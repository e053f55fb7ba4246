/* SPDX-License-Identifier: MIT */
/*
 * The parser of requests. A command is an array of bulk strings:
 *
 *     *2\r\n $3\r\n GET\r\n $3\r\n key\r\n
 *
 * and nothing else is taken: no inline commands, no nulls, no empty array, no other
 * type, no number with a sign, a leading zero or a line end other than CR LF. It
 * goes on where it stopped, so feeding it byte by byte costs no more, and memory
 * grows with what has come and not with what a header promises.
 */
#include "server/request_internal.h"

#include <limits.h>
#include <stdint.h>

#include <diesel/memory.h>

#define MOST_DIGITS 20

static const char no_memory[] = "out of memory";

static int fail(dredis__request_parser *parser, const char *why)
{
    parser->why = why;
    return -1;
}

/* Reads "<type><number>\r\n" at *at: 1; 0: not all there; -1, and why. */
static int read_header(dredis__request_parser *parser, const char *bytes,
                       size_t n, char type, const char *bad, size_t *number)
{
    size_t at = parser->at;
    if (at == n)
        return 0;
    if (bytes[at] != type)
        return fail(parser, type == '*' ? "expected '*'" : "expected '$'");
    size_t first = ++at, value = 0;
    for (; at < n && bytes[at] >= '0' && bytes[at] <= '9'; at++) {
        if (at - first >= MOST_DIGITS || (at > first && bytes[first] == '0') ||
            __builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (unsigned)(bytes[at] - '0'), &value))
            return fail(parser, bad);
    }
    if (at < n && (at == first || bytes[at] != '\r'))
        return fail(parser, bad);
    if (at + 1 < n && bytes[at + 1] != '\n')
        return fail(parser, bad);
    if (at + 1 >= n)
        return 0;
    parser->at = at + 2;
    *number = value;
    return 1;
}

static int make_room(dredis__request_parser *parser)
{
    if (parser->have < parser->room)
        return 0;
    size_t room = parser->room != 0 ? 2 * parser->room : 8;
    size_t *place = diesel_realloc_array(parser->place, room, 2 * sizeof *place);
    if (place == NULL)
        return fail(parser, no_memory);
    parser->place = place;
    dredis__span *args =
        diesel_realloc_array(parser->args, room, sizeof *args);
    if (args == NULL)
        return fail(parser, no_memory);
    parser->args = args;
    parser->room = room;
    return 0;
}

/* Reads the length of the next argument: 1, 0, -1. */
static int read_length(dredis__request_parser *parser, const char *bytes,
                       size_t n, size_t *len)
{
    static const char bad[] = "invalid bulk length";
    size_t before = parser->at;
    int got = read_header(parser, bytes, n, '$', bad, len);
    if (got <= 0)
        return got;
    if (*len > parser->limits.bulk)
        return fail(parser, bad);
    if (*len > parser->limits.total - parser->total)
        return fail(parser, "the command is too long");
    if (n - parser->at >= *len + 2)
        return 1;
    /* Looked at again when there is more, but what is there must fit. */
    size_t body = parser->at;
    parser->at = before;
    if (n > body + *len && bytes[body + *len] != '\r')
        return fail(parser, "expected CR LF behind an argument");
    return 0;
}

/* Reads one argument: 1, 0, -1. */
static int read_argument(dredis__request_parser *parser, const char *bytes,
                         size_t n)
{
    size_t len;
    int got = read_length(parser, bytes, n, &len);
    if (got <= 0)
        return got;
    size_t at = parser->at;
    if (bytes[at + len] != '\r' || bytes[at + len + 1] != '\n')
        return fail(parser, "expected CR LF behind an argument");
    if (make_room(parser) < 0)
        return -1;
    parser->place[2 * parser->have] = at;
    parser->place[2 * parser->have + 1] = len;
    parser->have++;
    parser->total += len;
    parser->at = at + len + 2;
    return 1;
}

/* Reads the number of arguments: 1, 0, -1. */
static int read_count(dredis__request_parser *parser, const char *bytes,
                      size_t n)
{
    static const char bad[] = "invalid multibulk length";
    size_t count;
    int got = read_header(parser, bytes, n, '*', bad, &count);
    if (got <= 0)
        return got;
    if (count == 0 || count > parser->limits.args)
        return fail(parser, bad);
    parser->want = count;
    return 1;
}

long dredis__request_parse(dredis__request_parser *parser, const char *bytes,
                           size_t n)
{
    if (parser->want != 0 && parser->have == parser->want)
        parser->at = parser->want = parser->have = parser->total = 0;
    int got = parser->want != 0 ? 1 : read_count(parser, bytes, n);
    while (got > 0 && parser->have < parser->want)
        got = read_argument(parser, bytes, n);
    if (got <= 0)
        return got;
    for (size_t i = 0; i < parser->have; i++)
        parser->args[i] = (dredis__span){bytes + parser->place[2 * i],
                                         parser->place[2 * i + 1]};
    if (parser->at > LONG_MAX)
        return fail(parser, "the command is too long");
    return (long)parser->at;
}

void dredis__request_clear(dredis__request_parser *parser)
{
    diesel_free(parser->place);
    diesel_free(parser->args);
    *parser = (dredis__request_parser){.limits = parser->limits};
}
