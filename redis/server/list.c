/* SPDX-License-Identifier: MIT */
/*
 * Lists of pointers in one array, with room at both ends: adding and taking there
 * is cheap, in the middle it moves the shorter side.
 */
#include <string.h>

#include <diesel/memory.h>

#include "server/engine_internal.h"

#define FIRST_ROOM 8

/* Puts the items into the middle of a new array, of twice the size if need be. */
static int grow(dredis__list *list)
{
    size_t room = list->room != 0 ? list->room : FIRST_ROOM;
    if (list->count >= room / 2) /* else a queue has only moved to its end */
        room *= 2;
    void **item = diesel_realloc_array(NULL, room, sizeof *item);
    if (item == NULL)
        return -1;
    size_t first = (room - list->count) / 2;
    if (list->count > 0)
        memcpy(item + first, list->item + list->first,
               list->count * sizeof *item);
    diesel_free(list->item);
    list->item = item;
    list->first = first;
    list->room = room;
    return 0;
}

int dredis__list_add(dredis__list *list, size_t at, void *item)
{
    bool at_head = at < list->count - at;
    bool full = at_head ? list->first == 0
                        : list->first + list->count == list->room;
    if (full && grow(list) < 0)
        return -1;
    void **begin = list->item + list->first;
    if (at_head) {
        memmove(begin - 1, begin, at * sizeof *begin);
        list->first--;
        begin--;
    } else {
        memmove(begin + at + 1, begin + at, (list->count - at) * sizeof *begin);
    }
    begin[at] = item;
    list->count++;
    return 0;
}

void *dredis__list_take(dredis__list *list, size_t at)
{
    void **begin = list->item + list->first;
    void *item = begin[at];
    if (at < list->count - at - 1) {
        memmove(begin + 1, begin, at * sizeof *begin);
        list->first++;
    } else {
        memmove(begin + at, begin + at + 1,
                (list->count - at - 1) * sizeof *begin);
    }
    list->count--;
    return item;
}

void dredis__list_clear(dredis__list *list, dredis__free_fn *free_item)
{
    for (size_t i = 0; free_item != NULL && i < list->count; i++)
        free_item(dredis__list_at(list, i));
    diesel_free(list->item);
    *list = (dredis__list){0};
}
