/* SPDX-License-Identifier: MIT */
/*
 * The switch for x86-64, System V calling convention.
 *
 * Inline, so that the compiler saves just the registers that are live at the
 * place of the switch, and in no second round of pushes and pops; the switch
 * itself keeps the stack pointer, the frame pointer and the address to continue
 * at. It ends in an indirect jump, which the processor predicts well, as fibers
 * suspend at few places; a `ret` without its `call` would not be.
 *
 * The x87 control word and MXCSR are not saved: they belong to the thread, and a
 * fiber that changes the rounding mode restores it before it switches.
 */
#ifndef DIESEL_CONTEXT_X86_64_H
#define DIESEL_CONTEXT_X86_64_H

#include <stddef.h>

typedef struct diesel__context {
    void *sp, *bp, *ip;
} diesel__context;

typedef void diesel__context_fn(diesel__context *from, diesel__context *self);

/* The first switch jumps right to `entry`: from and to lie in the registers of
 * its two arguments then. The return address under it is 0, where backtraces end;
 * with it on the stack, the stack pointer is as after a call. No call and no
 * return is without the other, which the processor's prediction lives on. */
static inline void diesel__context_init(diesel__context *context, void *bottom,
                                        void *top, diesel__context_fn *entry)
{
    (void)bottom;
    void **frame = (void **)top - 1;
    *frame = NULL;
    context->sp = frame;
    context->bp = NULL;
    context->ip = (void *)entry;
}

#ifdef __AVX512F__
#define DIESEL__AVX512_REGISTERS                                               \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23",  \
        "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30",         \
        "xmm31", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define DIESEL__AVX512_REGISTERS
#endif

static inline __attribute__((always_inline)) void
diesel__context_switch(diesel__context *from, diesel__context *to)
{
    __asm__ volatile("leaq    1f(%%rip), %%rax\n\t"
                     "movq    %%rsp, 0(%%rdi)\n\t"
                     "movq    %%rbp, 8(%%rdi)\n\t"
                     "movq    %%rax, 16(%%rdi)\n\t"
                     "movq    0(%%rsi), %%rsp\n\t"
                     "movq    8(%%rsi), %%rbp\n\t"
                     "jmpq    *16(%%rsi)\n"
                     "1:\n\t"
                     : "+D"(from), "+S"(to)
                     :
                     : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11",
                       "r12", "r13", "r14", "r15", "xmm0", "xmm1", "xmm2",
                       "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
                       "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
                       "memory", "cc" DIESEL__AVX512_REGISTERS);
}

/* The same for a context that ends: nothing of it is kept, so no register is saved. */
static inline __attribute__((always_inline, noreturn)) void
diesel__context_leave(diesel__context *from, diesel__context *to)
{
    __asm__ volatile("movq    0(%%rsi), %%rsp\n\t"
                     "movq    8(%%rsi), %%rbp\n\t"
                     "jmpq    *16(%%rsi)"
                     :
                     : "D"(from), "S"(to)
                     : "memory");
    __builtin_unreachable();
}

#endif
