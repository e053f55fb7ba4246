/* SPDX-License-Identifier: MIT */
/*
 * The switch by itself, so that it can be tried on processors for which there are
 * no libraries here: two contexts hand over to each other and check that what a callee must preserve
 * is there after each switch. Needs neither libevent nor check; tests/switch.sh
 * builds it in each way, for AArch64 under an emulator.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/context_internal.h"

enum { TURNS = 1000, STACK = 64 * 1024 };

static diesel__context program, other;
static long turns;

static void claim(int holds, const char *what)
{
    if (holds)
        return;
    printf("after %ld turns: %s\n", turns, what);
    exit(1);
}

/* Values in more registers than may be clobbered, over a switch. */
static __attribute__((noinline)) void check_over(diesel__context *from,
                                                 diesel__context *to, long seed)
{
    long i[12];
    double d[10];
    for (int k = 0; k < 12; k++)
        i[k] = seed * 31 + k;
    for (int k = 0; k < 10; k++)
        d[k] = (double)seed / 3 + k;
    long sum = 0;
    double total = 0;
    for (int k = 0; k < 12; k++)
        sum += i[k];
    for (int k = 0; k < 10; k++)
        total += d[k];
    long i0 = i[0], i1 = i[1], i2 = i[2], i3 = i[3], i4 = i[4], i5 = i[5];
    double d0 = d[0], d1 = d[1], d2 = d[2], d3 = d[3], d4 = d[4];
    diesel__context_switch(from, to);
    claim(i0 == seed * 31 && i1 == i0 + 1 && i2 == i0 + 2 && i3 == i0 + 3 &&
              i4 == i0 + 4 && i5 == i0 + 5, "an integer register was lost");
    claim(d0 == (double)seed / 3 && d1 == (double)seed / 3 + 1 &&
              d2 == (double)seed / 3 + 2 && d3 == (double)seed / 3 + 3 &&
              d4 == (double)seed / 3 + 4, "a floating-point register was lost");
    for (int k = 0; k < 12; k++)
        sum -= i[k];
    for (int k = 0; k < 10; k++)
        total -= d[k];
    claim(sum == 0 && total < 1e-6 && total > -1e-6, "the stack was changed");
}

static void run(diesel__context *from, diesel__context *self)
{
    (void)from;
    claim(self == &other, "a context does not get itself");
    claim((uintptr_t)__builtin_frame_address(0) % 16 == 0,
          "the stack is not aligned");
    for (;;)
        check_over(&other, &program, -turns);
}

int main(void)
{
    char *stack = aligned_alloc(64, STACK);
    if (stack == NULL)
        return 1;
    diesel__context_init(&other, stack, stack + STACK, run);
    for (; turns < TURNS; turns++)
        check_over(&program, &other, turns);
    free(stack);
    printf("%ld switches there and back\n", turns);
    return 0;
}
