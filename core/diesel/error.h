/* SPDX-License-Identifier: MIT */
/*
 * Errors.
 *
 * Every call that can fail returns 0 or -1 (or a count or -1, or a pointer or
 * NULL) and takes a `diesel_error *` as its last argument, which may be NULL.
 * The return value is the truth; the error is written on every failure and on
 * nothing else. It lives in the caller's frame, so it survives any number of
 * fiber switches and needs no clean-up.
 *
 *     diesel_error err;
 *     if (diesel_stream_write(stream, "ping\n", 5, DIESEL_FOREVER, &err) < 0) {
 *         if (err.code == DIESEL_E_TIMEDOUT)
 *             ...
 *         fprintf(stderr, "%s\n", err.message);
 *     }
 */
#ifndef DIESEL_ERROR_H
#define DIESEL_ERROR_H

#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * X(name, text): what went wrong, as far as a program wants to branch on it.
 * A time-out and a peer that closed the connection are always different codes.
 */
#define DIESEL_ERROR_MAP(X)                                                    \
    X(INVAL, "invalid argument")                                               \
    X(NOMEM, "out of memory")                                                  \
    X(CANCELLED, "cancelled")                                                  \
    X(TIMEDOUT, "timed out")                                                   \
    X(CLOSED, "closed")                                                        \
    X(REFUSED, "connection refused")                                           \
    X(RESOLVE, "host name not resolved")                                       \
    X(TLS, "TLS failed")                                                       \
    X(AUTH, "authentication failed")                                           \
    X(PROTOCOL, "protocol violated")                                           \
    X(SERVER, "the server reported an error")                                  \
    X(BUSY, "in use")                                                          \
    X(LIMIT, "limit exceeded")                                                 \
    X(IO, "input/output error")                                                \
    X(FAILED, "failed")

enum {
    DIESEL_OK = 0,
#define DIESEL__ERROR_ENUM(name, text) DIESEL_E_##name,
    DIESEL_ERROR_MAP(DIESEL__ERROR_ENUM)
#undef DIESEL__ERROR_ENUM
        DIESEL__E_COUNT
};

/* Whose number `detail` is. */
enum {
    DIESEL_DOM_CORE,  /* detail is 0                                      */
    DIESEL_DOM_SYS,   /* detail is an errno                               */
    DIESEL_DOM_DNS,   /* detail is an ARES_* status                       */
    DIESEL_DOM_TLS,   /* detail is an OpenSSL reason                      */
    DIESEL_DOM_REDIS, /* detail is a DREDIS_ERR_* of the reply's prefix   */
    DIESEL_DOM_MONGO  /* detail is the server's error code                */
};

/* Bits of `flags`. Those from 1 << 16 on are the domain's own. */
enum {
    DIESEL_EF_SENT = 1,     /* the request, or a part of it, had been sent     */
    DIESEL_EF_RETRYABLE = 2 /* the same call may succeed when it is made again */
};

/* 256 bytes. `message` is for people: complete, one line, without secrets. */
typedef struct diesel_error {
    int code;       /* DIESEL_E_*: what a program branches on */
    int domain;     /* DIESEL_DOM_*                           */
    int detail;     /* the domain's own number, or 0          */
    unsigned flags; /* DIESEL_EF_*                            */
    char message[240];
} diesel_error;

/* "TIMEDOUT" for DIESEL_E_TIMEDOUT; "UNKNOWN" for a number that is no code.
 * Never switches fibers. The string is static. */
const char *diesel_error_name(int code);

/* "timed out" for DIESEL_E_TIMEDOUT; "unknown error" for a number that is no
 * code. Never switches fibers. The string is static. */
const char *diesel_error_text(int code);

/* Fills *err (if err is not NULL) and returns -1, so that a function can end
 * with `return diesel_error_set(err, ...)`. An over-long message is cut.
 * Flags are cleared. Never switches fibers. */
int diesel_error_set(diesel_error *err, int code, int domain, int detail,
                     const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The same with an argument list. */
int diesel_error_setv(diesel_error *err, int code, int domain, int detail,
                      const char *format, va_list args)
    __attribute__((format(printf, 5, 0)));

/* Fills *err from an errno: the code that fits it (ECONNREFUSED: REFUSED;
 * ETIMEDOUT: TIMEDOUT; EPIPE, ECONNRESET, ECONNABORTED: CLOSED; ENOMEM: NOMEM;
 * EINVAL, EBADF, ENAMETOOLONG: INVAL; EMFILE, ENFILE, ENOBUFS: LIMIT;
 * EADDRINUSE: BUSY; others: IO) and the message "<formatted>: <strerror>".
 * Returns -1. Never switches fibers. */
int diesel_error_sys(diesel_error *err, int errnum, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Fills *err with DIESEL_E_NOMEM and "out of memory for <what>"; returns -1. */
int diesel_error_nomem(diesel_error *err, const char *what);

/* Puts "<formatted>: " before the message: outer context first. Each layer
 * does this once. Nothing happens if err is NULL. Never switches fibers. */
void diesel_error_prefix(diesel_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#ifdef __cplusplus
}
#endif
#endif
