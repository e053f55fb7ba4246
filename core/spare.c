/* SPDX-License-Identifier: MIT */
/*
 * The buffers of streams: a small stock per scheduler.
 *
 * A stream has an input or an output buffer only while there is something in it,
 * so an idle stream has none. Those that are given back warm are taken first.
 */
#include <diesel/memory.h>

#include "sched_internal.h"
#include "stream_internal.h"

#define FIRST_ROOM ((size_t)16 * 1024)
#define MOST_ROOM ((size_t)256 * 1024) /* larger ones are freed at once */
#define MOST_SPARES 8

struct diesel__spare {
    struct diesel__spare *next;
    size_t room;
};

char *diesel__spare_take(diesel__sched *s, size_t *room)
{
    struct diesel__spare *spare = s->spare;
    if (spare == NULL) {
        char *fresh = diesel_malloc(FIRST_ROOM);
        *room = fresh != NULL ? FIRST_ROOM : 0;
        return fresh;
    }
    s->spare = spare->next;
    s->spare_count--;
    *room = spare->room;
    return (char *)spare;
}

void diesel__spare_give(diesel__sched *s, char *buffer, size_t room)
{
    if (room > MOST_ROOM || s->spare_count >= MOST_SPARES) {
        diesel_free(buffer);
        return;
    }
    struct diesel__spare *spare = (void *)buffer;
    spare->next = s->spare;
    spare->room = room;
    s->spare = spare;
    s->spare_count++;
}

void diesel__spares_free(diesel__sched *s)
{
    while (s->spare != NULL) {
        struct diesel__spare *spare = s->spare;
        s->spare = spare->next;
        diesel_free(spare);
    }
}
