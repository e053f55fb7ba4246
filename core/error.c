/* SPDX-License-Identifier: MIT */
/*
 * The one error type: filling it, naming its codes, and putting context before
 * its message. Nothing here allocates, so an error can always be reported, also
 * the lack of memory.
 *
 * An over-long message is cut at the end of a UTF-8 character, because it may
 * carry names from outside.
 */
#include <diesel/error.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    const char *text;
} codes[DIESEL__E_COUNT] = {
    [DIESEL_OK] = {"OK", "success"},
#define DIESEL__ERROR_ROW(name, text) [DIESEL_E_##name] = {#name, text},
    DIESEL_ERROR_MAP(DIESEL__ERROR_ROW)
#undef DIESEL__ERROR_ROW
};

static const struct {
    int errnum;
    int code;
} errnos[] = {
    {ECONNREFUSED, DIESEL_E_REFUSED}, {ETIMEDOUT, DIESEL_E_TIMEDOUT},
    {EPIPE, DIESEL_E_CLOSED},
    {ECONNRESET, DIESEL_E_CLOSED},    {ECONNABORTED, DIESEL_E_CLOSED},
    {ENOMEM, DIESEL_E_NOMEM},         {EINVAL, DIESEL_E_INVAL},
    {EBADF, DIESEL_E_INVAL},          {EMFILE, DIESEL_E_LIMIT},
    {ENFILE, DIESEL_E_LIMIT},         {ENOBUFS, DIESEL_E_LIMIT},
    {EADDRINUSE, DIESEL_E_BUSY},      {ENAMETOOLONG, DIESEL_E_INVAL},
};

const char *diesel_error_name(int code)
{
    if (code < 0 || code >= DIESEL__E_COUNT)
        return "UNKNOWN";
    return codes[code].name;
}

const char *diesel_error_text(int code)
{
    if (code < 0 || code >= DIESEL__E_COUNT)
        return "unknown error";
    return codes[code].text;
}

/* Cuts a message that snprintf truncated back to a whole UTF-8 character. */
static void end_at_character(char *message, size_t size)
{
    size_t i = size - 1;
    size_t back = 0;
    while (back < 3 && ((unsigned char)message[i - 1] & 0xC0) == 0x80) {
        i--;
        back++;
    }
    unsigned char lead = (unsigned char)message[i - 1];
    size_t want = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    if (back < want)
        message[i - 1] = '\0';
}

static void format_message(diesel_error *err, const char *format, va_list args)
{
    int n = vsnprintf(err->message, sizeof err->message, format, args);
    if (n < 0)
        err->message[0] = '\0';
    else if ((size_t)n >= sizeof err->message)
        end_at_character(err->message, sizeof err->message);
}

int diesel_error_setv(diesel_error *err, int code, int domain, int detail,
                      const char *format, va_list args)
{
    if (err == NULL)
        return -1;
    /* The arguments may point into *err itself, so format into a copy. */
    diesel_error filled = {
        .code = code, .domain = domain, .detail = detail, .flags = 0};
    format_message(&filled, format, args);
    *err = filled;
    return -1;
}

int diesel_error_set(diesel_error *err, int code, int domain, int detail,
                     const char *format, ...)
{
    va_list args;
    va_start(args, format);
    diesel_error_setv(err, code, domain, detail, format, args);
    va_end(args);
    return -1;
}

/* strerror_r(3) has two forms: glibc's gives the text, that of POSIX a number. */
static const char *__attribute__((unused)) given(const char *text, const char *buf)
{
    (void)buf;
    return text;
}

static const char *__attribute__((unused)) written(int failed, const char *buf)
{
    return failed == 0 ? buf : "unknown error";
}

#define SHOWN(result, buf)                                                     \
    (_Generic((result), int: written, default: given)((result), (buf)))

int diesel_error_sys(diesel_error *err, int errnum, const char *format, ...)
{
    if (err == NULL)
        return -1;
    int code = DIESEL_E_IO;
    for (size_t i = 0; i < sizeof errnos / sizeof errnos[0]; i++)
        if (errnos[i].errnum == errnum)
            code = errnos[i].code;

    char text[80];
    const char *shown = SHOWN(strerror_r(errnum, text, sizeof text), text);
    diesel_error context;
    va_list args;
    va_start(args, format);
    diesel_error_setv(&context, code, DIESEL_DOM_SYS, errnum, format, args);
    va_end(args);
    return diesel_error_set(err, code, DIESEL_DOM_SYS, errnum, "%s: %s",
                            context.message, shown);
}

int diesel_error_nomem(diesel_error *err, const char *what)
{
    return diesel_error_set(err, DIESEL_E_NOMEM, DIESEL_DOM_CORE, 0,
                            "out of memory for %s", what);
}

void diesel_error_prefix(diesel_error *err, const char *format, ...)
{
    if (err == NULL)
        return;
    diesel_error context;
    va_list args;
    va_start(args, format);
    diesel_error_setv(&context, err->code, err->domain, err->detail, format,
                      args);
    va_end(args);
    unsigned flags = err->flags;
    diesel_error_set(err, err->code, err->domain, err->detail, "%s: %s",
                     context.message, err->message);
    err->flags = flags;
}
