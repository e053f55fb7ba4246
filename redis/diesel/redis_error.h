/* SPDX-License-Identifier: MIT */
/*
 * What a Redis server says is wrong, as numbers to branch on.
 *
 * An error reply begins with a word in capitals. A call that gets one fails with
 * the code DIESEL_E_SERVER, the domain DIESEL_DOM_REDIS and the number of that
 * word as the error's detail:
 *
 *     if (reply == NULL && err.domain == DIESEL_DOM_REDIS &&
 *         err.detail == DREDIS_ERR_WRONGTYPE)
 *         ...
 */
#ifndef DIESEL_REDIS_ERROR_H
#define DIESEL_REDIS_ERROR_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(word): the first words of error replies that Redis is known to send. */
#define DREDIS_ERROR_MAP(X)                                                    \
    X(ERR)                                                                     \
    X(ASK)                                                                     \
    X(BUSY)                                                                    \
    X(BUSYGROUP)                                                               \
    X(BUSYKEY)                                                                 \
    X(CLUSTERDOWN)                                                             \
    X(CROSSSLOT)                                                               \
    X(DENIED)                                                                  \
    X(EXECABORT)                                                               \
    X(IOERR)                                                                   \
    X(LOADING)                                                                 \
    X(MASTERDOWN)                                                              \
    X(MISCONF)                                                                 \
    X(MOVED)                                                                   \
    X(NOAUTH)                                                                  \
    X(NOGROUP)                                                                 \
    X(NOPERM)                                                                  \
    X(NOPROTO)                                                                 \
    X(NOREPLICAS)                                                              \
    X(NOSCRIPT)                                                                \
    X(NOTBUSY)                                                                 \
    X(OOM)                                                                     \
    X(READONLY)                                                                \
    X(TRYAGAIN)                                                                \
    X(UNBLOCKED)                                                               \
    X(UNKILLABLE)                                                              \
    X(WRONGPASS)                                                               \
    X(WRONGTYPE)

enum {
    DREDIS_ERR_OTHER = 0, /* a word that is not in the list, as scripts send */
#define DREDIS__ERROR_ENUM(word) DREDIS_ERR_##word,
    DREDIS_ERROR_MAP(DREDIS__ERROR_ENUM)
#undef DREDIS__ERROR_ENUM
        DREDIS__ERR_COUNT
};

/* "WRONGTYPE" for DREDIS_ERR_WRONGTYPE; "OTHER" for a number that is none of
 * them. The string is static. Never switches fibers. */
const char *dredis_error_name(int detail);

/* The DREDIS_ERR_* of an error reply's text, which need not end with a zero byte.
 * Never switches fibers. */
int dredis_error_detail(const char *text, size_t len);

#ifdef __cplusplus
}
#endif
#endif
