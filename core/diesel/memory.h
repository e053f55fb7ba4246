/* SPDX-License-Identifier: MIT */
/*
 * Memory: the one place through which Diesel's libraries allocate. A program
 * may put its own allocator there, once, before any other call into Diesel.
 *
 * None of these calls switches fibers. Sizes are bytes.
 */
#ifndef DIESEL_MEMORY_H
#define DIESEL_MEMORY_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The contract of each member is that of the C function of the same name. */
typedef struct diesel_allocator {
    void *(*malloc)(size_t size);
    void *(*calloc)(size_t count, size_t size);
    void *(*realloc)(void *p, size_t size);
    void (*free)(void *p);
} diesel_allocator;

/* Replaces the allocator of all of Diesel's libraries in this process;
 * *allocator is copied, NULL brings the C library's back. Memory must be freed
 * by the allocator that gave it: call this before anything else of Diesel. */
void diesel_allocator_set(const diesel_allocator *allocator);

/* NULL when there is no memory. What comes back is owned by the caller and is
 * freed with diesel_free(). A size of 0 gives a pointer that may be freed. */
void *diesel_malloc(size_t size) __attribute__((malloc, warn_unused_result));
void *diesel_calloc(size_t count, size_t size)
    __attribute__((malloc, warn_unused_result));

/* Room for count elements of size bytes; NULL also when count * size does not
 * fit a size_t. On failure the old memory stays as it was. */
void *diesel_realloc_array(void *p, size_t count, size_t size)
    __attribute__((warn_unused_result));

/* A copy of the first n bytes of s with a zero byte behind them. */
char *diesel_strndup(const char *s, size_t n)
    __attribute__((malloc, warn_unused_result));

/* free(NULL) does nothing. */
void diesel_free(void *p);

#ifdef __cplusplus
}
#endif
#endif
