/* SPDX-License-Identifier: MIT */
/*
 * Documents in libbson's memory, see copy_internal.h: they are made with their final
 * size, so that libbson allocates once and no more than was tried.
 */
#include "copy_internal.h"

#include <string.h>

#include <diesel/memory.h>

int dmongo__bson_may_have(size_t n, diesel_error *err)
{
    void *room = diesel_malloc(n);
    diesel_free(room);
    return room != NULL ? 0 : diesel_error_nomem(err, "a document");
}

bson_t *dmongo__bson_new(size_t n, uint8_t **bytes, diesel_error *err)
{
    if (dmongo__bson_may_have(sizeof(bson_t) + n, err) < 0)
        return NULL;
    bson_t *doc = bson_sized_new(n);
    *bytes = bson_reserve_buffer(doc, (uint32_t)n);
    return doc;
}

bson_t *dmongo__bson_copy(const uint8_t *bytes, size_t n, diesel_error *err)
{
    if (dmongo__bson_may_have(sizeof(bson_t) + n, err) < 0)
        return NULL;
    bson_t *doc = bson_new_from_data(bytes, n);
    if (doc == NULL)
        diesel_error_set(err, DIESEL_E_PROTOCOL, DIESEL_DOM_MONGO, 0,
                         "malformed reply: what should be a document is none");
    return doc;
}

/* libbson makes a document's memory the next power of two. */
static size_t room_of(size_t n)
{
    size_t room = sizeof(bson_t);
    while (room < n)
        room *= 2;
    return room;
}

int dmongo__bson_concat(bson_t *doc, const bson_t *more, diesel_error *err)
{
    size_t n = (size_t)doc->len + more->len;
    if (room_of(n) > room_of(doc->len) &&
        dmongo__bson_may_have(room_of(n), err) < 0)
        return -1;
    if (!bson_concat(doc, more))
        return diesel_error_set(err, DIESEL_E_LIMIT, DIESEL_DOM_MONGO, 0,
                                "a document is too large");
    return 0;
}
