/* SPDX-License-Identifier: MIT */
/*
 * Replies of the test server, in the version of RESP that the client has chosen,
 * and arguments as numbers with the errors that Redis has for them.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/engine_internal.h"

void dredis__put_header(dredis__buffer *out, char type, long long n)
{
    char text[32];
    int len = snprintf(text, sizeof text, "%c%lld\r\n", type, n);
    dredis__buffer_add(out, text, (size_t)len);
}

void dredis__put_bulk(dredis__buffer *out, dredis__span span)
{
    dredis__put_header(out, '$', (long long)span.len);
    dredis__buffer_add(out, span.at, span.len);
    dredis__buffer_add(out, "\r\n", 2);
}

static bool is_resp3(const dredis__call *call)
{
    return call->peer->resp == 3;
}

void dredis__say_status(dredis__call *call, const char *text)
{
    dredis__buffer_print(call->out, "+%s\r\n", text);
}

void dredis__say_ok(dredis__call *call)
{
    dredis__buffer_add(call->out, "+OK\r\n", 5);
}

void dredis__say_error(dredis__call *call, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (char *p = text; *p != '\0'; p++)
        if (*p == '\r' || *p == '\n')
            *p = ' ';
    dredis__buffer_print(call->out, "-%s\r\n", text);
}

void dredis__say_syntax(dredis__call *call)
{
    dredis__say_error(call, "ERR syntax error");
}

void dredis__say_no_memory(dredis__call *call)
{
    dredis__say_error(call, "OOM command not allowed when used memory > "
                            "'maxmemory'.");
}

void dredis__say_int(dredis__call *call, long long value)
{
    dredis__put_header(call->out, ':', value);
}

int dredis__print_score(char text[40], double value)
{
    if (isinf(value))
        return snprintf(text, 40, value > 0 ? "inf" : "-inf");
    for (int digits = 15;; digits++) {
        int len = snprintf(text, 40, "%.*g", digits, value);
        if (digits == 17 || strtod(text, NULL) == value)
            return len;
    }
}

void dredis__say_double(dredis__call *call, double value)
{
    char text[40];
    int len = dredis__print_score(text, value);
    if (is_resp3(call))
        dredis__buffer_print(call->out, ",%s\r\n", text);
    else
        dredis__put_bulk(call->out, (dredis__span){text, (size_t)len});
}

void dredis__say_span(dredis__call *call, dredis__span span)
{
    dredis__put_bulk(call->out, span);
}

void dredis__say_verbatim(dredis__call *call, const dredis__buffer *text)
{
    if (text->failed) {
        dredis__say_no_memory(call);
    } else if (!is_resp3(call)) {
        dredis__put_bulk(call->out, (dredis__span){text->at, text->len});
    } else {
        dredis__buffer_print(call->out, "=%zu\r\ntxt:", text->len + 4);
        dredis__buffer_add(call->out, text->at, text->len);
        dredis__buffer_add(call->out, "\r\n", 2);
    }
}

void dredis__say_text(dredis__call *call, const char *text)
{
    dredis__put_bulk(call->out, (dredis__span){text, strlen(text)});
}

void dredis__say_blob(dredis__call *call, const dredis__blob *blob)
{
    if (blob == NULL)
        dredis__say_nil(call);
    else
        dredis__put_bulk(call->out, dredis__blob_span(blob));
}

void dredis__say_nil(dredis__call *call)
{
    dredis__buffer_print(call->out, "%s", is_resp3(call) ? "_\r\n" : "$-1\r\n");
}

void dredis__say_nil_array(dredis__call *call)
{
    dredis__buffer_print(call->out, "%s", is_resp3(call) ? "_\r\n" : "*-1\r\n");
}

void dredis__say_array(dredis__call *call, size_t n)
{
    dredis__put_header(call->out, '*', (long long)n);
}

void dredis__say_map(dredis__call *call, size_t pairs)
{
    bool map = is_resp3(call);
    dredis__put_header(call->out, map ? '%' : '*',
                       (long long)(map ? pairs : 2 * pairs));
}

void dredis__say_set(dredis__call *call, size_t n)
{
    dredis__put_header(call->out, is_resp3(call) ? '~' : '*', (long long)n);
}

dredis__buffer *dredis__push_to(dredis__peer *peer, const dredis__call *call)
{
    dredis__peer_has_output(peer);
    return call != NULL && call->peer == peer ? &peer->late : &peer->out;
}

int dredis__arg_int(dredis__call *call, size_t i, long long *value)
{
    if (dredis__span_int(call->arg[i], value) == 0)
        return 0;
    dredis__say_error(call, "ERR value is not an integer or out of range");
    return -1;
}

int dredis__arg_double(dredis__call *call, size_t i, double *value)
{
    long double wide;
    if (dredis__span_double(call->arg[i], &wide) == 0) {
        *value = (double)wide;
        return 0;
    }
    dredis__say_error(call, "ERR value is not a valid float");
    return -1;
}

bool dredis__arg_is(const dredis__call *call, size_t i, const char *word)
{
    return i < call->n && dredis__span_is_word(call->arg[i], word);
}
