/* SPDX-License-Identifier: MIT */
/*
 * Beginning a context on AArch64: lays out on the new stack what the switch will
 * load, so that its first switch "returns" into diesel__context_start. The layout
 * is that of switch_aarch64.S.
 */
#include "context_internal.h"

#if defined __aarch64__ && !defined DIESEL_SWITCH_UCONTEXT

#include <stdint.h>

void diesel__context_start(void);

void diesel__context_init(diesel__context *context, void *bottom, void *top,
                          diesel__context_fn *entry)
{
    (void)bottom;
    uintptr_t *frame = (uintptr_t *)top - 20;
    frame[0] = (uintptr_t)entry;                  /* x19 */
    frame[1] = (uintptr_t)context;                /* x20 */
    frame[10] = 0;                                /* x29 */
    frame[11] = (uintptr_t)diesel__context_start; /* x30 */
    context->sp = frame;
}

#endif
