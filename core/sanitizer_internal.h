/* SPDX-License-Identifier: MIT */
/*
 * Telling AddressSanitizer, ThreadSanitizer and Valgrind about fibers' stacks.
 * Without them everything here compiles to nothing, but for one store per new
 * stack.
 *
 * Every switch is bracketed: _leave before it, on the old stack; _enter after
 * it, on the new one.
 */
#ifndef DIESEL_SANITIZER_INTERNAL_H
#define DIESEL_SANITIZER_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#if defined __SANITIZE_ADDRESS__
#define DIESEL__ASAN 1
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define DIESEL__ASAN 1
#endif
#endif

#if defined __SANITIZE_THREAD__
#define DIESEL__TSAN 1
#elif defined __has_feature
#if __has_feature(thread_sanitizer)
#define DIESEL__TSAN 1
#endif
#endif

#ifdef DIESEL__ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef DIESEL__TSAN
#include <sanitizer/tsan_interface.h>
#include <signal.h>
#endif

#if defined __has_include
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define DIESEL__VALGRIND 1
#endif
#endif

typedef struct diesel__sanitizer_stack {
#ifdef DIESEL__ASAN
    void *fake;         /* ASan's own, of a suspended fiber */
    const void *bottom; /* of the stack                     */
    size_t size;
#endif
#ifdef DIESEL__TSAN
    void *tsan;
#endif
    char none; /* an empty struct is no C */
} diesel__sanitizer_stack;

/* A fiber begins a life on the stack from bottom to top. */
static inline void diesel__sanitizer_begin(diesel__sanitizer_stack *stack,
                                           void *bottom, void *top)
{
    (void)stack, (void)bottom, (void)top;
#ifdef DIESEL__ASAN
    stack->fake = NULL;
    stack->bottom = bottom;
    stack->size = (size_t)((char *)top - (char *)bottom);
    __asan_unpoison_memory_region(bottom, stack->size);
#endif
#ifdef DIESEL__TSAN
    if (stack->tsan != NULL) /* of the fiber that was here before */
        __tsan_destroy_fiber(stack->tsan);
    stack->tsan = __tsan_create_fiber(0);
#endif
}

/* The scheduler's own stack, on which it stands. */
static inline void diesel__sanitizer_here(diesel__sanitizer_stack *stack)
{
    (void)stack;
#ifdef DIESEL__TSAN
    stack->tsan = __tsan_get_current_fiber();
#endif
}

#ifdef DIESEL__TSAN
/* ThreadSanitizer puts a signal's handler off until the fiber that it has interrupted
 * calls one of the functions that it replaces. A fiber that sleeps does not, so the
 * handlers are run before: pthread_sigmask() is such a function. */
static inline void diesel__tsan_switch(void *to)
{
    sigset_t all, mask;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &mask);
    __tsan_switch_to_fiber(to, 0);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
}
#endif

static inline void diesel__sanitizer_leave(diesel__sanitizer_stack *from,
                                           diesel__sanitizer_stack *to,
                                           bool for_ever)
{
    (void)from, (void)to, (void)for_ever;
#ifdef DIESEL__ASAN
    __sanitizer_start_switch_fiber(for_ever ? NULL : &from->fake, to->bottom,
                                   to->size);
#endif
#ifdef DIESEL__TSAN
    diesel__tsan_switch(to->tsan);
#endif
}

/* `self` goes on running. `loop` is the scheduler's own stack, whose place
 * AddressSanitizer tells when it is left for the first time. */
static inline void diesel__sanitizer_enter(diesel__sanitizer_stack *self,
                                           diesel__sanitizer_stack *loop)
{
    (void)self, (void)loop;
#ifdef DIESEL__ASAN
    const void *bottom;
    size_t size;
    __sanitizer_finish_switch_fiber(self->fake, &bottom, &size);
    if (loop->bottom == NULL) {
        loop->bottom = bottom;
        loop->size = size;
    }
#endif
}

static inline unsigned diesel__valgrind_register(void *bottom, void *top)
{
    (void)bottom, (void)top;
#ifdef DIESEL__VALGRIND
    return VALGRIND_STACK_REGISTER(bottom, top);
#else
    return 0;
#endif
}

static inline void diesel__valgrind_deregister(unsigned id)
{
    (void)id;
#ifdef DIESEL__VALGRIND
    VALGRIND_STACK_DEREGISTER(id);
#endif
}

#endif
