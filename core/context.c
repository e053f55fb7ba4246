/* SPDX-License-Identifier: MIT */
/*
 * Beginning a context, for the assembly switches: the first switch to it lands in
 * diesel__context_start, which calls the entry function. There, backtraces end.
 */
#include "context_internal.h"

#ifndef DIESEL_SWITCH_UCONTEXT

#include <stdint.h>

void diesel__context_start(void);

#if defined __x86_64__

/* On the stack lie the entry function and its argument; with them popped, the
 * stack pointer is a multiple of 16, as it must be at a call. */
__asm__(".text\n"
        ".globl diesel__context_start\n"
        ".hidden diesel__context_start\n"
        ".type diesel__context_start, @function\n"
        ".p2align 4\n"
        "diesel__context_start:\n"
        "    .cfi_startproc\n"
        "    .cfi_undefined rip\n"
        "    popq %rax\n"
        "    popq %rdi\n"
        "    callq *%rax\n"
        "    ud2\n"
        "    .cfi_endproc\n"
        ".size diesel__context_start, . - diesel__context_start\n");

void diesel__context_init(diesel__context *context, void *top, size_t size,
                          void (*entry)(void *), void *arg)
{
    (void)size;
    uintptr_t *frame = (uintptr_t *)top - 4;
    frame[0] = (uintptr_t)entry;
    frame[1] = (uintptr_t)arg;
    context->sp = frame;
    context->bp = NULL;
    context->ip = (void *)(uintptr_t)diesel__context_start;
}

#elif defined __aarch64__

/* The layout is that of switch_aarch64.S. */
void diesel__context_init(diesel__context *context, void *top, size_t size,
                          void (*entry)(void *), void *arg)
{
    (void)size;
    uintptr_t *frame = (uintptr_t *)top - 20;
    frame[0] = (uintptr_t)entry;                  /* x19 */
    frame[1] = (uintptr_t)arg;                    /* x20 */
    frame[10] = 0;                                /* x29 */
    frame[11] = (uintptr_t)diesel__context_start; /* x30 */
    context->sp = frame;
}

#endif

#endif
