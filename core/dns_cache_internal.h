/* SPDX-License-Identifier: MIT */
/*
 * What a resolver remembers: answers by name and kind of question, until their
 * time is over or the room is needed.
 */
#ifndef DIESEL_DNS_CACHE_INTERNAL_H
#define DIESEL_DNS_CACHE_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "dns_message_internal.h"

typedef struct diesel__dns_cache diesel__dns_cache;

/* A cache of at most `most` >= 1 answers; NULL without memory. */
diesel__dns_cache *diesel__dns_cache_new(size_t most);
void diesel__dns_cache_free(diesel__dns_cache *cache); /* NULL: nothing */

/* The answer that is valid at `now` (ns of any clock), and in *age how many
 * whole seconds ago it came; a reference of its own, or NULL. Names differ in more
 * than upper and lower case. */
diesel__dns_answer *diesel__dns_cache_find(diesel__dns_cache *cache, int kind,
                                           const char *name, int64_t now,
                                           uint32_t *age);

/* Remembers the answer from `now` until `until`; the one that was asked for the
 * longest time ago makes room. Without memory nothing is remembered. */
void diesel__dns_cache_put(diesel__dns_cache *cache, int kind, const char *name,
                           diesel__dns_answer *answer, int64_t now,
                           int64_t until);

/* How many answers there are, valid or not. */
size_t diesel__dns_cache_count(const diesel__dns_cache *cache);

/* Forgets everything. */
void diesel__dns_cache_clear(diesel__dns_cache *cache);

#endif
