/* SPDX-License-Identifier: MIT */
/*
 * Replies inside: the arena that a reply is, and the one who builds in it.
 *
 *     root chunk          further chunks
 *     [links|reply|...] - [links|...] - [links|...]
 *
 * A chunk is one piece of memory. The root chunk begins with the reply that the
 * caller gets, so that a short reply is one allocation, and freeing is a walk
 * along the chunks.
 */
#ifndef DREDIS_REPLY_INTERNAL_H
#define DREDIS_REPLY_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include <diesel/redis_reply.h>

typedef struct dredis__chunk {
    struct dredis__chunk *next;
    struct dredis__chunk *prev; /* in the root chunk NULL, or what says that it is
                                   of a size that is kept for another reply      */
} dredis__chunk;

typedef struct dredis__root {
    dredis__chunk chunk;
    dredis_reply reply;
} dredis__root;

/* Builds one reply at a time. */
typedef struct dredis__arena {
    dredis__root *root;
    char *at, *end;   /* the free rest of the newest chunk                 */
    size_t next_room; /* of the chunk that is made when it does not suffice */
} dredis__arena;

/* Begins a reply with `room` bytes to build in beside it. The reply is of `type`
 * and else zero. NULL: no memory. */
dredis_reply *dredis__arena_begin(dredis__arena *arena, dredis_type type,
                                  size_t room);

/* n bytes when the newest chunk has not got them. */
char *dredis__arena_more(dredis__arena *arena, size_t n);

/* n bytes without alignment, for strings. NULL: no memory. */
static inline char *dredis__arena_bytes(dredis__arena *arena, size_t n)
{
    char *p = arena->at;
    if (__builtin_expect(n > (size_t)(arena->end - p), 0))
        return dredis__arena_more(arena, n);
    arena->at = p + n;
    return p;
}

/* Room for n elements, not yet filled. NULL: no memory. */
dredis_reply *dredis__arena_elements(dredis__arena *arena, size_t n);

/* The same in a chunk of their own, which can grow. */
dredis_reply *dredis__arena_block(dredis__arena *arena, size_t n);

/* Makes such a block larger; it may move. NULL: no memory, it is as it was. */
dredis_reply *dredis__block_grow(dredis_reply *block, size_t n);

/* Hangs all of `part`, a reply that was built elsewhere, into the arena. */
void dredis__arena_adopt(dredis__arena *arena, dredis_reply *part);

/* Turns a reply whose string lies in its root chunk, as that of every reply of
 * the type STRING does, into that string, to be freed with diesel_free(). */
char *dredis__reply_into_string(dredis_reply *reply);

/* Between these two, chunks of short replies are kept for further ones of the same
 * thread, up to a limit. The calls nest. */
void dredis__spares_open(void);
void dredis__spares_close(void);

#endif
