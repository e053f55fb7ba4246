/* SPDX-License-Identifier: MIT */
/*
 * Execution contexts: a stack and the place on it where execution was suspended.
 * An implementation in assembly for x86-64 (inline, in context_x86_64.h) and
 * AArch64 (switch_aarch64.S with context_aarch64.c); ucontext(3) elsewhere
 * (context_ucontext.c). Knows nothing of fibers.
 */
#ifndef DIESEL_CONTEXT_INTERNAL_H
#define DIESEL_CONTEXT_INTERNAL_H

#include <stddef.h>

#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#if !defined DIESEL_SWITCH_UCONTEXT && !defined __x86_64__ &&                  \
    !defined __aarch64__
#define DIESEL_SWITCH_UCONTEXT 1
#endif

#if defined DIESEL_SWITCH_UCONTEXT
#include <ucontext.h>
typedef struct diesel__context {
    ucontext_t *state; /* lies on the context's own stack */
} diesel__context;
#elif defined __x86_64__
#include "context_x86_64.h"
#else
typedef struct diesel__context {
    void *sp;
} diesel__context;
#endif

#if defined DIESEL_SWITCH_UCONTEXT || !defined __x86_64__
/* Begins a context: it must never return. */
typedef void diesel__context_fn(diesel__context *from, diesel__context *self);

/* Prepares *context so that the first switch to it calls entry(from, context) on
 * the stack from `bottom` to `top`, its highest address, aligned to 16 bytes. */
void diesel__context_init(diesel__context *context, void *bottom, void *top,
                          diesel__context_fn *entry);

/* Suspends the running context in *from and continues *to. */
void diesel__context_switch(diesel__context *from, diesel__context *to);

/* Ends the running context and continues *to. */
static inline __attribute__((noreturn)) void
diesel__context_leave(diesel__context *from, diesel__context *to)
{
    diesel__context_switch(from, to);
    __builtin_unreachable(); /* an ended context never runs again */
}
#endif

#endif
