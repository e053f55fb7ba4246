/* SPDX-License-Identifier: MIT */
/*
 * Contexts by ucontext(3), for processors without a switch of their own. Each
 * switch costs a system call for the signal mask, which is why it is the last
 * resort. The saved state is large, so it lies on the context's own stack and
 * not in the fiber.
 */
#include "context_internal.h"

#ifdef DIESEL_SWITCH_UCONTEXT

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* makecontext() passes ints only: the two pointers come in halves. */
static void start(unsigned entry_high, unsigned entry_low, unsigned self_high,
                  unsigned self_low)
{
    uintptr_t entry = (uintptr_t)((uint64_t)entry_high << 32 | entry_low);
    uintptr_t self = (uintptr_t)((uint64_t)self_high << 32 | self_low);
    ((diesel__context_fn *)entry)(NULL, (diesel__context *)self);
}

void diesel__context_init(diesel__context *context, void *bottom, void *top,
                          diesel__context_fn *entry)
{
    char *end = (char *)top - sizeof(ucontext_t);
    end -= (uintptr_t)end % 64;
    ucontext_t *state = (ucontext_t *)end;
    if (getcontext(state) < 0) {
        perror("diesel: getcontext");
        abort();
    }
    state->uc_stack.ss_sp = bottom;
    state->uc_stack.ss_size = (size_t)(end - (char *)bottom);
    state->uc_link = NULL;
    uint64_t e = (uintptr_t)entry, c = (uintptr_t)context;
    makecontext(state, (void (*)(void))start, 4, (unsigned)(e >> 32),
                (unsigned)e, (unsigned)(c >> 32), (unsigned)c);
    context->state = state;
}

void diesel__context_switch(diesel__context *from, diesel__context *to)
{
    ucontext_t here;
    from->state = &here;
    swapcontext(&here, to->state);
}

#endif
