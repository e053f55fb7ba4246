/* SPDX-License-Identifier: MIT */
/*
 * The parser of requests, for the test server: bytes from a client to the
 * arguments of a command. No I/O.
 */
#ifndef DREDIS_SERVER_REQUEST_INTERNAL_H
#define DREDIS_SERVER_REQUEST_INTERNAL_H

#include <stddef.h>

#include "buffer_internal.h"

typedef struct dredis__request_limits {
    size_t args;  /* of one command            */
    size_t bulk;  /* bytes of one argument     */
    size_t total; /* bytes of all of them      */
} dredis__request_limits;

/* What it knows of a command that is not all there; {0} with limits is a new one. */
typedef struct dredis__request_parser {
    dredis__request_limits limits;
    size_t at;     /* bytes that it has understood                      */
    size_t want;   /* arguments; 0: the header has not been read        */
    size_t have;   /* of them                                           */
    size_t total;  /* bytes in these                                    */
    size_t *place; /* two each: the offset and the length               */
    size_t room;   /* of place, in arguments                            */
    dredis__span *args; /* of a whole command                           */
    const char *why;    /* after a failure: what Redis would say of it  */
} dredis__request_parser;

/*
 * Looks at the n bytes from the beginning of a command; they may have moved since
 * the last call, and there may be more of them. The size of the command: its
 * arguments are args[0 ... want - 1], borrowed until the next call or until the bytes
 * move. 0: it is not all there. -1: this is no command, or it is beyond the limits,
 * or there is no memory; `why` says it, static, and the connection is to be closed.
 */
long dredis__request_parse(dredis__request_parser *parser, const char *bytes,
                           size_t n);

/* Frees its memory. */
void dredis__request_clear(dredis__request_parser *parser);

#endif
