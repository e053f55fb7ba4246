/* SPDX-License-Identifier: MIT */
/*
 * Replies: the memory they live in, and the names of their types.
 *
 * Bytes are handed out from the newest chunk by moving a pointer. A chunk that is
 * full is followed by one of twice its size, up to a limit, and what is large gets
 * a chunk of its own, so the number of allocations grows with the logarithm of a
 * reply's size and not with its elements.
 *
 * Most replies are short and do not live long, and there may be thousands at a
 * time, which is more than malloc() keeps at hand. So root chunks of two sizes are
 * kept by the thread for the next replies, as long as it has a client open: for a
 * short string, and for a message or another array of up to four short strings.
 *
 * Invariant: all chunks of a reply hang in one list that begins at its root, also
 * while it is being built, so that a half-built reply is freed like any other.
 */
#include "reply_internal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <diesel/memory.h>

#define FIRST_ROOM 1024
#define MOST_ROOM (256 * 1024)

/* The sizes of root chunks that are kept: strings of up to 55 bytes fit in the small
 * ones, what room_for() in reply_reader.c wants for four elements in the large ones. */
enum { SMALL, LARGE, SPARE_KINDS, NOT_KEPT = SPARE_KINDS };
#define SMALL_SIZE 136
#define LARGE_SIZE 440
#define MOST_SPARES 1024 /* of each */
#ifdef __SANITIZE_ADDRESS__
#define KEEP_SPARES false /* it shall see who uses a reply that was freed */
#else
#define KEEP_SPARES true
#endif

/* What `prev` of a root chunk points to says which kind it is. */
static dredis__chunk kinds[SPARE_KINDS];

static __thread struct {
    struct {
        dredis__chunk *first; /* a list */
        unsigned count;
    } of[SPARE_KINDS];
    unsigned users; /* dredis__spares_open() less dredis__spares_close() */
} spares __attribute__((tls_model("initial-exec")));

static const char *const type_names[DREDIS__TYPE_COUNT] = {
#define DREDIS__TYPE_NAME(NAME, name) [DREDIS_##NAME] = #name,
    DREDIS_TYPE_MAP(DREDIS__TYPE_NAME)
#undef DREDIS__TYPE_NAME
};

const char *dredis_type_name(dredis_type type)
{
    if ((unsigned)type >= DREDIS__TYPE_COUNT)
        return "unknown";
    return type_names[type];
}

static void free_chunks(dredis__chunk *chunk)
{
    while (chunk != NULL) {
        dredis__chunk *next = chunk->next;
        diesel_free(chunk);
        chunk = next;
    }
}

void dredis__spares_open(void)
{
    spares.users++;
}

void dredis__spares_close(void)
{
    if (--spares.users > 0)
        return;
    for (int kind = 0; kind < SPARE_KINDS; kind++) {
        free_chunks(spares.of[kind].first);
        spares.of[kind].first = NULL;
        spares.of[kind].count = 0;
    }
}

static dredis__root *root_of(dredis_reply *reply)
{
    return (dredis__root *)((char *)reply - offsetof(dredis__root, reply));
}

void dredis_reply_free(dredis_reply *reply)
{
    if (reply == NULL)
        return;
    dredis__chunk *root = &root_of(reply)->chunk;
    ptrdiff_t kind = root->prev != NULL ? root->prev - kinds : NOT_KEPT;
    if (kind == NOT_KEPT || spares.users == 0 ||
        spares.of[kind].count >= MOST_SPARES) {
        free_chunks(root);
        return;
    }
    if (__builtin_expect(root->next != NULL, 0))
        free_chunks(root->next);
    root->next = spares.of[kind].first;
    spares.of[kind].first = root;
    spares.of[kind].count++;
}

static inline int kind_for(size_t room)
{
    if (!KEEP_SPARES || room > LARGE_SIZE - sizeof(dredis__root))
        return NOT_KEPT;
    return room > SMALL_SIZE - sizeof(dredis__root) ? LARGE : SMALL;
}

/* Memory for a root with `room` bytes behind it, of the kind that this is. */
static inline dredis__root *take_root(size_t room, int kind)
{
    if (kind == NOT_KEPT)
        return diesel_malloc(sizeof(dredis__root) + room);
    dredis__chunk *spare = spares.of[kind].first;
    if (spare == NULL)
        return diesel_malloc(kind == SMALL ? SMALL_SIZE : LARGE_SIZE);
    spares.of[kind].first = spare->next;
    spares.of[kind].count--;
    return (dredis__root *)spare;
}

dredis_reply *dredis__arena_begin(dredis__arena *arena, dredis_type type,
                                  size_t room)
{
    int kind = kind_for(room);
    if (room > SIZE_MAX - sizeof *arena->root)
        return NULL;
    dredis__root *root = take_root(room, kind);
    if (root == NULL)
        return NULL;
    *root = (dredis__root){.reply.type = type};
    if (kind != NOT_KEPT)
        root->chunk.prev = &kinds[kind];
    arena->root = root;
    arena->at = (char *)(root + 1);
    arena->end = arena->at + room;
    arena->next_room = FIRST_ROOM;
    return &root->reply;
}

static void link_after_root(dredis__root *root, dredis__chunk *chunk)
{
    chunk->prev = &root->chunk;
    chunk->next = root->chunk.next;
    if (chunk->next != NULL)
        chunk->next->prev = chunk;
    root->chunk.next = chunk;
}

static dredis__chunk *new_chunk(dredis__arena *arena, size_t room)
{
    if (room > SIZE_MAX - sizeof(dredis__chunk))
        return NULL;
    dredis__chunk *chunk = diesel_malloc(sizeof *chunk + room);
    if (chunk != NULL)
        link_after_root(arena->root, chunk);
    return chunk;
}

char *dredis__arena_more(dredis__arena *arena, size_t n)
{
    if (n > arena->next_room / 4) { /* large: leave the rest to small ones */
        dredis__chunk *own = new_chunk(arena, n);
        return own != NULL ? (char *)(own + 1) : NULL;
    }
    size_t room = arena->next_room;
    dredis__chunk *chunk = new_chunk(arena, room);
    if (chunk == NULL)
        return NULL;
    if (room < MOST_ROOM)
        arena->next_room = room * 2;
    arena->at = (char *)(chunk + 1) + n;
    arena->end = (char *)(chunk + 1) + room;
    return (char *)(chunk + 1);
}

dredis_reply *dredis__arena_elements(dredis__arena *arena, size_t n)
{
    const size_t align = _Alignof(dredis_reply) - 1;
    size_t size;
    if (__builtin_mul_overflow(n, sizeof(dredis_reply), &size) ||
        size > SIZE_MAX - align)
        return NULL;
    char *p = dredis__arena_bytes(arena, size + align);
    if (p == NULL)
        return NULL;
    return (dredis_reply *)(((uintptr_t)p + align) & ~(uintptr_t)align);
}

dredis_reply *dredis__arena_block(dredis__arena *arena, size_t n)
{
    size_t size;
    if (__builtin_mul_overflow(n, sizeof(dredis_reply), &size))
        return NULL;
    dredis__chunk *chunk = new_chunk(arena, size);
    return chunk != NULL ? (dredis_reply *)(chunk + 1) : NULL;
}

dredis_reply *dredis__block_grow(dredis_reply *block, size_t n)
{
    size_t size;
    if (__builtin_mul_overflow(n, sizeof *block, &size) ||
        size > SIZE_MAX - sizeof(dredis__chunk))
        return NULL;
    dredis__chunk *chunk = (dredis__chunk *)block - 1;
    chunk = diesel_realloc_array(chunk, 1, sizeof *chunk + size);
    if (chunk == NULL)
        return NULL;
    chunk->prev->next = chunk;
    if (chunk->next != NULL)
        chunk->next->prev = chunk;
    return (dredis_reply *)(chunk + 1);
}

void dredis__arena_adopt(dredis__arena *arena, dredis_reply *part)
{
    dredis__chunk *first = &root_of(part)->chunk;
    dredis__chunk *last = first;
    while (last->next != NULL)
        last = last->next;
    dredis__chunk *root = &arena->root->chunk;
    last->next = root->next;
    if (last->next != NULL)
        last->next->prev = last;
    first->prev = root;
    root->next = first;
}

char *dredis__reply_into_string(dredis_reply *reply)
{
    dredis__root *root = root_of(reply);
    free_chunks(root->chunk.next); /* an attribute */
    return memmove(root, reply->str, reply->len + 1);
}
