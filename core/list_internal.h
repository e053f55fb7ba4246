/* SPDX-License-Identifier: MIT */
/*
 * Intrusive doubly linked rings. A head and a lone link point to themselves, so
 * that a link can be taken out without knowing which list it is in, and taking
 * it out twice does no harm.
 */
#ifndef DIESEL_LIST_INTERNAL_H
#define DIESEL_LIST_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include <diesel/select.h>

typedef diesel_link diesel__link;

/* The struct that holds `link` as its `member`. */
#define DIESEL__HOLDER(link, type, member)                                     \
    ((type *)((char *)(link)-offsetof(type, member)))

static inline void diesel__link_init(diesel__link *link)
{
    link->next = link->prev = link;
}

static inline bool diesel__list_is_empty(const diesel__link *head)
{
    return head->next == head;
}

static inline size_t diesel__list_length(const diesel__link *head)
{
    size_t n = 0;
    for (const diesel__link *l = head->next; l != head; l = l->next)
        n++;
    return n;
}

static inline void diesel__list_append(diesel__link *head, diesel__link *link)
{
    link->prev = head->prev;
    link->next = head;
    head->prev->next = link;
    head->prev = link;
}

/* Takes it out and leaves the link itself as it is: it must not be touched
 * again before it is appended anew. */
static inline void diesel__link_unlink(diesel__link *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
}

static inline void diesel__link_remove(diesel__link *link)
{
    diesel__link_unlink(link);
    diesel__link_init(link);
}

#endif
